"""Steady states of the printed Stan solver: saturable elimination, and states that only fill."""

import logging
from pathlib import Path

import cmdstanpy
import numpy as np
import pytest

from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.stan_program import timeline_data
from tests.oracles.records import make_timeline

pytestmark = pytest.mark.slow

MODEL = """
title = "Saturable elimination, with an area"
[equations]
text = '''
d(A)/dt = -Vm * A / (Km + A) - k * A
d(AUC)/dt = A
'''
[dose.iv]
to = "A"
[population]
Vm = { typical = 10, iiv = "lognormal" }
Km = { typical = 10 }
k = { typical = 0.1 }
[observe]
A = { value = "A" }
AUC = { value = "AUC" }
"""
PROGRAM = """
functions {
%s
}
data {
  int n, P, X, B, S, M;
  vector[X] x;
  array[n] real time, amt, rate, ii;
  array[n] int evid, addl, ss, cmt;
  array[B] real breaks;
  matrix[B, S] segments;
  matrix[n, S %%/%% 2] own;
}
parameters {
  vector[P] p;
}
model {
  target += sum(m_solve(p, x, time, evid, amt, rate, ii, addl, ss, cmt, breaks, segments, own, 1e-8,
                        1e-10, 100000)[, 1]);
}
generated quantities {
  matrix[n, M] out = m_solve(p, x, time, evid, amt, rate, ii, addl, ss, cmt, breaks, segments, own,
                             1e-8, 1e-10, 100000);
}
"""
ODE = compile_model(parse_model(MODEL), individual=["Vm", "Km", "k"]).lowered


@pytest.fixture(scope="module")
def program() -> cmdstanpy.CmdStanModel:
    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    functions = emit_stan(ODE, prefix="m") + emit_stan_timeline(ODE, prefix="m")
    return cmdstanpy.CmdStanModel(
        exe_file=str(compile_program(PROGRAM % functions, name="saturable"))
    )


def data(dose: float, interval: float) -> dict[str, object]:
    first = {"time": 0, "amount": dose, "steady": 1, "interval": interval}
    found = timeline_data(make_timeline([first, {"time": interval}]))
    return found | {"n": 2, "P": 3, "X": len(found["x"]), "B": len(found["breaks"]), "M": 2,
                    "S": len(found["segments"][0])}  # fmt: skip


def solved(
    program: cmdstanpy.CmdStanModel, folder: Path, p: dict[str, float], dose: float, interval: float
) -> np.ndarray:
    fit = program.sample(
        data=data(dose, interval), inits={"p": [p[n] for n in ODE.parameters]}, chains=1,
        fixed_param=True, iter_sampling=1, sig_figs=17, show_progress=False,
        output_dir=str(folder),
    )  # fmt: skip
    return np.asarray(fit.stan_variable("out")[0])


@pytest.mark.parametrize("dose", [1.0, 60, 100, 118])
def test_saturable_elimination_and_an_area(
    program: cmdstanpy.CmdStanModel, tmp_path: Path, dose: float
) -> None:
    """Vm II = dose + Km log(peak / trough)."""
    out = solved(program, tmp_path, {"Vm": 10, "Km": 10, "k": 0}, dose, 12)
    trough = dose / np.expm1((120 - dose) / 10)
    np.testing.assert_allclose(out[:, 0], [trough + dose, trough], rtol=1e-5, atol=1e-9)
    # the area of a dosing interval: the integral of A (Km + A) / (Vm A) over the amounts
    area = (10 * dose + ((trough + dose) ** 2 - trough**2) / 2) / 10
    np.testing.assert_allclose(out[:, 1], [0, area], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("dose", [120.5, 124, 200])
def test_above_capacity_there_is_none(
    program: cmdstanpy.CmdStanModel, tmp_path: Path, dose: float
) -> None:
    with pytest.raises(RuntimeError, match="no steady state for record 1"):
        solved(program, tmp_path, {"Vm": 10, "Km": 10, "k": 0}, dose, 12)


@pytest.mark.parametrize("k", [0.5, 1e-3, 1e-5])
def test_slow_elimination(program: cmdstanpy.CmdStanModel, tmp_path: Path, k: float) -> None:
    out = solved(program, tmp_path, {"Vm": 0, "Km": 10, "k": k}, 100, 8)
    np.testing.assert_allclose(out[0, 0], 100 / -np.expm1(-8 * k), rtol=1e-5)


def test_derivatives_of_a_steady_state(program: cmdstanpy.CmdStanModel, tmp_path: Path) -> None:
    p = {"Vm": 10.0, "Km": 10.0, "k": 0.0}
    found = program.log_prob(
        {"p": [p[n] for n in ODE.parameters]}, data=data(60, 12), jacobian=False, sig_figs=17
    )

    def total(vm: float, km: float) -> float:
        return 60 + 2 * 60 / np.expm1((vm * 12 - 60) / km)

    step = 1e-5
    by_vm = (total(10 + step, 10) - total(10 - step, 10)) / (2 * step)
    by_km = (total(10, 10 + step) - total(10, 10 - step)) / (2 * step)
    by = dict(zip(ODE.parameters, found.filter(like="g_").to_numpy()[0], strict=True))
    np.testing.assert_allclose([by["Vm"], by["Km"]], [by_vm, by_km], rtol=1e-4)
