"""A model and a bad table: one report, with everything in it."""

from pathlib import Path

import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.spec import parse_model

MODEL = """
title = "one compartment"
[covariates]
WT = "kg"
AAG = { unit = "g/L", interpolation = "linear" }
[equations]
text = "d(A)/dt = -CL * WT / 70 / (1 + AAG) * A"
[dose.central]
to = "A"
[population]
CL = { typical = "lognormal(0, 1)", unit = "1/h" }
[observe.cp]
value = "A"
error = "additive"
"""
TABLE = """ID,TIME,AMT,RATE,EVID,CMT,ADDL,II,SS,DV,DVID,WT,AAG
1,0,100,0,1,central,3,0,1,.,.,70,.
1,-2,0,0,0,.,0,0,0,1,cp,70,0.8
1,2,-5,-3,1,liver,0,0,0,.,.,71,0.9
1,2,0,0,3,.,0,0,0,.,.,70,0.9
1,2,0,0,3,.,0,0,0,.,.,70,0.9
1,nan,0,0,0,.,0,0,0,2,px,70,0.9
"""


def test_everything_is_in_one_report(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    issues = pq.check(parse_model(MODEL), pq.examine_study(path))
    found = {(i.where.removeprefix(f"{path}, "), i.what) for i in issues if i.severity == "error"}
    expected = {
        ("row 3, column TIME", "TIME decreases to -2"),
        ("row 7, column TIME", "TIME is missing"),
        ("row 2, column II", "SS is stated without II"),
        ("row 2, column II", "ADDL is stated without II"),
        ("row 4, column AMT", "AMT is -5"),
        ("row 4, column RATE", "RATE is -3"),
        ("row 4, column CMT", "'liver' is not a dosing compartment"),
        ("row 7, column DVID", "DVID 'px' is not an observed output"),
        (
            "row 2, column AAG",
            "there is no value at the first record of subject 1, or where its time restarts, but "
            "the covariate changes over time",
        ),
    }
    assert expected <= found
    assert any("WT" in where and "declares it as fixed" in what for where, what in found)
    with pytest.raises(pq.CheckError):
        pq.read_study(path)


@pytest.mark.parametrize("observe", ["", '[observe.cp]\nvalue = "A"\n'])
def test_values_that_no_output_reads_are_told(observe: str) -> None:
    head = MODEL[: MODEL.index("[observe.cp]")].replace('WT = "kg"\n', "").replace("* WT / 70", "")
    model = parse_model(head.replace("/ (1 + AAG)", "").replace("AAG =", "# AAG =") + observe)
    table = pd.DataFrame({"ID": 1, "TIME": [0, 1, 2], "AMT": [100.0, 0, 0], "DV": [None, 5, 6]})
    found = [i for i in pq.check(model, table) if "are not read" in i.what]
    assert [i.severity for i in found] == ["warning"]
    assert found[0].what.startswith("2 observations")
    assert "[observe.cp] error" in found[0].remedy
    silent = [i for i in pq.check(model, table.assign(DV=None)) if "are not read" in i.what]
    assert silent == []
