"""Unusual records: items of dose records elsewhere, negative limits, compartments switched off."""

import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.study import study_from_frame

ROW = {"ID": 1, "TIME": 0.0, "EVID": 0, "AMT": 0.0, "CMT": "iv", "DV": 1.0}


def frame(**second: object) -> pd.DataFrame:
    dose = {**ROW, "EVID": 1, "AMT": 100.0, "DV": None}
    table = pd.DataFrame([dose, {**ROW, "TIME": 2.0, **second}, {**ROW, "TIME": 3.0}])
    return table.fillna({name: 0 for name in second if name not in ("DV", "CMT")})


@pytest.mark.parametrize("column", ["SS", "RATE", "ADDL", "II"])
def test_a_sample_that_looks_like_a_dose_is_named(column: str) -> None:
    study = study_from_frame(frame(**{column: 1}))
    told = [i for i in study.warnings if i.what.startswith(f"{column} is 1 on a record")]
    assert ["row 2" in issue.where for issue in told] == [True]
    assert [issue.severity for issue in told] == ["warning"]


def test_a_compartment_is_not_switched_off() -> None:
    with pytest.raises(pq.CheckError, match="row 2, column CMT: CMT is -1"):
        study_from_frame(frame(EVID=2, CMT="-1"))


def test_a_negative_limit_is_named() -> None:
    study = study_from_frame(frame(BLQ=1, DV=-0.1))
    assert any("-0.1 is used as LLOQ" in issue.what for issue in study.warnings)


@pytest.mark.parametrize(("rate", "key"), [(-1, "rate"), (-2, "duration")])
def test_a_rate_that_the_model_has_not(rate: int, key: str) -> None:
    table = frame()
    table["RATE"] = [rate, 0, 0]
    study = study_from_frame(table.assign(WT=70.0, CMT="oral"))
    issues = pq.check(pq.load_model("one-compartment"), study)
    assert any(f"'oral' has no {key}" in i.what for i in issues if i.severity == "error")
