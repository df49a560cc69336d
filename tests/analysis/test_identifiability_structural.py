"""The structural rung: known systems, named with their combinations."""

import dataclasses

import pytest
from flint import arb

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.identifiability.nullspace import PrecisionError, null_space
from pkqsp_bayes.analysis.identifiability.structural import (
    Structural,
    experiments_of,
    structural_rank,
)
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.typical_individual import typical_values
from pkqsp_bayes.ode.series import Experiment, series_rows
from pkqsp_bayes.spec.reading.toml import parse_model

ORAL = """
cp = central / V
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * cp
"""
BINDING = """
cp = drug / V
d(drug)/dt = -CL * cp - kon * cp * target * V + koff * complex * V
d(target)/dt = kdeg * (R0 - target) - kon * cp * target + koff * complex; target(0) = R0
d(complex)/dt = kon * cp * target - koff * complex - kint * complex
"""


def _model(
    equations: str, parameters: dict[str, float], *, output: str = "cp", dose: str = ""
) -> pq.ModelSpec:
    lines = [
        'title = "test"', "[equations]", f'text = """{equations}"""', dose, "[population]",
        *(f'{n} = {{ typical = "lognormal({v}, 0.5)" }}' for n, v in parameters.items()),
        "[observe.y]", f'value = "{output}"', 'error = "proportional"',
    ]  # fmt: skip
    return parse_model("\n".join(lines))


def _decide(model: pq.ModelSpec, *doses: pq.Dose) -> Structural:
    return structural_rank(compile_model(model), pq.regimen(list(doses), [1.0, 2.0]))


INTO_DEPOT = '[dose.oral]\nto = "depot"\nbioavailability = "F"\n'
INTO_CENTRAL = '[dose.iv]\nto = "central"\n'
PLAIN = {"CL": 0.3, "V": 1.0, "ka": 0.2}


def test_a_classic_model_passes() -> None:
    dose = '[dose.oral]\nto = "depot"\n'
    found = _decide(_model(ORAL, PLAIN, dose=dose), pq.Dose(amount=100))
    assert (found.rank, found.ambiguities) == (3, ())


def test_bioavailability_is_told_only_beside_an_intravenous_dose() -> None:
    model = _model(ORAL, {**PLAIN, "F": -0.5}, dose=INTO_DEPOT + INTO_CENTRAL)
    oral, iv = pq.Dose(amount=100, to="oral"), pq.Dose(amount=70, to="iv")
    (alone,) = _decide(model, oral).ambiguities
    assert set(alone.parameters) == {"CL", "V", "F"}
    assert alone.identified == ("CL/F", "V/F")
    assert alone.text == "CL, V and F change together: only CL/F and V/F are identified"
    assert _decide(model, oral, iv).rank == 4
    (blind,) = _decide(model, iv).ambiguities[:1]
    assert blind.text.endswith("no effect on what is observed")


def test_two_clearances_add_up() -> None:
    text = ORAL.replace("CL * cp", "(CLh + CLr) * cp")
    parameters = {"CLh": 0.3, "CLr": -0.4, "V": 1.0, "ka": 0.2}
    (found,) = _decide(
        _model(text, parameters, dose='[dose.oral]\nto = "depot"\n'), pq.Dose(amount=100)
    ).ambiguities
    assert found.identified == ("CLh + CLr",)


def test_what_is_neither_a_product_nor_a_sum_is_said_to_be() -> None:
    text = ORAL.replace("CL * cp", "Q * CLint / (Q + CLint) * cp")
    parameters = {"Q": 0.3, "CLint": -0.4, "V": 1.0, "ka": 0.2}
    (found,) = _decide(
        _model(text, parameters, dose='[dose.oral]\nto = "depot"\n'), pq.Dose(amount=100)
    ).ambiguities
    assert set(found.parameters) == {"Q", "CLint"}
    assert found.identified == ()
    assert "neither a product of powers nor a sum" in found.text


@pytest.mark.parametrize(("text", "rank"), [("Vmax * cp / (Km + cp)", 3), ("Vmax / Km * cp", 2)])
def test_saturation_tells_both_of_its_parameters(text: str, rank: int) -> None:
    equations = f"cp = central / V\nd(central)/dt = -{text}"
    model = _model(equations, {"Vmax": 1.0, "Km": 0.5, "V": 1.0}, dose=INTO_CENTRAL)
    found = _decide(model, pq.Dose(amount=100))
    assert found.rank == rank
    if rank == 2:
        assert found.ambiguities[0].identified == ("Vmax/Km",)


def test_binding_of_a_drug_to_its_target_is_told_by_its_curve_alone() -> None:
    """With fast binding, kon and koff are structurally identifiable."""
    parameters = {"CL": -1.0, "V": 1.0, "kon": 0.0, "koff": -1.0, "R0": 0.5, "kdeg": -1.0,
                  "kint": -2.0}  # fmt: skip
    model = _model(BINDING, parameters, dose='[dose.iv]\nto = "drug"\n')
    assert _decide(model, pq.Dose(amount=100)).rank == 7


def test_lag_and_length_of_an_infusion_are_seen() -> None:
    model = pq.load_model("one-compartment")
    compiled = compile_model(model, individual=["F", "D"])
    times = [1.0, 2.0]
    oral = structural_rank(compiled, pq.regimen(pq.Dose(amount=100, to="oral"), times,
                                             covariates={"WT": 70.0}))  # fmt: skip
    assert oral.ambiguity_of("tlag") is None
    assert oral.ambiguity_of("D").text == "D has no effect on what is observed"
    study = pq.regimen(pq.Dose(amount=100, to="iv"), times, covariates={"WT": 70.0})
    study.table.loc[study.table.EVID == 1, "RATE"] = -2.0
    assert structural_rank(compiled, study).ambiguity_of("D") is None


def test_a_root_of_nothing_is_no_decision() -> None:
    model = _model(
        "d(central)/dt = -k * central\nd(e)/dt = central^0.5 * g - e^0.5",
        {"k": -1.0, "g": 0.0}, output="e", dose=INTO_CENTRAL,
    )  # fmt: skip
    found = _decide(model, pq.Dose(amount=100))
    assert found.rank == -1
    assert "zero" in found.problem


def test_a_ball_that_is_too_wide_decides_nothing() -> None:
    with pytest.raises(PrecisionError):
        null_space([[arb(0, 1e-3), arb(1)]], [0, 1])


@pytest.mark.parametrize("name", ["one-compartment", "two-compartment", "theophylline"])
def test_linear_systems_are_expanded_as_any_other(name: str) -> None:
    model, study = compile_model(pq.load_model(name)), pq.load_dataset("theophylline")
    point = [float(x) for x in typical_values(model, {})]
    assert model.lowered.linear
    anyhow = dataclasses.replace(model.lowered, linear=False)
    outputs = range(len(model.ode.output_names))
    infusion = Experiment(kind="infusion", target=0, amount=3.0, rate=2.0)
    experiments = [*experiments_of(model, study)]
    for experiment, covariates in [*experiments[:2], (infusion, experiments[0][1])]:
        one, other = (
            series_rows(ode, experiment, point, covariates, outputs, order=12, bits=200)
            for ode in (model.lowered, anyhow)
        )
        pairs = [*zip(one.values, other.values, strict=True)]
        for row, same in zip(one.slopes, other.slopes, strict=True):
            pairs += zip(row, same, strict=True)
        for x, y in pairs:
            assert x.overlaps(y)
            assert float(x.mid()) == pytest.approx(float(y.mid()), rel=1e-14, abs=1e-300)
