"""A walk over the public functions: nonsense is refused at once, and named."""

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes import library
from pkqsp_bayes.elicit.statements import Statements
from pkqsp_bayes.engine.solver_settings import (
    SOLVER_SETTINGS,
    Instructions,
    Method,
    SolverSettings,
)
from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.plots.style import PlotFigure

NAN = float("nan")
MODEL = pq.load_model("one-compartment")
STUDY = pq.regimen(pq.Dose(amount=100, to="iv"), [0, 1], covariates={"WT": 70.0})


def result(group: str) -> xr.DataTree:
    draws = xr.Dataset({"CL": (("chain", "draw"), np.ones((2, 5)))})
    return xr.DataTree.from_dict({group: draws})


FIT = result("posterior")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: thing for name in pq.__all__ if inspect.isfunction(thing := getattr(pq, name))
}
PLAIN: Mapping[str, Any] = {
    "model": MODEL, "qsp_model": MODEL, "study": STUDY, "new_study": STUDY, "design": STUDY,
    "fit": FIT, "tree": FIT, "prior": result("prior"), "path": "file", "folder": "folder",
    "table": pq.PriorTable(), "name": "theophylline", "text": "", "frame": pd.DataFrame(),
    "result": xr.Dataset(), "output": "cp", "times": [0.0, 1.0], "regimen": pq.Dose(amount=1.0),
    "doses": pq.Dose(amount=1.0), "do": {"CL": 1.0}, "priors": {}, "studies": {"a": STUDY},
    "designs": {}, "n": 3, "seed": 1, "species": "human", "protein": "CYP3A4", "age": 1.0,
    "drug": pq.DrugChemistry(logP=1.0, fup=0.5), "factor": "f", "parameter": "p",
    "claim": pq.CausalSpec(claim="c", assignment="randomised"), "statements": Statements(),
    "figure": PlotFigure(), "budget": xr.Dataset(), "check": xr.Dataset(), "found": None,
    "record": pd.DataFrame(), "body": pq.reference_body("human"), "multipliers": {}, "ops": NUMPY,
}  # fmt: skip
"""Something fine for every argument that has no default."""

MODELS, STUDIES, FITS = ("model", "qsp_model", "made_by"), ("study", "new_study", "design"), ("fit",
                         "tree")  # fmt: skip
NONSENSE: list[Any] = [3, 0.5, NAN, True, b"x", [], object(), "no-such-thing", "/", "", "a\0b",
                       "x" * 5000, Path("/no/such/file.csv")]  # fmt: skip
NO_NUMBERS: list[Any] = [NAN, float("inf"), -float("inf"), -1, True, "3", 1e18, 10**18, 10**400,
                         [], b"1"]  # fmt: skip
SOME = {"mapping", "Sequence"}


def call(name: str, argument: str, value: object) -> None:
    """Call with one argument that is nonsense."""
    function = FUNCTIONS[name]
    given = {
        key: PLAIN[key]
        for key, p in inspect.signature(function).parameters.items()
        if p.default is p.empty and p.kind is not p.VAR_POSITIONAL
    }
    function(**{**given, argument: value})


def refused(name: str, argument: str, value: object) -> pq.CheckError:
    began = time.monotonic()
    with pytest.raises(pq.CheckError) as caught:
        call(name, argument, value)
    assert time.monotonic() - began < 1
    return caught.value


def told(error: pq.CheckError, argument: str, value: object) -> None:
    """The argument, or the file that it names, is named; each problem has a remedy."""
    assert {argument, str(value)} & {issue.where for issue in error.issues}, str(error)
    assert all(issue.what and issue.remedy for issue in error.issues)


def places(arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(_places(arguments))


def _places(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, function in FUNCTIONS.items():
        for argument in inspect.signature(function).parameters:
            if argument in arguments:
                yield name, argument


def numeric() -> list[tuple[str, str]]:
    """Return each argument whose default is a number, or that is annotated as one."""
    found = []
    for name, function in FUNCTIONS.items():
        for argument, p in inspect.signature(function).parameters.items():
            kinds = {str(p.annotation), getattr(p.annotation, "__name__", "")}
            if kinds & {"int", "float", "int | None", "float | None"}:
                found.append((name, argument))
    return found


def test_the_walk_sees_what_there_is() -> None:
    assert len(places(MODELS)) >= 14
    assert len(places(STUDIES)) >= 20
    assert len(places(FITS)) >= 18
    assert len(numeric()) >= 45


@pytest.mark.parametrize(("name", "argument"), places(MODELS))
def test_a_value_that_is_not_a_model_is_refused(name: str, argument: str) -> None:
    fit = [] if name == "identifiability" else [FIT]  # it takes a fit too, with its model
    for value in [*NONSENSE, STUDY, *fit, pd.DataFrame()]:
        told(refused(name, argument, value), argument, value)


@pytest.mark.parametrize(("name", "argument"), places(STUDIES))
def test_a_value_that_is_not_a_study_is_refused(name: str, argument: str) -> None:
    for value in [*NONSENSE, MODEL, FIT, pq.Study(table=pd.DataFrame())]:
        told(refused(name, argument, value), argument, value)


@pytest.mark.parametrize(("name", "argument"), places(FITS))
def test_a_value_that_is_not_a_fit_is_refused(name: str, argument: str) -> None:
    for value in [*NONSENSE, MODEL, STUDY, xr.DataTree()]:
        if not (argument == "fit" and isinstance(value, xr.DataTree)):  # some ask for no draws
            told(refused(name, argument, value), argument, value)


@pytest.mark.parametrize(("name", "argument"), numeric())
def test_a_value_that_is_not_a_number_is_refused(name: str, argument: str) -> None:
    for value in NO_NUMBERS:
        if argument in ("early", "settle") and value in (-1, 1e18, 10**18) and value is not True:
            continue  # times: any finite one
        found = refused(name, argument, value)
        assert argument in [issue.where for issue in found.issues], (value, str(found))


FLAGS = [
    (name, argument)
    for name, function in FUNCTIONS.items()
    for argument, p in inspect.signature(function).parameters.items()
    if isinstance(p.default, bool)
]


@pytest.mark.parametrize(("name", "argument"), FLAGS)
def test_a_flag_is_true_or_false(name: str, argument: str) -> None:
    for value in ("yes", 1, NAN, None):
        assert argument in [issue.where for issue in refused(name, argument, value).issues]


RECORDS: Mapping[type, tuple[str, str]] = {
    pq.FitSettings: ("fit", "settings"),
    pq.BindOptions: ("fit", "options"),
    pq.SolverSettings: ("simulate", "options"),
    pq.ReportOptions: ("report", "options"),
    pq.Endpoint: ("variance_budget", "endpoint"),
    pq.Robustness: ("derive_priors", "robustness"),
    pq.PopulationSettings: ("virtual_population", "settings"),
    pq.Dose: ("regimen", "doses"),
}
FIELDS = [(kind, name) for kind in RECORDS for name in inspect.signature(kind).parameters]


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_what_is_nonsense_in_settings_is_refused(kind: type, name: str) -> None:
    plain = {"amount": 1.0} if kind is pq.Dose else {}
    for value in (NAN, object(), b"x", -(10**400)):
        found = refused(*RECORDS[kind], kind(**{**plain, name: value}))
        assert any(issue.where.endswith(f".{name}") for issue in found.issues), str(found)


@pytest.mark.parametrize("field", ["rtol", "atol", "max_steps"])
def test_tolerances_of_a_fit(field: str) -> None:
    for value in (NAN, 0, -1, True, "3", 1e18):
        solver = SolverSettings(**{field: value})  # type: ignore[arg-type]
        found = refused("fit", "options", pq.BindOptions(solver=solver))
        assert [issue.where for issue in found.issues] == [f"options.solver.{field}"]


@pytest.mark.parametrize(
    "solver",
    [SolverSettings(max_step=1.0), SolverSettings(min_step=0.1),
     SolverSettings(method=Method.RODAS4), SolverSettings(instructions=Instructions.AVX2)],
)  # fmt: skip
def test_what_the_program_of_a_fit_does_not_use_is_refused(solver: SolverSettings) -> None:
    """It would be left aside in silence; in a simulation it counts."""
    found = refused("fit", "options", pq.BindOptions(solver=solver))
    assert [issue.what for issue in found.issues] == ["a fit does not use it"]
    assert not list(SOLVER_SETTINGS.issues("options", solver))


def test_a_model_and_a_study_in_the_wrong_order() -> None:
    with pytest.raises(pq.CheckError) as caught:
        pq.simulate(STUDY, MODEL)  # type: ignore[arg-type]
    assert "it is a Study, which belongs to the argument study" in caught.value.issues[0].what
    assert "it is a ModelSpec, which belongs to the argument model" in caught.value.issues[1].what


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError) as caught:
        pq.fit(
            "one-compartmen", tmp_path / "none.csv", "", settings=pq.FitSettings(chains=0, seed=-1),
            cores=0, store="paper",  # type: ignore[arg-type]
        )  # fmt: skip
    where = [issue.where for issue in caught.value.issues]
    assert where[0] == "model"
    assert where[1].endswith("none.csv")
    assert where[2:] == ["folder", "settings.chains", "settings.seed", "cores", "store"]
    assert not any(tmp_path.iterdir())


TABLE = "ID,TIME,AMT,DV\n1,0,100,.\n1,1,0,2.5\n"


def test_names_and_paths_mean_what_they_name(tmp_path: Path) -> None:
    path = tmp_path / "study.csv"
    path.write_text(TABLE)
    pq.load_model("one-compartment")
    whole = pq.read_study(path)
    for study in (whole, path, str(path), pd.read_csv(path, na_values=".")):
        found = pq.summarise_study(study)
        assert (found.subjects, found.records) == (1, 2)
    assert pq.summarise_study("theophylline", "theophylline").subjects == 12
    assert pq.check("one-compartment") == []
    assert pq.check("theophylline", "theophylline") == pq.check(
        pq.load_model("theophylline"), pq.load_dataset("theophylline")
    )


def test_a_path_is_read_with_the_instructions_of_the_model(tmp_path: Path) -> None:
    path, model = tmp_path / "study.csv", tmp_path / "model.toml"
    path.write_text("ID,TIME,AMT,conc\n1,0,100,.\n1,1,0,2.5\n1,2,0,-99\n")
    text = library.path("one-compartment").read_text()
    model.write_text(text + '\n[study]\ncolumns = { DV = "conc" }\nignore = ["DV == -99"]\n')
    found = pq.summarise_study(path, model)
    assert found.records == 2
    assert int(found.left_out["rows"].sum()) == 1
    frame = pq.summarise_study(pd.read_csv(path, na_values="."), str(model))
    assert frame.records == 2
