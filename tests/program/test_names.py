"""Users' names beside the program's own: any word of a program may be a parameter."""

import re

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.likelihood import Backend
from pkqsp_bayes.program.stan_names import RESULT_NAMES
from pkqsp_bayes.spec.identifiers import check_name
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.stanc import check
from tests.program.features import EVERYTHING
from tests.program.studies import observed, study_of

BLOCKS = {"correlation_1"}


def words(backend: Backend) -> list[str]:
    """Return every word that a user may write, of a program that has everything in it."""
    model = parse_model(EVERYTHING)
    study = study_of(model)
    study.table["OCC"] = ["1" if t < 3 else "2" for t in study.table.TIME]
    code = bind_model(model, study, options=BindOptions(backend=backend)).program
    names = dict.fromkeys(re.findall(r"\b[a-zA-Z]\w*", re.sub(r"//.*", "", code)))
    return [name for name in names if not check_name(name) and name not in RESULT_NAMES | BLOCKS]


@pytest.mark.parametrize("backend", ["native", "stan"])
def test_no_word_of_the_program_clashes(backend: Backend) -> None:
    names = words(backend)
    assert {"z", "records", "residual_lpdf", "each", "L_1", "normal_lpdf"} <= set(names)
    for start in range(0, len(names), 60):
        model = parse_model(model_with(names[start : start + 60]))
        study = observed(pq.regimen([], [1, 2], subjects=2, covariates={"WT": 70}))
        study.table["OCC"] = ["1", "2"] * 2
        check(bind_model(model, study, options=BindOptions(backend=backend)).program,
              "--allow-undefined")  # fmt: skip


ENDINGS = ("lp", "lpdf", "lpmf", "lupdf", "lupmf", "cdf", "lcdf", "ccdf", "lccdf", "log", "rng")
OF_STAN = (
    *(n for n in ENDINGS if n != "log"), *(f"mine_{n}" for n in ENDINGS), "get_lp", "target",
    "normal_lpdf", "normal_lupdf", "beta_rng", "poisson_lcdf", "target_lp", "increment_log_prob",
    "jacobian", "mine_jacobian", "print", "reject", "profile", "ode_bdf", "reduce_sum", "to_vector",
    "lp_2", "lp_", "offset", "multiplier", "lower", "upper", "fatal_error", "row_vector", "tuple",
    "prior", "data", "pi", "e", "machine_precision", "integrate_1d", "laplace_marginal",
)  # fmt: skip


@pytest.mark.parametrize("backend", ["native", "stan"])
def test_names_that_mean_something_to_stan(backend: Backend) -> None:
    model = parse_model(model_with(list(OF_STAN)))
    study = observed(pq.regimen([], [1, 2], subjects=2, covariates={"WT": 70}))
    study.table["OCC"] = ["1", "2"] * 2
    check(bind_model(model, study, options=BindOptions(backend=backend)).program,
          "--allow-undefined")  # fmt: skip


ELSEWHERE = """
title = "names of Stan everywhere else"
[covariates]
{c} = {{ reference = 70 }}
[equations]
text = "d({s})/dt = -CL * {s} - {h}; {h} = {s} * {k}"
[parameters]
{k} = 2
[dose.{d}]
to = "{s}"
[observe.{o}]
value = "{s}"
error = "additive"
[population]
CL = {{ typical = "lognormal(0, 1)", covariates = {{ {c} = "power(normal(0, 1), 70)" }} }}
"""


HOSTILE = ("lp", "mine_lupdf", "mine_rng", "mine_lp", "target", "normal_lpdf")


@pytest.mark.parametrize("turn", [0, 2, 4])
def test_names_of_stan_as_anything_but_a_parameter(turn: int) -> None:
    names = dict(zip("cshkdo", HOSTILE[turn:] + HOSTILE[:turn], strict=True))
    model = parse_model(ELSEWHERE.format(**names))
    study = observed(pq.regimen([], [1, 2], subjects=2, covariates={names["c"]: 70}))
    code = bind_model(model, study, options=BindOptions(backend="stan")).program
    check(code, "--allow-undefined")


def model_with(names: list[str]) -> str:
    """Return a model whose parameters have these names, and everything that brings new ones."""
    lines = [f'{n} = {{ typical = "normal(0, 1)", iiv = "normal" }}' for n in names]
    lines[0] = lines[0].replace(
        " }", ', iov = "normal", covariates = { WT = "power(normal(0, 1))" } }'
    )
    text = "\n".join(lines)
    return f"""
title = "hostile names"
[covariates]
WT = "kg"
[equations]
text = "d(state_of_mine)/dt = {" + ".join(names)}"
[observe.output_of_mine]
value = "state_of_mine"
error = "additive"
[population]
{text}
[population.omega]
correlate = ["{names[0]}", "{names[1]}"]
"""


@pytest.mark.parametrize("name", ["sigma", "eta", "correlation_1", "subject"])
def test_names_of_the_result_are_refused(name: str) -> None:
    model = parse_model(model_with([name, "b"]))
    study = observed(pq.regimen([], [1], covariates={"WT": 70}))
    study.table["OCC"] = "1"
    with pytest.raises(pq.CheckError) as caught:
        bind_model(model, study)
    assert f"the name {name!r}" in str(caught.value)
    assert f"the name {name!r}" in str(pq.check(model, study))
