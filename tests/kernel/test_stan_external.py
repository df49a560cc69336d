"""The external function in a real Stan program: its gradient, its failures, its log."""

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.study.timeline import Timeline
from tests.kernel.systems import COVARIATES, covariates
from tests.kernel.tools import compiled, observe, vector
from tests.oracles.records import make_timeline

pytestmark = pytest.mark.slow

PROGRAM = """
functions {
  matrix ode_solve(vector p, data vector x, data array[] real time, array[] int evid,
                   data array[] real amt, data array[] real rate, data array[] real ii,
                   array[] int addl, array[] int ss, array[] int cmt, data array[] real breaks,
                   data matrix segments, data matrix own, data real rtol, data real atol,
                   int max_steps);
  vector ode_counters();
}
data {
  int n, P, X, C, B, M, max_steps;
  vector[X] x;
  array[n] real time, amt, rate, ii;
  array[n] int evid, addl, ss, cmt;
  array[B] real breaks;
  matrix[B, 2 * C] segments;
  matrix[N, C] own;
  vector[P] typical;
}
parameters { vector[P] eta; }
model {
  eta ~ std_normal();
  matrix[n, M] m = ode_solve(typical .* exp(0.1 * eta), x, time, evid, amt, rate, ii, addl, ss,
                             cmt, breaks, segments, own, 1e-9, 1e-9, max_steps);
  to_vector(m) ~ normal(1, 2);
}
generated quantities {
  matrix[n, M] pred = ode_solve(typical, x, time, evid, amt, rate, ii, addl, ss, cmt, breaks,
                                segments, own, 1e-9, 1e-9, 100000);
  vector[11] counters = ode_counters();
}
"""


@pytest.fixture(scope="module", params=["", "O1"])
def executable(request: pytest.FixtureRequest) -> Path:
    header = emit_cpp(lower_system(covariates())) + '\n#include "kernel/stan_external.hpp"\n'
    options = {request.param: True} if request.param else None
    return compile_program(PROGRAM, user_header=header, name="door", stanc_options=options)


def timeline() -> Timeline:
    dose = {"time": 0, "amount": 10, "steady": 1, "interval": 4, "additional": 1}
    return make_timeline(
        [dose, *observe(0.5, 1.7, 2.0, 5.9, 9.0)],
        fixed=[60.0],
        breaks=[0.0, 2.0, 5.5],
        segments=[[1, 0, 1, 0.1], [1.5, 0, 0.9, 0.15], [0.7, 0, 2, -0.05]],
    )


def write_data(folder: Path, max_steps: int) -> Path:
    t = timeline()
    data = {"n": len(t.time), "P": len(COVARIATES), "X": 1, "C": 2, "B": 3, "M": 2}
    data |= {"x": t.fixed.tolist(), "time": t.time.tolist(), "amt": t.amount.tolist()}
    data |= {"rate": t.rate.tolist(), "ii": t.interval.tolist(), "evid": t.evid.tolist()}
    data |= {"addl": t.additional.tolist(), "ss": t.steady.tolist()}
    data |= {"cmt": (t.dose + 1).tolist(), "breaks": t.breaks.tolist(), "max_steps": max_steps}
    data |= {
        "segments": t.segments.tolist(),
        "own": t.own.tolist(),
        "typical": list(COVARIATES.values()),
    }
    path = folder / "data.json"
    path.write_text(json.dumps(data))
    return path


def run(executable: Path, folder: Path, *arguments: str, max_steps: int = 100_000) -> str:
    data = write_data(folder, max_steps)
    command = [str(executable), *arguments, "data", f"file={data}", "random", "seed=3"]
    command += ["output", f"file={folder / 'out.csv'}"]
    log = {"PKQSP_SOLVER_LOG": str(folder / "log.json")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=log
    )
    return done.stdout + done.stderr


def test_gradient(executable: Path, tmp_path: Path) -> None:
    text = run(executable, tmp_path, "diagnose", "test=gradient")
    rows = [r.split() for r in text.splitlines() if len(r.split()) == 5 and r.split()[0].isdigit()]
    assert len(rows) == len(COVARIATES), text
    table = np.array(rows, dtype=float)
    np.testing.assert_allclose(table[:, 2], table[:, 3], rtol=1e-4, atol=1e-4)


def test_values_and_counters(executable: Path, tmp_path: Path) -> None:
    run(executable, tmp_path, "sample", "num_samples=20", "num_warmup=20")
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(r for r in file if not r.startswith("#")))
    t, kernel = timeline(), compiled(covariates)
    options = SolverSettings(rtol=1e-9, atol=1e-9)
    exact = kernel.solve(t, vector(kernel, COVARIATES), options=options).values
    for i in range(len(t.time)):
        found = [float(rows[0][f"pred.{i + 1}.{k}"]) for k in (1, 2)]
        np.testing.assert_allclose(found, exact[i], rtol=1e-4, atol=1e-6)
    log = json.loads((tmp_path / "log.json").read_text())
    assert log["solves"] >= float(rows[-1]["counters.1"]) > 40
    assert log["failures"] == {}


def test_failure_rejects_and_is_logged(executable: Path, tmp_path: Path) -> None:
    text = run(executable, tmp_path, "sample", "num_samples=5", "num_warmup=5", max_steps=3)
    assert "Rejecting initial value" in text
    log = json.loads((tmp_path / "log.json").read_text())
    assert log["failures"]["more steps than max_steps allows"] >= 1
    assert len(log["examples"][0]["parameters"]) == len(COVARIATES)
