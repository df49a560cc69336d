"""Studies made in code, stacked, and bundled."""

import numpy as np
import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.study import (
    Dose,
    DoseColumn,
    regimen,
    stack_studies,
    study_from_frame,
    timelines,
)


def test_a_regimen() -> None:
    study = regimen(
        [Dose(amount=[100, 200], n=3, interval=24, to="oral"),
         Dose(amount=10, time=6, duration=2, to="iv", steady=1, interval=12)],
        [0, 6, 48], subjects=["x", "y"], outputs=("cp", "pca"),
        covariates={"WT": [70, 80], "SEX": "m"}, units={"WT": "kg"},
    )  # fmt: skip
    own = study.table[study.table["ID"] == "y"]
    assert own["TIME"].tolist() == [0, 0, 0, 6, 6, 6, 48, 48]
    assert own["EVID"].tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert own["AMT"].tolist() == [0, 0, 200, 0, 0, 10, 0, 0]
    assert own["RATE"].tolist() == [0, 0, 0, 0, 0, 5, 0, 0]
    assert own["ADDL"].tolist() == [0, 0, 2, 0, 0, 0, 0, 0]
    assert own["SS"].tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    assert own["DVID"].tolist() == ["cp", "pca", "", "cp", "pca", "", "cp", "pca"]
    assert own["WT"].tolist() == [80] * 8
    assert set(own["SEX"]) == {"m"}
    assert own["MDV"].tolist() == [1] * 8
    targets = (DoseColumn(name="oral", number=1), DoseColumn(name="iv", number=2))
    assert timelines(study, (), targets)[1].dose.tolist() == [-1, -1, 0, -1, -1, 1, -1, -1]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"doses": Dose(amount=[1, 2]), "subjects": 3}, "amount has the shape"),
        ({"doses": (), "subjects": 2, "covariates": {"WT": [1, 2, 3]}}, "WT has the shape"),
        ({"doses": Dose(amount=1, n=2)}, "ADDL is stated without II"),
        ({"doses": Dose(amount=-1)}, "AMT is -1"),
        ({"doses": (), "times": []}, "empty"),
        ({"doses": (), "subjects": 0}, "empty"),
        ({"doses": (), "times": [float("nan")]}, "TIME is missing"),
    ],
)
def test_invalid_regimens_are_refused(arguments: dict[str, object], what: str) -> None:
    with pytest.raises(CheckError, match=what):
        regimen(**{"times": [1.0], **arguments})  # type: ignore[arg-type]


def test_stacking() -> None:
    one = study_from_frame(
        pd.DataFrame({"ID": [1, 1], "TIME": [0, 60], "DV": [5.0, 6.0], "wt": 70}),
        units={"TIME": "min", "DV": "ug/L"},
    )
    two = study_from_frame(
        pd.DataFrame({"ID": [1, 1], "TIME": [0, 2], "DV": [0.5, 0.6], "WT": 80, "AGE": 3}),
        units={"TIME": "h", "DV": "mg/L", "AGE": "year"},
    )
    study = stack_studies({"A": one, "B": two})
    assert study.subjects == ("A:1", "B:1")
    assert study.table["TIME"].tolist() == pytest.approx([0, 60, 0, 120])
    assert study.table["DV"].tolist() == pytest.approx([5, 6, 500, 600])
    assert study.table["wt"].tolist() == [70, 70, 80, 80]
    assert np.isnan(study.table["AGE"][0])
    assert study.covariates == ("wt", "AGE", "STUDY")
    assert study.table["STUDY"].tolist() == ["A", "A", "B", "B"]
    assert study.units == {"TIME": "min", "DV": "ug/L", "AGE": "year"}
    assert [line.subject for line in timelines(study, (), ())] == ["A:1", "B:1"]


def test_studies_that_do_not_stack() -> None:
    frame = pd.DataFrame({"ID": [1], "TIME": 0.0, "DV": 1.0, "SEX": "m"})
    one, two = study_from_frame(frame), study_from_frame(frame.assign(SEX=1))
    with pytest.raises(CheckError, match="it is text in A only"):
        stack_studies({"A": one, "B": two})
    with pytest.raises(CheckError, match="already has a column sex"):
        stack_studies({"A": one}, label="sex")
    with pytest.raises(CheckError, match="there is no study"):
        stack_studies({})
    units = [study_from_frame(frame, units={"DV": unit}) for unit in ("mg/L", "nM")]
    with pytest.raises(CheckError, match="no conversion"):
        stack_studies({"A": units[0], "B": units[1]})
