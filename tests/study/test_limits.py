"""Limits of quantification of an endpoint, in all notations."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.study import Study, read_study, study_from_frame

NAN = float("nan")


def frame(dv: list[object], **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"ID": "1", "TIME": np.arange(len(dv), dtype=float), "DV": dv, **columns})


def limits(study: Study, column: str = "LLOQ") -> list[float]:
    return study.table[column].tolist()


@pytest.mark.parametrize(
    "written",
    [
        frame([5.0, "<0.1", 3.0]),
        frame([5.0, 0.1, 3.0], BLQ=[0, 1, 0]),
        frame([5.0, 0.1, 3.0], CENS=[0, 1, 0]),
        frame([5.0, None, 3.0], BLQ=[0, 1, 0], LLOQ=[None, 0.1, None]),
        frame([5.0, 0.0, 3.0], BLQ=[0, 1, 0], LLOQ=[0.1, None, None]),
        frame([5.0, -99.0, 3.0], BLQ=[0, 1, 0], LLOQ=[0.1, None, 0.1]),
        frame([5.0, 0.04, 3.0], LLOQ=0.1),
    ],
)
def test_a_limit_is_known_in_every_row_of_its_endpoint(written: pd.DataFrame) -> None:
    study = study_from_frame(written)
    assert limits(study) == [0.1, 0.1, 0.1]
    assert study.table["BLQ"].tolist() == [0, 1, 0]


def test_an_upper_limit() -> None:
    study = study_from_frame(frame([5.0, ">50", 3.0]))
    assert limits(study, "ULOQ") == [50, 50, 50]
    assert study.table["BLQ"].tolist() == [0, -1, 0]


def test_endpoints_and_assays_have_limits_of_their_own() -> None:
    study = study_from_frame(frame([5.0, "<0.1", 90.0, "<10"], DVID=["cp", "CP", "pca", "pca"]))
    assert limits(study) == [0.1, 0.1, 10, 10]
    study = study_from_frame(frame([5.0, "<0.1", 0.15, "<0.2"], ASSAY=["a", "a", "a", "b"]))
    assert limits(study) == [0.1, 0.1, 0.1, 0.2]
    assert study.warnings == ()
    by_cmt = study_from_frame(frame([5.0, "<0.1", 90.0, "<10"], CMT=[2, 2, 3, 3]))
    assert limits(by_cmt) == [0.1, 0.1, 10, 10]


def test_several_limits_of_one_endpoint() -> None:
    table = frame(["<0.1", 5.0, "<0.2", 5.0, 7.0])
    table["ID"] = ["1", "1", "2", "2", "3"]
    study = study_from_frame(table)
    np.testing.assert_array_equal(limits(study), [0.1, 0.1, 0.2, 0.2, NAN])
    assert any("several LLOQ" in issue.what for issue in study.warnings)


def test_unflagged_values_beyond_their_limit() -> None:
    study = study_from_frame(frame([2.0, 0.05, 0.0, 200.0], LLOQ=0.1, ULOQ=100.0))
    assert study.table["BLQ"].tolist() == [0, 1, 1, -1]
    assert sum("it is censored" in issue.what for issue in study.warnings) == 3
    kept = study_from_frame(frame([2.0, 0.05], LLOQ=0.1, BLQ=0))
    assert kept.table["BLQ"].tolist() == [0, 0]
    assert "kept as measured" in kept.warnings[0].what
    derived = study_from_frame(frame(["<0.1", 0.05, 3.0]))
    np.testing.assert_array_equal(limits(derived), [0.1, NAN, 0.1])
    assert derived.table["BLQ"].tolist() == [1, 0, 0]
    assert "other rows of its endpoint" in derived.warnings[0].what


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (frame([5.0, 0.0], BLQ=[0, 1]), "BLQ is 1, but LLOQ is missing"),
        (frame([5.0, -99.0], BLQ=[0, 1]), "BLQ is 1, but LLOQ is missing"),
        (frame([5.0, None], BLQ=[0, -1]), "BLQ is -1, but ULOQ is missing"),
        (frame([0.03, 0.05, 3.0], BLQ=[1, 1, 0]), "it may be the limit or a value"),
        (frame([5.0, 0.2], BLQ=[0, 1], LLOQ=0.1), "is not below its LLOQ"),
        (frame([5.0, 0.2], BLQ=[0, 1], LLOQ=[0.1, None]), "is not below the LLOQ"),
        (frame([5.0, 0.1], CENS=[0, 1], LIMIT=[0, 0.2]), "LIMIT 0.2 is not below the LLOQ"),
    ],
)
def test_what_cannot_be_known_is_refused(table: pd.DataFrame, what: str) -> None:
    with pytest.raises(CheckError) as caught:
        study_from_frame(table)
    found = [i for i in caught.value.issues if i.severity == "error"]
    assert any(what in issue.what for issue in found), found


def test_monolix_states_the_limit_as_dv() -> None:
    study = study_from_frame(
        frame([5.0, 0.1, 0.2, 40.0], CENS=[0, 1, 1, -1], LIMIT=[0.0, 0.0, None, 60.0])
    )
    np.testing.assert_array_equal(limits(study), [NAN, 0.1, 0.2, NAN])
    np.testing.assert_array_equal(limits(study, "LIMIT"), [NAN, 0.0, NAN, 60.0])
    assert study.table["BLQ"].tolist() == [0, 1, 1, -1]


def test_limits_in_a_unit_of_their_own() -> None:
    table = frame([5.0, None, "<0.2"], BLQ=[0, 1, None], LLOQ=[None, 200.0, None])
    study = study_from_frame(table, units={"DV": "ng/mL", "LLOQ": "pg/mL"})
    assert limits(study) == pytest.approx([0.2, 0.2, 0.2])
    assert "LLOQ" not in study.units
    with pytest.raises(CheckError, match="no conversion"):
        study_from_frame(table, units={"DV": "ng/mL", "LLOQ": "nM"})
    with pytest.raises(CheckError, match="state the unit of DV"):
        study_from_frame(table, units={"LLOQ": "nM"})
    logged = study_from_frame(
        frame([1.0, None], BLQ=[0, 1], LLOQ=[None, 200.0]),
        units={"DV": "log(ng/mL)", "LLOQ": "pg/mL"},
    )
    assert limits(logged) == pytest.approx([np.log(0.2)] * 2)
    each = study_from_frame(
        frame([500.0, None], BLQ=[0, 1], LLOQ=[None, 0.2], DVID="cp"),
        units={"DV.cp": "ng/mL", "DV.pca": "%", "LLOQ": "mg/L"},
    )
    assert limits(each) == pytest.approx([200, 200])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    from pkqsp_bayes.study.write import write_study

    table = frame([5.0, "<0.1", 0.05, ">50", -99.0], DVID=["cp"] * 5, C=[None] * 4 + ["C"])
    study = study_from_frame(table, units={"DV.cp": "ng/mL", "DV": "%"}, ignore=["C == C"])
    write_study(study, tmp_path / "s.csv")
    again = read_study(tmp_path / "s.csv")
    pd.testing.assert_frame_equal(
        study.table.drop(columns=["ROW", "C"]), again.table.drop(columns=["ROW", "C"])
    )
    assert again.units == study.units
    assert again.left_out == study.left_out


@pytest.mark.parametrize("flag", ["BLQ", "CENS"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("empty", [0.0, -99.0])
def test_one_censored_value_does_not_state_the_limit_of_a_row_that_states_none(
    flag: str, sign: int, empty: float
) -> None:
    table = frame([5.0, 0.05 if sign == 1 else 50.0, empty], **{flag: [0, sign, sign]})
    with pytest.raises(CheckError) as caught:
        study_from_frame(table)
    column = "LLOQ" if sign == 1 else "ULOQ"
    errors = [i for i in caught.value.issues if i.severity == "error"]
    assert any(i.where == f"table, row 3, column {column}" for i in errors)
    assert all(f"state {column} in a separate column" in i.remedy for i in errors)
    stated = study_from_frame(table.assign(**{column: 0.05 if sign == 1 else 50.0}))
    assert limits(stated, column) == [0.05 if sign == 1 else 50.0] * 3


def test_limits_of_other_endpoints_and_stated_ones_settle_it() -> None:
    with pytest.raises(CheckError, match="LLOQ is missing"):
        study_from_frame(frame([0.05, 0.0], BLQ=[1, 1], DVID=["a", "b"]))
    study = study_from_frame(frame(["<0.05", 0.0, 7.0], BLQ=[None, 1, 0]))
    assert limits(study) == [0.05] * 3
    study = study_from_frame(frame([0.05, None, 7.0], BLQ=[1, 1, 0]))
    assert limits(study) == [0.05] * 3


def test_an_interval_without_a_flag_is_reported() -> None:
    study = study_from_frame(frame([5.0, 0.1], LIMIT=[None, 0.0]))
    (issue,) = study.warnings
    assert "kept as measured" in issue.what
    assert study.table["BLQ"].tolist() == [0, 0]
    flagged = study_from_frame(frame([5.0, 0.1], LIMIT=[0.0, 0.0], CENS=[0, 1]))
    assert flagged.warnings == ()
    assert flagged.table["LIMIT"].tolist()[1] == 0


@pytest.mark.parametrize("limit", [0.0, -1.0])
def test_a_limit_without_a_logarithm_is_refused(limit: float) -> None:
    table = frame([1.0, None], BLQ=[0, 1], LLOQ=[None, limit])
    with pytest.raises(CheckError, match="has no logarithm"):
        study_from_frame(table, units={"DV": "log(ng/mL)", "LLOQ": "ng/mL"})


def test_an_interval_from_zero_has_no_lower_end_on_the_log_scale() -> None:
    table = frame([1.0, None], BLQ=[0, 1], LLOQ=[None, 0.2], LIMIT=[None, 0.0])
    units = {"DV": "log(ng/mL)", "LLOQ": "ng/mL", "LIMIT": "ng/mL"}
    study = study_from_frame(table, units=units)
    assert limits(study) == pytest.approx([np.log(0.2)] * 2)
    assert np.isnan(study.table["LIMIT"]).all()
