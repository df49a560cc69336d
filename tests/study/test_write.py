"""A study that is written is read again as it was."""

from pathlib import Path

import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.write import write_study

ODD = """\
ID,TIME [min],AMT [ug],RATE,EVID,CMT,ADDL,II,SS,DV [ng/mL],DVID,MDV,BLQ,LLOQ,OCC,WT [lb],ETHN
#1,0,100,-2,1,iv,2,12,1,.,,1,0,.,1,154,"white, other"
#1,30,0,0,0,.,0,0,0,<0.1,cp,0,.,.,1,154,"white, other"
#1,60,0,0,0,.,0,0,0,0.30000000000000004,cp,0,0,0.1,1,154,"white, other"
007,0,50,0,4,oral,0,0,0,.,,1,0,.,2,.,.
007,1e-7,0,0,0,.,0,0,0,1e-300,cp,0,0,.,2,.,.
"""


def again(study: Study, folder: Path) -> Study:
    write_study(study, folder / "study.csv")
    return pq.read_study(folder / "study.csv")


def assert_same(found: Study, study: Study) -> None:
    assert dict(found.units) == dict(study.units)
    assert found.covariates == study.covariates
    columns = [name for name in study.table if name != "ROW"]
    # The reader of numbers is right to the last place but one.
    pd.testing.assert_frame_equal(found.table[columns], study.table[columns], rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ["theophylline", "quinidine"])
def test_bundled_studies_come_back(name: str, tmp_path: Path) -> None:
    study = pq.load_dataset(name)
    assert_same(again(study, tmp_path), study)


def test_odd_names_units_limits_and_codes_come_back(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(ODD.replace("#1", '"#1"'))
    study = pq.read_study(tmp_path / "odd.csv")
    assert study.subjects == ("#1", "007")
    assert study.table["BLQ"].tolist() == [0, 1, 0, 0, 0]
    assert_same(again(study, tmp_path), study)


def test_columns_that_the_user_named_come_back_under_their_canonical_names(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"who": [1, 1], "TIME": ["8:00", "9:30"], "conc": [None, 2.0], "AMT": [5, 0]}
    )
    study = pq.study_from_frame(frame, columns={"ID": "who", "DV": "conc"}, units={"DV": "mg/L"})
    found = again(study, tmp_path)
    assert_same(found, study)
    assert found.table["TIME"].tolist() == [0.0, 1.5]
    assert found.units == {"DV": "mg/L", "TIME": "h"}


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError, match="cannot be written"):
        write_study(pq.load_dataset("theophylline"), tmp_path / "absent" / "study.csv")
