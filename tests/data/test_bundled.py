"""The bundled studies are what the script makes of the raw tables."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parent.parent.parent / "data"
SUBJECTS = {"theophylline": 12, "quinidine": 136}
SAMPLES = {"theophylline": 132, "quinidine": 361}


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_study_follows_from_raw(name: str) -> None:
    convert = runpy.run_path(str(DATA / "make_studies.py"))[name]
    made = convert(pd.read_csv(DATA / name / "raw.csv")).reset_index(drop=True)
    kept = pd.read_csv(DATA / name / "study.csv", na_values=".")
    pd.testing.assert_frame_equal(made, kept, check_dtype=False, atol=1e-6)


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_nothing_is_lost(name: str) -> None:
    study = pd.read_csv(DATA / name / "study.csv", na_values=".")
    raw = pd.read_csv(DATA / name / "raw.csv")
    assert study.ID.nunique() == SUBJECTS[name]
    assert ((study.EVID == 0) & (study.MDV == 0)).sum() == SAMPLES[name]
    assert study.DV.sum() == pytest.approx(raw.conc.sum())
    if name == "quinidine":
        assert study.AMT.sum() == pytest.approx(raw.dose.sum())
        assert (study.SS == 1).sum() == raw.interval.notna().sum()
    else:
        first = raw.groupby("Subject").head(1)
        assert study.AMT.sum() == pytest.approx((first.Dose * first.Wt).sum())
