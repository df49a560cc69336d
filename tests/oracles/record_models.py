"""Models for tests of what a record sees: each as a model file and, by hand, as matrices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.oracles.table_oracle import Array, Env, LinearModel, Target

__all__ = ["MODELS", "OCCASIONS", "RecordModel"]

OCCASIONS = ("1", "2", "3")


@dataclass(frozen=True, kw_only=True)
class RecordModel:
    """A model file, the same model as matrices, and what its parameters and doses may be."""

    text: str
    linear: LinearModel
    doses: Mapping[str, tuple[int, ...]]
    """Place to the kinds of RATE that it takes: 0 bolus, 1 a number, -1, -2."""
    parameters: Mapping[str, tuple[float, ...]]
    """Values to choose from; those of ``varying`` are multiplied by a random factor as well."""
    varying: tuple[str, ...]
    occasional: tuple[str, ...]
    outputs: tuple[str, ...]


def _individual(**forms: str) -> Any:
    """Return what moves parameters by kappa of the occasion, each in its form."""

    def bind(env: dict[str, Any]) -> dict[str, Any]:
        kappas = {n: env.get(f"kappa[{n},{env['OCC']}]", 0.0) for n in forms}
        return env | {n: _FORMS[form](env[n], kappas[n]) for n, form in forms.items()}

    return bind


_FORMS = {
    "lognormal": lambda value, kappa: value * np.exp(kappa),
    "normal": lambda value, kappa: value + kappa,
    "logitnormal": lambda value, kappa: 1 / (1 + (1 / value - 1) * np.exp(-kappa)),
}


# ---- Oral and intravenous, one compartment: everything follows covariates and occasions

_ORAL = """
title = "Oral and intravenous"
[covariates]
WT = { unit = "kg", interpolation = "%s" }
FORM = { interpolation = "%s" }
AGE = { unit = "year" }
[parameters]
WT_ref = { value = 70, unit = "kg" }
AGE_ref = { value = 40, unit = "year" }
[equations]
text = \"\"\"
size = WT / WT_ref
cp = central / (V * size)
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * (1 + FORM) * cp
\"\"\"
units = { depot = "mg", central = "mg", cp = "mg/L" }
drug = { depot = 1, central = 1 }
eliminated = "CL * (1 + FORM) * cp"
[dose.po]
to = "depot"
bioavailability = "F * (1 - FORM)"
lag = "tlag * (1 + FORM)"
rate = "R * size"
duration = "D * (1 + FORM)"
[dose.iv]
to = "central"
bioavailability = "size * AGE / AGE_ref"
rate = "R / (1 + FORM)"
duration = "D * size"
[population]
ka = { typical = 1.0, unit = "1/h" }
CL = { typical = 3.0, unit = "L/h" }
V = { typical = 20.0, unit = "L", iov = "lognormal" }
F = { typical = 1.0, iov = "lognormal" }
tlag = { typical = 0.5, unit = "h", iov = "lognormal" }
R = { typical = 30.0, unit = "mg/h" }
D = { typical = 2.0, unit = "h" }
omega = { occasion = { V = 0.3, F = 0.3, tlag = 0.3 } }
[observe.cp]
value = "cp"
unit = "mg/L"
error = "proportional"
[observe.gut]
value = "depot * (1 + FORM)"
unit = "mg"
error = "proportional"
[observe.amount]
value = "central"
unit = "mg"
error = "proportional"
[observe.seen]
value = "size + FORM * F"
error = "proportional"
"""


def _oral_system(c: Env) -> tuple[Array, Array]:
    k = c["CL"] * (1 + c["FORM"]) / (c["V"] * c["WT"] / 70)
    return np.array([[-c["ka"], 0 * k], [c["ka"], -k]]), np.zeros(2)


def _oral_outputs(c: Env, y: Array) -> list[float]:
    size = c["WT"] / 70
    return [y[1] / (c["V"] * size), y[0] * (1 + c["FORM"]), y[1], size + c["FORM"] * c["F"]]


_ORAL_TARGETS = {
    "po": Target(
        state=0,
        bioavailability=lambda c: c["F"] * (1 - c["FORM"]),
        lag=lambda c: c["tlag"] * (1 + c["FORM"]),
        rate=lambda c: c["R"] * c["WT"] / 70,
        duration=lambda c: c["D"] * (1 + c["FORM"]),
    ),
    "iv": Target(
        state=1,
        bioavailability=lambda c: c["WT"] / 70 * c["AGE"] / 40,
        rate=lambda c: c["R"] / (1 + c["FORM"]),
        duration=lambda c: c["D"] * c["WT"] / 70,
    ),
}


def _oral(first: str, second: str) -> RecordModel:
    return RecordModel(
        text=_ORAL % (first, second),
        linear=LinearModel(
            size=2,
            system=_oral_system,
            outputs=_oral_outputs,
            targets=_ORAL_TARGETS,
            covariates={"WT": first, "FORM": second, "AGE": "fixed"},
            bind=_individual(V="lognormal", F="lognormal", tlag="lognormal"),
        ),
        doses={"po": (0, 1, -1, -2), "iv": (0, 1, -1, -2)},
        parameters={
            "ka": (0.8,),
            "CL": (3.0,),
            "V": (20.0,),
            "F": (0.7,),
            "tlag": (0.0, 0.5, 0.5, 1.0, 2.0, 0.37, 1.83, 7.3),
            "R": (30.0,),
            "D": (2.0,),
        },
        varying=("ka", "CL", "V", "F", "R", "D"),
        occasional=("V", "F", "tlag"),
        outputs=("cp", "gut", "amount", "seen"),
    )


# ---- An endogenous substance of two compartments, with initial values

_ENDOGENOUS = """
title = "An endogenous substance"
[covariates]
WT = { unit = "kg", interpolation = "%s" }
FORM = { interpolation = "%s" }
AGE = { unit = "year" }
[parameters]
WT_ref = { value = 70, unit = "kg" }
AGE_ref = { value = 40, unit = "year" }
[equations]
text = \"\"\"
size = WT / WT_ref
d(A)/dt = kin * (1 + FORM) - (CL / V + k12) * A + k21 * P
d(P)/dt = k12 * A - k21 * P
A(0) = base * size
P(0) = base * FORM * AGE / AGE_ref
\"\"\"
units = { A = "mg", P = "mg" }
[dose.iv]
to = "A"
bioavailability = "1 / size"
duration = "D * (1 + FORM)"
[dose.sc]
to = "P"
lag = "tlag * (1 + FORM)"
rate = "R * size"
[population]
kin = { typical = 5.0, unit = "mg/h", iov = "lognormal" }
CL = { typical = 3.0, unit = "L/h", covariates = { WT = "power(0.75, 70)" } }
V = { typical = 20.0, unit = "L", covariates = { WT = "power(1, 70)" }, iov = "lognormal" }
k12 = { typical = 0.3, unit = "1/h" }
k21 = { typical = 0.2, unit = "1/h" }
base = { typical = 50.0, unit = "mg", iov = "normal" }
tlag = { typical = 0.5, unit = "h" }
R = { typical = 30.0, unit = "mg/h", iov = "lognormal" }
D = { typical = 2.0, unit = "h", iov = "lognormal" }
omega = { occasion = { kin = 0.3, V = 0.3, base = 0.3, R = 0.3, D = 0.3 } }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "proportional"
[observe.outside]
value = "P * size"
unit = "mg"
error = "proportional"
"""


def _volume(c: Env) -> float:
    return float(1) * c["V"] * (c["WT"] / 70)


def _endogenous_system(c: Env) -> tuple[Array, Array]:
    k = c["CL"] * (c["WT"] / 70) ** 0.75 / _volume(c)
    inflow = c["kin"] * (1 + c["FORM"])
    matrix = np.array([[-k - c["k12"], c["k21"]], [c["k12"], -c["k21"]]])
    return matrix, np.array([inflow, 0 * inflow])


def _endogenous(first: str, second: str) -> RecordModel:
    return RecordModel(
        text=_ENDOGENOUS % (first, second),
        linear=LinearModel(
            size=2,
            system=_endogenous_system,
            outputs=lambda c, y: [y[0] / _volume(c), y[1] * c["WT"] / 70],
            initial=lambda c: np.array(
                [c["base"] * c["WT"] / 70, c["base"] * c["FORM"] * c["AGE"] / 40]
            ),
            targets={
                "iv": Target(
                    state=0,
                    bioavailability=lambda c: 70 / c["WT"],
                    duration=lambda c: c["D"] * (1 + c["FORM"]),
                ),
                "sc": Target(
                    state=1,
                    lag=lambda c: c["tlag"] * (1 + c["FORM"]),
                    rate=lambda c: c["R"] * c["WT"] / 70,
                ),
            },
            covariates={"WT": first, "FORM": second, "AGE": "fixed"},
            bind=_individual(
                kin="lognormal", V="lognormal", base="normal", R="lognormal", D="lognormal"
            ),
        ),
        doses={"iv": (0, 1, -2), "sc": (0, 1, -1)},
        parameters={
            "kin": (5.0,),
            "CL": (3.0,),
            "V": (20.0,),
            "k12": (0.3,),
            "k21": (0.2,),
            "base": (50.0,),
            "tlag": (0.0, 0.5, 1.0, 1.5, 0.37, 1.83, 7.3),
            "R": (30.0,),
            "D": (2.0,),
        },
        varying=("kin", "CL", "V", "k12", "k21", "base", "R", "D"),
        occasional=("kin", "V", "base", "R", "D"),
        outputs=("cp", "outside"),
    )


# ---- Time in the equations and in an output

_CLOCK = """
title = "A rhythm"
[covariates]
WT = { unit = "kg", interpolation = "%s" }
FORM = { interpolation = "%s" }
AGE = { unit = "year" }
[parameters]
WT_ref = { value = 70, unit = "kg" }
AGE_ref = { value = 40, unit = "year" }
per_hour = { value = 1, unit = "1/h" }
[equations]
text = \"\"\"
size = WT / WT_ref
d(A)/dt = kin * (1 + 0.5 * cos(0.7 * t * per_hour) * FORM) - k * size * A
A(0) = base * size * (1 + FORM)
\"\"\"
units = { A = "mg" }
[dose.iv]
to = "A"
bioavailability = "F * AGE / AGE_ref"
lag = "tlag / size"
rate = "R"
duration = "D"
[population]
kin = { typical = 5.0, unit = "mg/h" }
k = { typical = 0.2, unit = "1/h", iov = "lognormal" }
base = { typical = 50.0, unit = "mg" }
F = { typical = 0.7, iov = "logitnormal" }
tlag = { typical = 0.5, unit = "h" }
R = { typical = 30.0, unit = "mg/h" }
D = { typical = 2.0, unit = "h" }
omega = { occasion = { k = 0.3, F = 0.3 } }
[observe.amount]
value = "A"
unit = "mg"
error = "proportional"
[observe.timed]
value = "A * (2 + cos(t * per_hour)) * size"
unit = "mg"
error = "proportional"
"""


def _clock_system(c: Env) -> tuple[Array, Array]:
    inflow = c["kin"] * (1 + 0.5 * np.cos(0.7 * c["t"]) * c["FORM"])
    return np.array([[-c["k"] * c["WT"] / 70]]), np.array([inflow])


def _clock(first: str, second: str) -> RecordModel:
    return RecordModel(
        text=_CLOCK % (first, second),
        linear=LinearModel(
            size=1,
            system=_clock_system,
            outputs=lambda c, y: [y[0], y[0] * (2 + np.cos(c["t"])) * c["WT"] / 70],
            initial=lambda c: np.array([c["base"] * c["WT"] / 70 * (1 + c["FORM"])]),
            targets={
                "iv": Target(
                    state=0,
                    bioavailability=lambda c: c["F"] * c["AGE"] / 40,
                    lag=lambda c: c["tlag"] / (c["WT"] / 70),
                    rate=lambda c: c["R"],
                    duration=lambda c: c["D"],
                )
            },
            covariates={"WT": first, "FORM": second, "AGE": "fixed"},
            bind=_individual(k="lognormal", F="logitnormal"),
        ),
        doses={"iv": (0, 1, -1, -2)},
        parameters={
            "kin": (5.0,),
            "k": (0.2,),
            "base": (50.0,),
            "F": (0.3, 0.7),
            "tlag": (0.0, 0.5, 1.0, 1.83),
            "R": (30.0,),
            "D": (2.0,),
        },
        varying=("kin", "k", "base", "R", "D"),
        occasional=("k", "F"),
        outputs=("amount", "timed"),
    )


MODELS: dict[str, RecordModel] = {
    "oral, locf": _oral("locf", "locf"),
    "oral, nocb": _oral("nocb", "nocb"),
    "oral, linear": _oral("linear", "linear"),
    "endogenous, locf and nocb": _endogenous("locf", "nocb"),
    "endogenous, nocb and locf": _endogenous("nocb", "locf"),
    "clock, linear and locf": _clock("linear", "locf"),
    "clock, linear and nocb": _clock("linear", "nocb"),
}
"""Every interpolation alone, and mixed with others; in four systems, that is four kernels."""
