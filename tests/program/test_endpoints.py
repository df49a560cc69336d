"""From DV and CMT to outputs: which, in which unit, and what `check` says of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.likelihood.residual import Residual
from pkqsp_bayes.ode.checks.units import output_units
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.program.data.observations import collect_observations
from pkqsp_bayes.program.program_inits import unconstrained_point
from pkqsp_bayes.spec import format_model, parse_model
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from pkqsp_bayes.units import convert_values
from tests.emit.stanc import check

MODEL = """
title = "plasma and urine"
[equations]
text = '''
cp = A / V
d(A)/dt = -CL * cp
d(U)/dt = CL * cp
'''
units = {{ A = "mg", U = "mg", cp = "mg/L" }}
[dose.iv]
to = "A"
[population]
CL = {{ typical = 2, unit = "L/h" }}
V = {{ typical = 20, unit = "L" }}
{observe}
"""
CP = '[observe.cp]\nvalue = "cp"\nunit = "mg/L"\nerror = "additive"\n'
URINE = '[observe.urine]\nvalue = "U"\nunit = "mg"\nerror = "additive"\n'
LOG = '[observe.lcp]\nvalue = "{value}"\nerror = "additive"\n'


def model_of(observe: str = CP) -> pq.ModelSpec:
    return parse_model(MODEL.format(observe=observe))


def study_of(dv: list[Any], units: dict[str, str] | None = None, **columns: Any) -> pq.Study:
    time = np.arange(len(dv) + 1, dtype=float)
    cmt = ["iv", *columns.pop("CMT", [""] * len(dv))]
    table = pd.DataFrame({"ID": 1, "TIME": time, "AMT": [100.0] + [0.0] * len(dv), "CMT": cmt,
                          "EVID": [1] + [0] * len(dv), "DV": [None, *dv]})  # fmt: skip
    table = table.assign(**{name: [None, *values] for name, values in columns.items()})
    return pq.study_from_frame(table, units=units)


def seen(model: pq.ModelSpec, study: pq.Study) -> Observations:
    return collect_observations(compile_model(model), study)


def errors(model: pq.ModelSpec, study: pq.Study) -> list[pq.Issue]:
    return [issue for issue in pq.check(model, study) if issue.severity == "error"]


def told(model: pq.ModelSpec, study: pq.Study) -> list[pq.Issue]:
    """What is said of the table."""
    return [issue for issue in pq.check(model, study) if issue.where.startswith(study.source)]


def test_dv_and_its_limits_are_in_the_unit_of_the_output() -> None:
    found = seen(model_of(), study_of(["5100", "<50", "4100"], {"DV": "ng/mL"}))
    np.testing.assert_allclose(found.value, [5.1, 0.05, 4.1])
    np.testing.assert_allclose(found.lower, 0.05)
    assert np.isnan(found.upper).all()
    assert found.censored.tolist() == [0, -1, 0]


@pytest.mark.parametrize("unit", ["nmol/L", "%", "mg", "log(mg/L)", "1/h"])
def test_a_unit_of_another_dimension_is_refused(unit: str) -> None:
    found = errors(model_of(), study_of([1.0, 2.0], {"DV": unit}))
    assert found
    assert found[0].remedy
    assert "output cp" in found[0].where


def test_the_remedy_for_moles_leads_to_the_right_model() -> None:
    molar = '[observe.cp]\nvalue = "cp / MW * 1000"\nunit = "umol/L"\nerror = "additive"\n'
    text = MODEL.format(observe=molar).replace(
        "[dose.iv]", '[drug]\nname = "x"\nMW = 500\n[dose.iv]'
    )
    found = seen(parse_model(text), study_of([2000.0], {"DV": "nmol/L"}))
    assert found.value[0] == pytest.approx(2.0)


def test_each_endpoint_has_its_unit() -> None:
    model = model_of(CP + URINE)
    study = study_of([5100.0, 2.0], {"DV.cp": "ng/mL", "DV.urine": "g"}, DVID=["cp", "urine"])
    np.testing.assert_allclose(seen(model, study).value, [5.1, 2000])
    assert errors(model, study_of([1.0, 2.0], {"DV": "mg/L"}, DVID=["cp", "urine"]))
    assert errors(model, study_of([1.0, 2.0], {"DV.cpp": "mg/L"}, DVID=["cp", "urine"]))


@pytest.mark.parametrize(
    ("value", "unit", "dv", "expected"),
    [
        ("log(cp)", "log(ng/mL)", np.log(5100), np.log(5.1)),
        ("log(cp)", "ln(mg/L)", 1.5, 1.5),
        ("log(cp)", "log10(ng/mL)", 3.0, 0.0),
        ("log(cp)", "", 1.5, 1.5),
    ],
)
def test_log_transformed_dv(value: str, unit: str, dv: float, expected: float) -> None:
    model = model_of(LOG.format(value=value))
    found = seen(model, study_of([dv], {"DV": unit} if unit else None))
    assert found.value[0] == pytest.approx(expected, abs=1e-12)


def test_other_logarithms_have_units_too() -> None:
    model = model_of(LOG.format(value="log10(cp)"))
    assert output_units(model, compose_model(model)) == {"lcp": "log10(mg/L)"}
    found = convert_values(np.array([np.log(1e5)]), "log(ng/mL)", "log10(mg/L)")
    assert found[0] == pytest.approx(2.0)


def test_a_plain_unit_of_a_logarithm_is_refused() -> None:
    found = errors(model_of(LOG.format(value="log(cp)")), study_of([1.0], {"DV": "ng/mL"}))
    assert "DV [log(ng/mL)]" in found[0].remedy


def test_cmt_that_the_model_states_names_the_output() -> None:
    model = model_of(CP + "cmt = 2\n" + URINE + 'cmt = [3, "bladder"]\n')
    study = study_of([5.0, 150.0, 160.0, 4.0], CMT=["2", "3", "bladder", "2"])
    assert seen(model, study).output.tolist() == [0, 1, 1, 0]
    assert pq.check(model, study) == []
    assert "CMT '4' is not an observed output" in errors(model, study_of([5.0], CMT=["4"]))[0].what
    both = study_of([5.0], CMT=["3"], DVID=["cp"])
    assert "name different outputs" in errors(model, both)[0].what
    assert model.observe["urine"].cmt == ("3", "bladder")
    assert parse_model(format_model(model)) == model


def test_cmt_may_be_the_name_of_an_output() -> None:
    study = study_of([5.0, 150.0], CMT=["CP", "urine"])
    assert seen(model_of(CP + URINE), study).output.tolist() == [0, 1]


def test_several_cmt_under_one_output_are_refused_and_the_remedies_work() -> None:
    study = study_of([5.0, 4.0, 150.0], CMT=["2", "2", "3"])
    found = errors(model_of(), study)
    assert len(found) == 1
    assert "row 4, column CMT" in found[0].where
    assert errors(model_of(CP + "cmt = [2, 3]\n"), study) == []
    assert errors(model_of(CP + "cmt = 2\n" + URINE + "cmt = 3\n"), study) == []
    assert errors(model_of(CP + "cmt = 2\n"), study)
    # DVID says that the matrices are one endpoint; CMT says otherwise.
    assert errors(model_of(), study_of([5.0, 150.0], CMT=["2", "3"], DVID=["cp", "cp"]))


def test_one_cmt_under_one_output_is_told() -> None:
    (found,) = told(model_of(), study_of([5.0, 4.0], CMT=["2", "2"]))
    assert found.severity == "warning"
    assert "is assumed to be cp" in found.what
    assert told(model_of(CP + "cmt = 2\n"), study_of([5.0], CMT=["2"])) == []
    assert told(model_of(), study_of([5.0], CMT=["0"])) == []


def test_samples_before_the_dose_under_a_relative_error() -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0.0, 0, 1], "AMT": [0, 100.0, 0], "CMT": ["", "iv", ""],
                          "EVID": [0, 1, 0], "DV": [0.1, None, 5.0]})  # fmt: skip
    study = pq.study_from_frame(table)
    for form in ("proportional", "power", "lognormal"):
        (found,) = errors(model_of(CP.replace("additive", form)), study)
        assert "row 1, column TIME" in found.where
        assert "prediction of cp is 0" in found.what
    for form in ("additive", "combined", "student_t"):
        assert errors(model_of(CP.replace("additive", form)), study) == []
    (found,) = errors(model_of(LOG.format(value="log(cp)")), study)
    assert "logarithm of 0" in found.what
    # Just after an infusion has begun there is nothing yet; after a bolus there is.
    infused = table.assign(RATE=[0, 50.0, 0], TIME=[0.0, 1, 1], DV=[None, None, 5.0])
    model = model_of(CP.replace("additive", "proportional"))
    assert errors(model, pq.study_from_frame(infused.iloc[1:]))
    bolus = infused.drop(columns="RATE").iloc[1:]
    assert errors(model, pq.study_from_frame(bolus)) == []


def test_a_missing_sample_before_the_dose_is_a_warning_for_a_logarithm() -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0.0, 1, 2], "AMT": [0, 100.0, 0], "CMT": ["", "iv", ""],
                          "EVID": [0, 1, 0], "DV": [None, None, 1.5]})  # fmt: skip
    (found,) = told(model_of(LOG.format(value="log(cp)")), pq.study_from_frame(table))
    assert found.severity == "warning"
    assert "logarithm of 0" in found.what


def test_levels_and_codes_of_missing_values() -> None:
    text = MODEL.format(observe=CP).replace(
        "[dose.iv]", '[covariates]\nSEX = { levels = { female = 0, male = 1 } }\nWT = ""\n[dose.iv]'
    )
    study = study_of([5.0, 4.0, 3.0]).table.assign(SEX=1.0, WT=[70.0, -99.0, 70.0, 70.0])
    found = pq.check(parse_model(text), pq.study_from_frame(study.drop(columns="ROW")))
    said = [issue.what for issue in found if issue.severity == "warning"]
    assert "no subject has the level female, which the model states" in said
    assert "it is -99, which looks like a missing value" in said


FORMS = {
    "additive": ({"sigma": 0.5}, stats.norm(2.0, 0.5)),
    "proportional": ({"sigma": 0.3}, stats.norm(2.0, 0.6)),
    "combined": ({"additive": 0.3, "proportional": 0.2}, stats.norm(2.0, 0.5)),
    "lognormal": ({"sigma": 0.4}, stats.lognorm(0.4, scale=2.0)),
    "student_t": ({"sigma": 0.5, "df": 4.0}, stats.t(4.0, loc=2.0, scale=0.5)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("low", "high"), [(0.5, 1.0), (1.0, 3.0), (4.0, 4.5)])
def test_an_interval_has_the_probability_between_its_ends(
    form: str, low: float, high: float
) -> None:
    """Against the integral of the density."""
    scales, law = FORMS[form]
    residual = Residual(
        form=RESIDUAL_ERRORS[form], scales={k: np.array(v) for k, v in scales.items()}
    )
    area, _ = integrate.quad(law.pdf, low, high, epsabs=1e-13)
    for y, limit, censored in ((high, low, -1), (low, high, 1)):
        found = residual.log_density(
            np.array(y), np.array(2.0), np.array(censored), np.array(limit)
        )
        assert np.exp(found) == pytest.approx(area, rel=1e-8)
    plain = residual.log_density(np.array(high), np.array(2.0), np.array(-1), np.array(np.nan))
    assert np.exp(plain) == pytest.approx(law.cdf(high))


def test_intervals_enter_the_program_where_the_study_has_some() -> None:
    model = model_of(CP)
    interval = study_of([5.0, 0.1, 0.1], CENS=[0, 1, 1], LIMIT=[0.0, 0.01, None])
    bound = bind_model(model, interval)
    assert "interval_lpdf(y[i] | limit[i], " in bound.program
    assert bound.data["limit"] == [5.0, 0.01, 0.1]
    check(bound.program, "--allow-undefined")
    plain = bind_model(model, study_of([5.0, 0.1, 0.1], CENS=[0, 1, 1]))
    assert "interval_lpdf" not in plain.program
    assert "limit" not in plain.data


def test_the_summary_says_what_was_read() -> None:
    model = model_of(CP + "cmt = 2\n" + URINE + "cmt = 3\n")
    study = study_of([5100.0, "<50", 2.0], {"DV.cp": "ng/mL", "DV.urine": "mg"},
                     CMT=["2", "2", "3"], NOTE=[None, None, None])  # fmt: skip
    found = pq.summarise_study(study, model)
    assert found.doses.loc[0, ["compartment", "unit", "doses", "most"]].tolist() == ["iv", "mg", 1,
                                                                                 100.0]  # fmt: skip
    by_name = found.observations.set_index("endpoint")
    assert by_name.loc["cp", ["unit", "observations", "below", "LLOQ"]].tolist() == ["mg/L", 2, 1,
                                                                                "0.05"]  # fmt: skip
    assert by_name.loc["urine", ["observations", "below", "most"]].tolist() == [1, 0, 2.0]
    assert found.unused == ("NOTE",)
    assert "columns not used: NOTE" in found.text
    assert repr(found) == found.text
    alone = pq.summarise_study(study)
    assert set(alone.observations["endpoint"]) == {"CMT 2", "CMT 3"}


@pytest.mark.slow
def test_the_program_counts_an_interval_as_numpy_does() -> None:
    """Differences of the log density in sigma alone, where the prediction stays the same."""
    known = CP + "cmt = 2\n" + URINE.replace("additive", "lognormal")
    study = study_of([5.0, 0.1, 9.0, 150.0], CMT=["2"] * 3 + ["urine"], CENS=[0, 1, -1, 1],
                     LIMIT=[None, 0.01, 12.0, 90.0])  # fmt: skip
    bound = bind_model(model_of(known), study)
    centre = unconstrained_point(bound.inits)
    points = centre + np.array([[0.0] * centre.size, [0.3] * centre.size, [-0.2] * centre.size])
    values, _ = log_density(bound, points)
    time, f = np.arange(1, 5), np.empty(4)
    f[:3] = 100 / 20 * np.exp(-2 / 20 * time[:3])
    f[3] = 100 * (1 - np.exp(-2 / 20 * 4))
    spread = float(np.std(bound.data["y"][:3]))
    expected = []
    for one, other in np.exp(points):
        law, second = stats.norm(f[:3], one), stats.lognorm(other, scale=f[3])
        likelihood = np.array([
            law.pdf(5.0)[0], law.cdf(0.1)[1] - law.cdf(0.01)[1], law.cdf(12.0)[2] - law.cdf(9.0)[2],
            second.cdf(150.0) - second.cdf(90.0),
        ])  # fmt: skip
        prior = stats.halfnorm(scale=float(f"{spread:.3g}")).logpdf(one)
        prior += stats.halfnorm(scale=0.5).logpdf(other)
        expected.append(np.log(likelihood).sum() + prior + np.log(one) + np.log(other))
    np.testing.assert_allclose(np.diff(values), np.diff(expected), rtol=1e-6, atol=1e-5)


def test_the_summary_of_what_changes_is_over_all_values() -> None:
    table = pd.DataFrame({"ID": ["a"] * 3 + ["b"] * 3, "TIME": [0.0, 1, 2] * 2, "DV": 1.0})
    table["AAG"] = [0.8, 1.6, 0.8, 0.8, 0.8, 0.8]
    table["SEX"] = ["m", "m", "m", "f", "f", "m"]
    table["WT"] = [70.0, 71, 72, 60, 90, 60]
    found = pq.summarise_study(pq.study_from_frame(table)).covariates.set_index("covariate")
    assert found["values"].to_dict() == {
        "AAG": "0.8: 2, 1.6: 1", "SEX": "f: 1, m: 2", "WT": "60 to 90",
    }  # fmt: skip
    assert found["changes"].tolist() == ["yes", "yes", "yes"]


def test_no_negative_number_of_doses_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ID,TIME,AMT,ADDL,II,DV\n1,0,100,-3,12,.\n1,1,.,.,.,5\n")
    study = pq.examine_study(path)
    assert [i.what for i in study.errors] == ["ADDL is -3"]
    assert pq.summarise_study(study).doses["doses"].tolist() == [1]


def test_a_record_of_which_nothing_says_the_output() -> None:
    two = CP + URINE
    study = study_of([1.0, 2.0], CMT=["2", ""])
    cmt = two.replace("error", "cmt = 2\nerror", 1)
    (issue,) = [i for i in errors(model_of(cmt), study) if "which output" in i.what]
    assert "column CMT" in issue.where
    assert "DVID ''" not in issue.what
    by_dvid = study_of([1.0, 2.0], DVID=["cp", ""])
    (issue,) = [i for i in errors(model_of(two), by_dvid) if "which output" in i.what]
    assert "column DVID" in issue.where


@pytest.mark.parametrize(
    ("error", "limit", "severity"),
    [
        ("lognormal", 0.0, "error"), ("lognormal", -1.0, "error"), ("additive", -1.0, "warning"),
        ("additive", 0.0, None), ("additive", 0.1, None), ("lognormal", 0.1, None),
    ],
)  # fmt: skip
def test_limits_below_which_nothing_lies(error: str, limit: float, severity: str | None) -> None:
    model = model_of(CP.replace("additive", error))
    study = study_of([5.0, f"<{limit}"])
    found = [i for i in pq.check(model, study) if "no values below" in i.what]
    assert {i.severity for i in found} == ({severity} if severity else set()) | (
        {"warning"} if severity == "error" else set()
    )


def test_a_logarithm_may_have_a_negative_limit() -> None:
    model = model_of(LOG.format(value="log(cp)"))
    study = study_of([1.0, "<-2"], units={"DV": "log(mg/L)"})
    assert not [i for i in pq.check(model, study) if "no values below" in i.what]
