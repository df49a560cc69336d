"""Model files: there and back again, and every way to get them wrong."""

import dataclasses
import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec import ModelSpec, Quantity, format_model, parse_model, read_model
from tests.spec.examples import EVERYTHING, WARFARIN
from tests.spec.strategies import models


def problems(text: str) -> dict[str, tuple[str, str]]:
    with pytest.raises(CheckError) as caught:
        parse_model(text, where="f")
    return {i.where.removeprefix("f: "): (i.what, i.remedy) for i in caught.value.issues}


@settings(derandomize=True, max_examples=40, deadline=None, database=None)
@given(models())
def test_generated_models_survive_the_round_trip(spec: ModelSpec) -> None:
    assert parse_model(format_model(spec)) == spec


@pytest.mark.parametrize("text", [WARFARIN, EVERYTHING], ids=["warfarin", "everything"])
def test_hand_written_files_survive_the_round_trip(text: str) -> None:
    spec = parse_model(text)
    printed = format_model(spec)
    assert parse_model(printed) == spec
    assert format_model(parse_model(printed)) == printed


def test_everything_states_every_field() -> None:
    """The example above loses its worth when a field is added that it does not state."""

    def silent(record: object, path: str) -> list[str]:
        found = []
        for field in dataclasses.fields(record):  # type: ignore[arg-type]
            value = getattr(record, field.name)
            if value == field.default or value in ({}, (), None):
                found.append(f"{path}.{field.name}")
            elif dataclasses.is_dataclass(value):
                found += silent(value, f"{path}.{field.name}")
        return found

    spec = parse_model(EVERYTHING)
    parts = [spec, spec.absorption["oral"], spec.elimination["hepatic"], spec.dose["iv"],
             spec.qsp["target"], spec.link[0], spec.study,
             spec.binding["albumin"], spec.trajectory["E"],
             spec.population.parameters["CL"]]  # fmt: skip
    missing = {name for part in parts for name in silent(part, type(part).__name__)}
    # Exclusive with others, or default by nature.
    assert missing <= {
        "ModelSpec.drug.pKa_base",
        "ModelSpec.body.species",
        "BindingSpec.Kd",
        "BindingSpec.MW",
        "BindingSpec.saturable",
        "TrajectorySpec.interpolation",
        "TrajectorySpec.reference",
        "TrajectorySpec.knots",
        "TrajectorySpec.typical",
        "TrajectorySpec.omega",
        "TrajectorySpec.error",
        "QspSpec.equations",
        "PopulationParameterSpec.covariates",
    } | {name for name in missing if name.endswith((".unit", ".value"))}


def test_what_the_warfarin_file_means() -> None:
    spec = parse_model(WARFARIN)
    assert spec.covariates["WT"].unit == "kg"
    assert spec.covariates["SEX"].category
    assert spec.population.omega.correlate == (("CLint", "IC50"),)
    assert spec.population.parameters["CLint"].covariates["WT"].coefficient == 0.75
    assert spec.observe["cp"].value == Quantity(value="venous.C / BP", unit="mg/L")
    assert spec.observe["cp"].error is not None
    assert spec.observe["cp"].error.form == "combined"
    assert spec.qsp["clotting"].equations is not None
    assert spec.qsp["clotting"].equations.startswith("  inhibition")


BAD = """
titel = 3
[drug]
name = 5
fup = true
[body]
covariates = { WT = "kg", exp = "kg", X = { interpolaton = "locf" }, Y = { interpolation = "loc" } }
[organs.liver]
volum = 3
Kp = [1]
[organs.a-b]
volume = { value = 1, unit = "L", extra = 2 }
[observe.x]
value = "a"
unit = 5
error = "comb"
[observe.y]
value = " "
[[link]]
target = "a"
value = { value = true }
[population]
CL = { typical = "lognorml(1,2)", iiv = "log", covariates = { WT = "powr(1)" } }
omega = { CL = "half_normal(-1)", correlate = [["CL", "V"], 3], lkj = "x" }
"""


def test_all_problems_of_a_file_come_together() -> None:
    found = problems(BAD)
    assert set(found) == {
        "title", "titel", "drug.name", "drug.fup", "body.covariates.X.interpolaton",
        "body.covariates.Y.interpolation", "organs.liver.volum",
        "organs.liver.Kp", "organs.a-b.volume.extra", "observe.x.unit", "observe.x.error.form",
        "observe.y.value", "link[0].value", "population.CL.typical", "population.CL.iiv",
        "population.CL.covariates.WT", "population.omega.CL", "population.omega.correlate[1]",
        "population.omega.lkj", "body.covariates.exp", "organs.a-b",
    }  # fmt: skip
    assert found["titel"] == ("unknown key 'titel'", "did you mean title?")
    assert found["organs.liver.volum"][1] == "did you mean volume?"
    assert found["population.CL.typical"][1] == "did you mean lognormal?"
    assert found["observe.x.error.form"][1] == "did you mean combined?"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("[parameters]\nCL = 1\n[population]\nCL = { typical = 1 }", "population.CL", "same name"),
        ("[drug]\nname = 'x'\nfup = 1\n[parameters]\nfup = 1", "parameters.fup", "drug.fup"),
        ("[body]\nhaematocrit = 1\n[covariates]\nHct = ''", "body.covariates.Hct", "body.Hct"),
        ("[pools.gut]\nvolume = 1\n[organs.gut]\nvolume = 1", "organs.gut", "pools.gut"),
        ("[observe.t]\nvalue = 1", "observe.t", "reserved in the equation grammar"),
        ("[parameters]\na__b = 1", "parameters.a__b", "two consecutive underscores"),
        ("[parameters]\n'x y' = 1", "parameters.x y", "is not a valid name"),
        (f"[parameters]\n{'x' * 99} = 1", "parameters." + "x" * 80, "too long"),
        ("[population]\nlkj = { typical = 1 }", "population.lkj", "key of omega"),
        ("[covariates]\nWT = 'kgg'", "covariates.WT.unit", "unknown unit"),
        ("[population]\nCL = { typical = 1, unit = 'x' }", "population.CL.unit", "unknown unit"),
        ("[qsp.m.units]\nR = 'x'", "qsp.m.units.R", "unknown unit"),
        ("[observe.c]\nvalue = 1\nunit = '9**9**9'", "observe.c.value.unit", "is not a unit"),
        ("time_unit = 'kg'", "time_unit", "not a unit of time"),
        ("[study]\nunits = { DV = 'log(mgg/L)' }", "study.units.DV", "unknown unit 'mgg'"),
        ("[study]\nunits = { DV = 'loq(mg/L)' }", "study.units.DV", "is not a unit"),
        ("[covariates]\nWT = 'log(kg)'", "covariates.WT.unit", "is not a unit"),
        ("amount_unit = 'kgs'", "amount_unit", "unknown unit"),
        ("[population.omega]\nV = 1", "population.omega.V", "no population parameter"),
        ("[population.omega.occasion]\nV = 1", "population.omega.occasion.V", "no population"),
        ("[population]\nV = {typical = 1}\nomega = {V = 1}", "population.omega.V", "not state iiv"),
        ("[population.omega]\nlkj = 0", "population.omega.lkj", "the LKJ prior is 0"),
        ("[population.V]\ntypical = 1\ncovariates = {WT = 'linear(1)'}",
         "population.V.covariates.WT", "no covariate 'WT'"),
        ("[covariates]\nS = {levels = {m = 1}}\n[population.V]\ntypical = 1\n"
         "covariates = {S = 'categorical(f = 1)'}", "population.V.covariates.S", "no level 'f'"),
        ("[body]\ncovariates = {WT = 'kg'}\n[covariates]\nWT = 'kg'",
         "body.covariates.WT", "stated in two places"),
        ("[observe.c]\nvalue = 1\nerror = {form = 'combined', sigma = 1}",
         "observe.c.error.sigma", "does not have sigma"),
        ("[observe.c]\nvalue = 1\nerror = {form = 'power', sigma = 0}",
         "observe.c.error.sigma", "sigma is 0"),
        ("[population]\nV = {typical = 1, iiv = 'normal'}\nomega = {V = -1}",
         "population.omega.V", "is -1"),
        ("[population]\nV = {typical = 1, lower = 2, upper = 2}", "population.V", "lower is 2"),
        ("[population]\nV = {typical = 1, lower = 2}", "population.V.typical", "outside the"),
        ("[population]\nV = {typical = 1, value = 3, upper = 2}", "population.V.value", "3 is"),
        ("[covariates]\nS = {category = true, interpolation = 'linear'}",
         "covariates.S.interpolation", "cannot be interpolated"),
        ("[covariates]\nS = {levels = {a = 1, b = 1}}", "covariates.S.levels", "the same code"),
        ("[covariates]\nS = {levels = {a = 1, b = 2}, reference = 3}",
         "covariates.S.reference", "not the code of a level"),
        ("[parameters]\na = inf", "parameters.a.value", "not a finite number"),
        ("[parameters]\na = nan", "parameters.a.value", "not a finite number"),
        ("[parameters]\na = 0x" + "f" * 9000, "parameters.a.value", "not a finite number"),
        ("[parameters]\na = 1979-05-27", "parameters.a.value", "was given where a number"),
        ("drug = 3", "drug", "3 was given where a table"),
        ("link = {}", "link", "a table was given where a list"),
        ("organs = []", "organs", "a list was given where a table"),
        ("body = {covariates = 3}", "body.covariates", "was given where a table"),
    ],
)  # fmt: skip
def test_each_problem_is_named(text: str, place: str, what: str) -> None:
    found = problems('title = "x"\n' + text)
    assert place in found, found
    assert what in found[place][0]
    assert found[place][1]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = \n", "f, line 1, column 5"),
        ('b = 1\na = "x\n', "f, line 2, column 7"),
        ("[a]\n[a]\n", "f, line 2, column 3"),
        ("title = 'x'\ntitle = 'y'\n", "f, line 2, column 12"),
        ("title = 'x", "f, at the end of the file"),
    ],
)
def test_syntax_errors_come_with_line_and_column(text: str, place: str) -> None:
    assert place in problems(text)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000, "a = 1" + "0" * 5000, "x" * 1_000_001, "a" + ".a" * 20_000 + " = 1"],
    ids=["deep", "digits", "large", "dotted"],
)
def test_hostile_files_end_quickly(text: str) -> None:
    start = time.perf_counter()
    assert problems(text)
    assert time.perf_counter() - start < 2


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(b"\xef\xbb\xbf" + b'title = "x"\r\n')
    assert read_model(path).title == "x"


@pytest.mark.parametrize("content", [b'title = "\xff"', None], ids=["latin", "folder"])
def test_unreadable_files(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.toml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(CheckError, match=r"UTF-8|cannot be read"):
        read_model(path)
    with pytest.raises(CheckError, match="No such file"):
        read_model(tmp_path / "none.toml")


def test_a_column_of_a_study_may_be_a_logarithm() -> None:
    """As docs/data.md states it, and as headers and the argument of `read_study` may."""
    model = parse_model('title = "x"\n[study]\nunits = { DV = "log(ng/mL)" }')
    assert model.study is not None
    assert model.study.units == {"DV": "log(ng/mL)"}
