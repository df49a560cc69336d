"""The regimen that a report takes for its variance budget."""

import numpy as np

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.reporting.sections.budget import typical_regimen


def test_the_regimen_is_that_of_the_subject_with_the_median_dose(theophylline: pq.Study) -> None:
    compiled = compile_model(pq.load_model("one-compartment"))
    doses = typical_regimen(compiled, theophylline)
    given = np.sort(theophylline.table.groupby("ID")["AMT"].sum())
    assert doses is not None
    assert [(d.amount, d.to, d.n, d.duration) for d in doses] == [(given[5], "oral", 1, 0.0)]


def test_infusions_and_repeated_doses_are_kept() -> None:
    compiled = compile_model(pq.load_model("one-compartment"))
    dose = pq.Dose(amount=100, time=1, n=3, interval=12, duration=2, to="iv")
    study = pq.regimen(dose, [0, 24], covariates={"WT": 70})
    found = typical_regimen(compiled, study)
    assert found is not None
    names = ("amount", "time", "n", "interval", "duration", "steady", "to")
    assert [getattr(found[0], n) for n in names] == [getattr(dose, n) for n in names]


def test_modelled_durations_cannot_be_given_again() -> None:
    compiled = compile_model(pq.load_model("one-compartment"))
    study = pq.regimen(pq.Dose(amount=100, to="iv"), [1], covariates={"WT": 70})
    table = study.table.assign(RATE=np.where(study.table["EVID"] == 1, -2.0, 0.0))
    assert typical_regimen(compiled, pq.Study(table=table, covariates=("WT",))) is None
