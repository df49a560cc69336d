"""Days: NONMEM's date columns, clock times over midnight, columns that look like days."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec import parse_model
from pkqsp_bayes.study import read_study, study_from_frame

Write = Callable[[str], Path]

MOMENTS = [
    dt.datetime(2024, 1, 3, 8), dt.datetime(2024, 2, 3, 9), dt.datetime(2024, 3, 5, 10),
]  # fmt: skip
"""Every reading of them with day and month exchanged gives other times."""
HOURS = [(moment - MOMENTS[0]).total_seconds() / 3600 for moment in MOMENTS]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Path:
        path = tmp_path / "t.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def table_of(column: str, form: str) -> str:
    rows = [f"1,{moment.strftime(form)},{moment:%H:%M},1" for moment in MOMENTS]
    return "\n".join([f"ID,{column},TIME,DV", *rows]) + "\n"


def errors_of(path: Path, **options: object) -> list[Issue]:
    with pytest.raises(CheckError) as caught:
        read_study(path, **options)  # type: ignore[arg-type]
    return [issue for issue in caught.value.issues if issue.severity == "error"]


@pytest.mark.parametrize(
    ("column", "form"),
    [
        ("DAT1", "%d-%m-%Y"), ("dat1", "%d/%m/%y"), ("DAT2", "%Y-%m-%d"), ("DAT2", "%y/%m/%d"),
        ("DAT3", "%Y-%d-%m"), ("DAT3", "%Y/%d/%m"), ("DATE", "%Y-%m-%d"), ("DAT2", "%Y/%-m/%-d"),
    ],
)  # fmt: skip
def test_columns_of_dates_differ_in_their_order(write: Write, column: str, form: str) -> None:
    study = read_study(write(table_of(column, form)))
    assert study.table["TIME"].tolist() == pytest.approx(HOURS, abs=1e-9)
    assert study.units["TIME"] == "h"
    assert study.covariates == ()


def test_the_order_follows_a_column_that_is_renamed(write: Write) -> None:
    path = write(table_of("DAT3", "%Y-%d-%m"))
    named = read_study(path, columns={"DATE": "DAT3"})
    assert named.table["TIME"].tolist() == pytest.approx(HOURS, abs=1e-9)
    path = write(table_of("when", "%d-%m-%Y"))
    named = read_study(path, columns={"DAT1": "when"})
    assert named.table["TIME"].tolist() == pytest.approx(HOURS, abs=1e-9)
    path = write(table_of("DAT1", "%m-%d-%Y"))
    named = read_study(path, date_format="%m-%d-%Y")
    assert named.table["TIME"].tolist() == pytest.approx(HOURS, abs=1e-9)


def test_two_digits_of_a_year_are_those_of_nonmem(write: Write) -> None:
    study = read_study(write("ID,DAT1,TIME,DV\n1,31-12-50,8:00,1\n1,1-1-2051,8:00,1\n"))
    assert study.table["TIME"].tolist() == [0, 24]
    study = read_study(write("ID,DAT1,TIME,DV\n1,31-12-1950,8:00,1\n1,1-1-51,8:00,1\n"))
    assert study.table["TIME"].tolist() == [0, 24]


@pytest.mark.parametrize("column", ["DATE", "DAT1", "DAT2", "DAT3"])
def test_a_plain_number_is_a_day(write: Write, column: str) -> None:
    path = write(f"ID,{column},TIME,DV\n1,1,8:00,1\n1,2,9:00,1\n1,3,10:00,1\n")
    assert read_study(path).table["TIME"].tolist() == [0, 25, 50]
    frame = pd.DataFrame({"ID": 1, column: [1, 2, 3], "TIME": ["8:00", "9:00", "10:00"], "DV": 1})
    assert study_from_frame(frame).table["TIME"].tolist() == [0, 25, 50]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("DATE", "03/01/2024"), ("DATE", "20240301"), ("DAT1", "2024-03-01"), ("DAT1", "1-3"),
        ("DAT2", "31-01-2024"), ("DAT3", "2024-01-13"), ("DAT1", "1-3-124"), ("DAT1", "30-2-2024"),
    ],
)  # fmt: skip
def test_an_invalid_date_is_one_error_per_row(write: Write, column: str, cell: str) -> None:
    rows = f"1,{cell},8:00,1\n1,{cell},9:00,1\n"
    found = errors_of(write(f"ID,{column},TIME,DV\n{rows}"))
    assert [i.what for i in found] == [f"'{cell}' is not a date"] * 2
    assert all(i.where.endswith(f"column {column}") for i in found)


def test_a_missing_date_is_reported_for_the_column_of_dates(write: Write) -> None:
    found = errors_of(write("ID,DAT1,TIME,DV\n1,1-3-2024,8:00,1\n1,.,9:00,1\n"))
    assert [(i.what, i.where.split(", ")[1]) for i in found] == [("DAT1 is missing", "row 3")]


@pytest.mark.parametrize("cell", ["2024-03-01T08:00:00Z", "01/03/2024 08:00", "2024-13-01 08:00"])
def test_an_unreadable_time_is_one_error_a_row(write: Write, cell: str) -> None:
    found = errors_of(write(f"ID,TIME,DV\n1,{cell},1\n1,{cell},1\n"))
    assert [i.what for i in found] == [f"'{cell}' is not a time"] * 2


def test_an_unreadable_amount_is_one_error(write: Write) -> None:
    found = errors_of(write("ID,TIME,AMT,EVID,DV,MDV\n1,0,1OO,1,.,1\n1,1,0,0,2..5,0\n"))
    assert [i.what for i in found] == [
        "'1OO' is not a finite number", "'2..5' is not a finite number",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["DAY", "Day", "VISITDY", "STUDYDAY", "ADTC", "DATE2", "ADT"])
def test_days_with_clock_times_are_read_or_refused(write: Write, name: str) -> None:
    path = write(f"ID,{name},TIME,DV\n1,1,8:00,1\n1,2,9:00,1\n1,3,10:00,1\n")
    (issue,) = errors_of(path)
    assert f'columns = {{ DATE = "{name}" }}' in issue.remedy
    assert read_study(path, columns={"DATE": name}).table["TIME"].tolist() == [0, 25, 50]
    kept = read_study(path, columns={f"{name}_kept": name})
    assert kept.table["TIME"].tolist() == [0, 1, 2]


def test_days_that_do_not_change_or_are_covariates(write: Write) -> None:
    path = write("ID,DAY,TIME,DV\n1,1,8:00,1\n1,1,9:00,1\n2,2,8:00,1\n2,2,10:00,1\n")
    assert read_study(path).warnings == ()
    path = write("ID,DAY,TIME,DV\n1,1,8:00,1\n1,2,9:00,1\n")
    model = parse_model('title = "x"\n[covariates]\nDAY = { interpolation = "locf" }')
    assert [i.severity for i in read_study(path, model=model).warnings] == ["warning"]
    path = write("ID,DAY,TIME,DV\n1,1,0,1\n1,2,24,1\n")
    assert read_study(path).warnings == ()


def test_clock_times_over_midnight_need_the_day(write: Write) -> None:
    (issue,) = errors_of(write("ID,TIME,DV\n1,22:00,1\n1,23:30,1\n1,1:00,1\n"))
    assert issue.what == "TIME decreases to 1:00"
    assert "DATE" in issue.remedy
    text = "ID,DATE,TIME,DV\n1,1,22:00,1\n1,1,23:30,1\n1,2,1:00,1\n"
    assert read_study(write(text)).table["TIME"].tolist() == [0, 1.5, 3]
    (issue,) = errors_of(write(text.replace("1,2,1:00", "1,1,1:00")))
    assert issue.what == "TIME decreases to 1 1:00"
    (issue,) = errors_of(write("ID,TIME,DV\n1,22,1\n1,23.5,1\n1,1,1\n"))
    assert issue.what == "TIME decreases to 1"
    assert "DATE" in issue.remedy


def test_with_a_date_time_is_an_hour_of_the_day(write: Write) -> None:
    path = write("ID,DATE,TIME,DV\n1,2024-03-01,0,1\n1,2024-03-02,24,1\n1,2024-03-03,48,1\n")
    (issue,) = errors_of(path)
    assert "it is 48" in issue.what
    assert 'columns = { DATE_kept = "DATE" }' in issue.remedy
    assert read_study(path, columns={"DATE_kept": "DATE"}).table["TIME"].tolist() == [0, 24, 48]


def test_dates_in_time_are_in_every_row_and_agree_with_date(write: Write) -> None:
    (issue,) = errors_of(write("ID,TIME,DV\n1,8:00,1\n1,2024-03-01 9:00,1\n"))
    assert issue.what == "'8:00' has no date, but other times have one"
    rows = "1,2024-03-01,2024-03-01 8:00,1\n1,2024-03-01,2024-03-02 8:00,1\n"
    (issue,) = errors_of(write(f"ID,DATE,TIME,DV\n{rows}"))
    assert "and DATE state different days" in issue.what
    assert "row 3" in issue.where


@pytest.mark.parametrize("unit", ["min", "d", "mg"])
def test_clock_times_are_hours_for_any_header(write: Write, unit: str) -> None:
    path = write(f"ID,TIME [{unit}],DV\n1,8:00,1\n1,9:30,1\n")
    (issue,) = errors_of(path)
    assert f"stated as {unit}" in issue.what
    assert read_study(write("ID,TIME [h],DV\n1,8:00,1\n1,9:30,1\n")).table["TIME"][1] == 1.5
