"""The regimen of a report's variance budget: it begins with the dose of its derived parameters."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.exposure.reference_dose import most_common_dose, reference_regimen
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model


@pytest.fixture(scope="module")
def compiled() -> CompiledModel:
    return compile_model(pq.load_model("one-compartment"))


def test_a_study_of_single_doses_has_the_reference_dose(compiled: CompiledModel) -> None:
    study = pq.load_dataset("theophylline")
    doses, first = reference_regimen(compiled, study), most_common_dose(compiled, study)
    assert doses is not None
    assert first is not None
    assert [(d.to, d.n, d.duration) for d in doses] == [("oral", 1, 0.0)]
    assert doses[0].amount == pytest.approx(float(np.asarray(first.amount)), rel=1e-5)


def test_of_subjects_that_begin_alike_the_middle_total_dose_is_taken(
    compiled: CompiledModel,
) -> None:
    # Three subjects begin with 50 mg and go on with 10, 30 and 90 mg; two begin with 1000 mg.
    first, second = np.array([50.0, 1000, 50, 1000, 50]), np.array([90.0, 1, 10, 1, 30])
    doses = [pq.Dose(amount=first, to="iv"), pq.Dose(amount=second, time=12, to="iv")]
    study = pq.regimen(doses, [24.0], subjects=5, covariates={"WT": 70})
    found = reference_regimen(compiled, study)
    assert found is not None
    assert [(d.amount, d.time) for d in found] == [(50, 0), (30, 12)]


def test_infusions_and_repeated_doses_are_kept(compiled: CompiledModel) -> None:
    dose = pq.Dose(amount=100, time=1, n=3, interval=12, duration=2, to="iv")
    study = pq.regimen(dose, [0, 24], covariates={"WT": 70})
    found = reference_regimen(compiled, study)
    assert found is not None
    names = ("amount", "time", "n", "interval", "duration", "steady", "to")
    assert [getattr(found[0], n) for n in names] == [getattr(dose, n) for n in names]


def test_modelled_durations_cannot_be_given_again(compiled: CompiledModel) -> None:
    study = pq.regimen(pq.Dose(amount=100, to="iv"), [1], covariates={"WT": 70})
    table = study.table.assign(RATE=np.where(study.table["EVID"] == 1, -2.0, 0.0))
    assert reference_regimen(compiled, pq.Study(table=table, covariates=("WT",))) is None
