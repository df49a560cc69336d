"""Unknown names and values that are not numbers are reported by all functions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from tests.analysis.test_few_draws import DOSE, observed, short

MODEL = pq.load_model("one-compartment")
STUDY = pq.regimen(pq.Dose(amount=100, to="iv"), [0, 1], covariates={"WT": 70.0})


def simulated(**given: object) -> object:
    return pq.simulate(MODEL, STUDY, **given)


def body(**given: object) -> object:
    return pq.reference_body("human", **given)


def changed(do: dict) -> object:
    return pq.intervene(short(30), do, draws=5, subjects=4, **DOSE)


def drug(**given: object) -> object:
    return pq.kp_table(pq.DrugChemistry(**{"logP": 2.0, "fup": 0.3} | given))


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: simulated(covariates={"WTT": 1.0}), "covariates.WTT.*did you mean WT"),
    (lambda: simulated(covariates={"WT": True}), "True, not a number"),
    (lambda: simulated(parameters={"CL": True}), "True, not a number"),
    (lambda: simulated(parameters={"CL": np.bool_(True)}), "not a number"),
    (lambda: simulated(parameters={"CL": "x"}), "'x', not a number"),
    (lambda: simulated(parameters={"CL": None}), "None, not a number"),
    (lambda: simulated(parameters={"CL": [1.0]}), "a list, not a number"),
    (lambda: simulated(parameters={"CL": float("nan")}), "CL is nan"),
    (lambda: simulated(parameters={"CLL": 1.0}), "did you mean CL"),
    (lambda: simulated(parameters=pd.DataFrame(
        {"ID": ["1"], "CL": [True], "V": [1.0], "ka": ["x"], "tlag": [0.0]})), "not numbers"),
    (lambda: pq.prior_posterior(short(30), observed(), truth={"CLL": 3.0}), "truth.CLL.*mean CL"),
    (lambda: pq.identifiability(MODEL, STUDY, truth={"CLL": 3.0}), "truth.CLL.*mean CL"),
    (lambda: pq.identifiability(MODEL, STUDY, point={"CLL": 3.0}), "point.CLL"),
    (lambda: changed({"CL": True}), "cannot be set to True"),
    (lambda: changed({"CL": np.bool_(True)}), "cannot be set"),
    (lambda: changed({"CL": None}), "cannot be set to None"),
    (lambda: changed({"CL": pq.Scaled(factor=True)}), "factor is True"),
    (lambda: changed({"CL": pq.Scaled(factor="2")}), "factor is '2'"),
    (lambda: changed({"dose": pq.Dose(amount=True)}), "not a regimen"),
    (lambda: changed({"dose": 3}), "not a regimen"),
    (lambda: pq.vpc(short(30), observed(), time="TAF"), "'TAF' is not a valid choice"),
    (lambda: body(AGE="1e3"), "AGE is '1e3', not a number"),
    (lambda: body(SEX=""), "SEX is '', not a number"),
    *[(lambda n=n: body(**{n: float}), n) for n in ("WT", "HT", "AGE", "SEX")],
    *[(lambda n=n: body(**{n: "x"}), n) for n in ("WT", "HT", "AGE", "SEX")],
    (lambda: body(AGE={}), "AGE"),
    (lambda: pq.ontogeny_factor("CYP3A4", float), "age"),
    (lambda: pq.ontogeny_factor("CYP3A4", 1.0, gestation=float), "gestation"),
    (lambda: pq.ontogeny_factor("CYP3A4", "1"), "age"),
    (lambda: drug(logP={"a": 1}), "logP is a dict, not a number"),
    (lambda: drug(fup=float), "fup is a type, not a number"),
    (lambda: drug(BP=[1.0]), "BP is a list, not a number"),
    (lambda: drug(pKa_base=({},)), "pKa_base is a dict, not a number"),
    (lambda: pq.regimen(pq.Dose(amount=1.0), [1.0], subjects=["a", "b", "a"]),
     "subjects: duplicated: a"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "told"), WRONG, ids=[told for _, told in WRONG])
def test_it_is_refused_by_name(asked: Callable[[], object], told: str) -> None:
    with pytest.raises(pq.CheckError, match=told):
        asked()


def test_individuals_know_the_covariates_of_their_model() -> None:
    people = pq.individualise(short(30), observed(), draws=10, method="map")
    with pytest.raises(pq.CheckError, match=r"covariates.WTT: the model does not have"):
        people.simulate(pq.Dose(amount=100), [1.0], covariates={"WTT": 70.0})


def test_numbers_of_numpy_and_names_in_another_case_are_fine() -> None:
    usual = simulated(parameters={"CL": 3.0}, covariates={"WT": 60.0})
    same = simulated(parameters={"CL": np.int64(3)}, covariates={"wt": np.float32(60)})
    np.testing.assert_array_equal(usual.cp, same.cp)
    assert changed({"CL": np.float64(3.0)}).attrs["do"] == changed({"CL": 3.0}).attrs["do"]


def test_paths_in_the_wrong_order(tmp_path: Path) -> None:
    table, model = tmp_path / "occ.csv", tmp_path / "occ.toml"
    table.write_text("ID,TIME,DV\n1,0,1\n")
    model.write_text('title = "x"\n')
    for asked in (
        lambda: pq.check(table, model),
        lambda: pq.check(str(table), str(model)),
        lambda: pq.fit(table, model, tmp_path / "out"),
        lambda: pq.simulate(table, model),
        lambda: pq.load_model(table),
    ):
        with pytest.raises(pq.CheckError, match="give the model first, then the study"):
            asked()
