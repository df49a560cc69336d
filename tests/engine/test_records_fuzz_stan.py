"""The printed Stan solver on random tables, against the oracle of tables: 200 subjects."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pytest

from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.stan_program import timeline_data
from tests.engine.record_subjects import Subject, assert_outputs, study_of, subjects_of
from tests.oracles.record_models import MODELS, OCCASIONS

SUBJECTS = -(-200 // len(MODELS))
ROWS = ("time", "evid", "amt", "rate", "ii", "addl", "ss", "cmt")

PROGRAM = """
functions {
%(functions)s
}
data {
  int which, N, n, B, P, X, S, M;
  array[N + 1] int row, segment;
  array[N] vector[P] p;
  array[N] vector[X] x;
  array[n] real time, amt, rate, ii;
  array[n] int evid, addl, ss, cmt;
  array[B] real breaks;
  matrix[B, S] segments;
  matrix[n, S %%/%% 2] own;
}
generated quantities {
  matrix[n, M] out;
  for (s in 1 : N) {
%(cases)s
  }
}
"""

CASE = """    if (which == {number}) {{
      out[row[s] : row[s + 1] - 1] = m{number}_solve(p[s], x[s], {rows},
        breaks[segment[s] : segment[s + 1] - 1], segments[segment[s] : segment[s + 1] - 1],
        own[row[s] : row[s + 1] - 1], 1e-11, 1e-13, 1000000);
    }}"""


def compiled(name: str) -> CompiledModel:
    """Return the model with its occasions; every parameter may differ between subjects."""
    model = MODELS[name]
    return compile_model(
        parse_model(model.text), occasions=OCCASIONS, individual=list(model.parameters)
    )


def systems() -> dict[str, int]:
    """Return the functions of each system, and its number: some models differ in data alone."""
    texts: dict[str, int] = {}
    for name in MODELS:
        texts.setdefault(functions_of(name, "m"), len(texts) + 1)
    return texts


def functions_of(name: str, prefix: str) -> str:
    """Print the Stan functions of a model."""
    ode = compiled(name).lowered
    return emit_stan(ode, prefix=prefix) + emit_stan_timeline(ode, prefix=prefix)


def program_text() -> str:
    """Print the program of all systems."""
    numbers = {name: systems()[functions_of(name, "m")] for name in MODELS}
    firsts = {number: name for name, number in reversed(numbers.items())}
    rows = ", ".join(f"{c}[row[s] : row[s + 1] - 1]" for c in ROWS)
    return PROGRAM % {
        "functions": "\n".join(functions_of(name, f"m{k}") for k, name in firsts.items()),
        "cases": "\n".join(CASE.format(number=k, rows=rows) for k in firsts),
    }


def data_of(name: str, subjects: Sequence[Subject]) -> dict[str, Any]:
    """Return the timelines of all subjects, one after another."""
    model = compiled(name)
    lines = subject_timelines(model, study_of(MODELS[name], subjects))
    columns = [timeline_data(line) for line in lines]
    joined = {k: [v for c in columns for v in c[k]] for k in columns[0] if k != "x"}
    names = model.ode.parameters
    return joined | {
        "which": systems()[functions_of(name, "m")],
        "N": len(subjects), "n": len(joined["time"]), "B": len(joined["breaks"]),
        "P": len(names), "X": len(columns[0]["x"]), "S": len(joined["segments"][0]),
        "M": len(model.ode.output_names),
        "row": _begins([len(line.time) for line in lines]),
        "segment": _begins([len(line.breaks) for line in lines]),
        "p": [[s.parameters[n] for n in names] for s in subjects],
        "x": [c["x"] for c in columns],
    }  # fmt: skip


def _begins(lengths: Sequence[int]) -> list[int]:
    return [1, *(1 + np.cumsum(lengths)).tolist()]


@pytest.fixture(scope="module")
def program() -> cmdstanpy.CmdStanModel:
    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
    return cmdstanpy.CmdStanModel(exe_file=str(compile_program(program_text(), name="tables")))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_random_tables_in_stan(program: cmdstanpy.CmdStanModel, tmp_path: Path, name: str) -> None:
    model = MODELS[name]
    subjects = subjects_of(model, 3, SUBJECTS)
    fit = program.sample(
        data=data_of(name, subjects), fixed_param=True, iter_sampling=1, chains=1, sig_figs=17,
        show_progress=False, output_dir=str(tmp_path),
    )  # fmt: skip
    out = np.asarray(fit.stan_variable("out")[0])
    ends = np.cumsum([len(s.rows) for s in subjects])[:-1]
    for subject, values in zip(subjects, np.split(out, ends), strict=True):
        columns = [list(compiled(name).ode.output_names).index(n) for n in model.outputs]
        assert_outputs(model, subject, values[:, columns], within=1e-7)
