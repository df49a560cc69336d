"""Generated C++ of helper chains against differences at sixty digits."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.ode.lowering.lowered import LoweredOde
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.probe import Probe
from tests.emit.stanc import check

N = 7
LINKS = {
    "h": "{a} / (1 + {a}) + 0.1 * {a}",
    "m": "max({a}, 2 * {a} - 1.3)",
    "e": "{a} * exp(-{a} / 10)",
    "g": "log(1 + {a}^2) + {a} / 3",
    "u": "abs({a} - 0.4) + {a} * sqrt(1 + {a})",
    "w": "0.3 * {a} + ({a}^2 if t > 2 * k else {a})",
    "z": "{a} / 2 + 0.3 * {a}^2 if {a} < A else {a} * sin({a})",
}
FIRST = {
    "h": "B * k / V",
    "m": "k * X + B",
    "e": "k * WT / 40",
    "g": "log(B - 1)",
    "u": "A * B + t",
    "w": "k + B / 9",
    "z": "B * X",
}


def text() -> str:
    lines = []
    for name, body in LINKS.items():
        lines.append(f"{name}0 = {FIRST[name]}")
        lines += [f"{name}{i} = " + body.format(a=f"{name}{i - 1}") for i in range(1, N)]
    end = {name: f"{name}{N - 1}" for name in LINKS}
    return f'''
title = "chains"
[equations]
text = """
d(A)/dt = -{end["e"]} * A - {end["h"]} + {end["w"]} * B
d(B)/dt = {end["m"]} - k * B + ({end["g"]} if B > 1 else 0) - {end["u"]} * 1e-6 + {end["z"]}
A(0) = {end["e"]} + V
B(0) = 2 * {end["e"]}
{chr(10).join(lines)}
"""
[covariates]
WT = {{ unit = "" }}
X = {{ unit = "", interpolation = "linear" }}
[dose.iv]
to = "A"
bioavailability = "1 / (1 + {end["e"]})"
lag = "{end["e"]} / 7"
[population]
k = {{ typical = "lognormal(0, 1)" }}
V = {{ typical = "lognormal(0, 1)" }}
[observe.y]
value = "{end["h"]} + {end["e"]} * A"
[observe.z]
value = "({end["g"]} if B > 1 else 0) + {end["w"]} + {end["m"]}"
'''


BODIES: dict[str, Callable[..., mp.mpf]] = {
    "h": lambda a, **_: a / (1 + a) + a / 10,
    "m": lambda a, **_: max(a, 2 * a - mp.mpf(13) / 10),
    "e": lambda a, **_: a * mp.exp(-a / 10),
    "g": lambda a, **_: mp.log(1 + a * a) + a / 3,
    "u": lambda a, **_: abs(a - mp.mpf(4) / 10) + a * mp.sqrt(1 + a),
    "w": lambda a, on, **_: mp.mpf(3) / 10 * a + (a * a if on else a),
    "z": lambda a, A, **_: a / 2 + mp.mpf(3) / 10 * a * a if a < A else a * mp.sin(a),
}


class Oracle:
    """The model above in plain arithmetic of sixty digits; `x` is A, B, k, V, t."""

    def __init__(self, WT: float, line: tuple[float, float], on: bool) -> None:
        self.WT, self.line, self.on = mp.mpf(WT), [mp.mpf(v) for v in line], on

    def last(self, name: str, x: list[mp.mpf]) -> mp.mpf:
        A, B, k, V, t = x
        X = self.line[0] + self.line[1] * t
        first = {
            "h": lambda: B * k / V,
            "m": lambda: k * X + B,
            "e": lambda: k * self.WT / 40,
            "g": lambda: mp.log(B - 1),
            "u": lambda: A * B + t,
            "w": lambda: k + B / 9,
            "z": lambda: B * X,
        }
        a = first[name]()
        for _ in range(N - 1):
            a = BODIES[name](a, on=self.on, A=A)
        return a

    def rhs(self, x: list[mp.mpf]) -> list[mp.mpf]:
        A, B, k, _, _ = x
        end = {n: self.last(n, x) for n in "ehmuwz"}
        guarded = self.last("g", x) if B > 1 else mp.mpf(0)
        return [
            -end["e"] * A - end["h"] + end["w"] * B,
            end["m"] - k * B + guarded - end["u"] * mp.mpf(10) ** -6 + end["z"],
        ]

    def outputs(self, x: list[mp.mpf]) -> list[mp.mpf]:
        A, B, _, _, _ = x
        guarded = self.last("g", x) if B > 1 else mp.mpf(0)
        return [
            self.last("h", x) + self.last("e", x) * A,
            guarded + self.last("w", x) + self.last("m", x),
        ]

    def initial(self, x: list[mp.mpf]) -> list[mp.mpf]:
        e = self.last("e", x)
        return [e + x[3], 2 * e]

    def doses(self, x: list[mp.mpf]) -> list[mp.mpf]:
        e = self.last("e", x)
        return [mp.mpf(1), 1 / (1 + e), e / 7, mp.mpf(0), mp.mpf(0)]


type Map = Callable[[list[mp.mpf]], list[mp.mpf]]


def slope(map_: Map, x: list[mp.mpf], d: list[float]) -> list[mp.mpf]:
    h = mp.mpf(10) ** -18
    high = map_([v + h * s for v, s in zip(x, d, strict=True)])
    low = map_([v - h * s for v, s in zip(x, d, strict=True)])
    return [(a - b) / (2 * h) for a, b in zip(high, low, strict=True)]


def bend(map_: Map, x: list[mp.mpf], one: list[float], other: list[float]) -> list[mp.mpf]:
    return slope(lambda v: slope(map_, v, one), x, other)


@pytest.fixture(scope="module")
def chains() -> LoweredOde:
    return compile_model(parse_model(text())).lowered


@pytest.fixture(scope="module")
def probe(chains: LoweredOde, tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return Probe(emit_cpp(chains), tmp_path_factory.mktemp("chains"))


POINTS = [  # A, B, k, V, t: B on both sides of its guard, t on both sides of the window
    (1.7, 1.9, 0.8, 1.1, 0.7),
    (0.3, 0.6, 1.4, 0.7, 0.5),
    (2.2, 3.1, 0.45, 1.6, 1.9),
    (0.9, 1.2, 0.3, 2.0, 3.0),
    (5.0, 0.2, 0.9, 0.4, 4.0),
]


@pytest.mark.parametrize("point", POINTS)
def test_every_map_and_derivative(
    probe: Probe, chains: LoweredOde, point: tuple[float, ...]
) -> None:
    assert chains.links
    assert len(chains.switches) == 1
    assert not chains.linear
    A, B, k, V, t = point
    WT, line, on = 63.0, (0.4, 0.15), t > 2 * k
    with mp.workdps(60):
        oracle, x = Oracle(WT, line, on), [mp.mpf(v) for v in point]
        c = np.array([*line, float(on)])
        q, dq = np.zeros(probe.q), np.zeros((probe.q, 2))
        probe.call("coefficients", np.array([k, V]), np.array([WT]), c, q, dq)
        assert np.isfinite([*q, *dq.flat]).all()
        y, S = np.array([A, B]), np.array([[0.7, -0.4], [0.2, 1.3]])
        along = np.array([0.6, -1.1])
        for j in range(2):
            Y, DQ = np.ascontiguousarray(S[:, j]), np.ascontiguousarray(dq[:, j])
            d = [*S[:, j], float(j == 0), float(j == 1), 0.0]
            flat = [0.0, 0.0, *d[2:]]
            for name, size in (("rhs", 2), ("outputs", 2)):
                value, lane = np.zeros(size), np.zeros(size)
                probe.call(name, t, y, q, Y, DQ, value, lane)
                close(value, getattr(oracle, name)(x))
                close(lane, slope(getattr(oracle, name), x, d))
            for name, size in (("initial", 2), ("doses", 5)):
                value, lane = np.zeros(size), np.zeros(size)
                probe.call(name, t, q, DQ, value, lane)
                close(value, getattr(oracle, name)(x))
                close(lane, slope(getattr(oracle, name), x, flat))
            lane = np.zeros(2)
            probe.call("contract", t, y, q, along, Y, DQ, lane)
            turn = [*along, 0.0, 0.0, 0.0]
            close(lane, bend(oracle.rhs, x, turn, d))
            value, lane = np.zeros(2), np.zeros(2)
            probe.call("time", t, y, q, Y, DQ, value, lane)
            late = [0.0, 0.0, 0.0, 0.0, 1.0]
            close(value, slope(oracle.rhs, x, late))
            close(lane, bend(oracle.rhs, x, late, d))


def close(computed: np.ndarray, exact: list[mp.mpf]) -> None:
    np.testing.assert_allclose(computed, [float(v) for v in exact], rtol=1e-10, atol=1e-12)


def test_stan_takes_the_same_model(chains: LoweredOde) -> None:
    check("functions {\n" + emit_stan(chains, prefix="m") + "}\nmodel {}\n")
