"""Tables: what is read, what is filled in, and every problem with its row."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec import parse_model
from pkqsp_bayes.study import (
    CovariateColumn,
    DoseColumn,
    Study,
    examine_study,
    read_study,
    study_from_frame,
    timelines,
)
from tests.study.conftest import Write


def issues_of(path: Path) -> list[Issue]:
    with pytest.raises(CheckError) as caught:
        read_study(path)
    return list(caught.value.issues)


def column(study: Study, name: str) -> list[object]:
    return list(study.table[name])


def test_a_plain_table(write: Write) -> None:
    study = read_study(
        write(
            "id,Time,AMT,rate,evid,cmt,addl,ii,ss,dv,dvid,mdv,wt,SEX\n"
            "007,0,100,50,1,oral,2,12,1,.,.,1,70,male\n007,1.5,.,.,0,.,.,.,.,2.5,cp,0,70,male\n"
            "8,0,0,0,0,2,0,0,0,1e-3,1,0,.,female\n"
        )
    )
    assert study.subjects == ("007", "8")
    assert column(study, "TIME") == [0.0, 1.5, 0.0]
    assert column(study, "CMT") == ["oral", "", "2"]
    assert column(study, "DVID") == ["", "cp", "1"]
    assert column(study, "ADDL") == [2, 0, 0]
    assert np.isnan(study.table["DV"][0])
    assert study.covariates == ("wt", "SEX")
    assert np.isnan(study.table["wt"][2])
    assert column(study, "ROW") == [2, 3, 4]
    assert study.column_of("WT") == "wt"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "  "])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_comments_and_rows(tmp_path: Path, delimiter: str, ending: str) -> None:
    lines = ["# made by hand", "", "ID,TIME,DV", "1,0,1", "# a pause, with commas", "", "1,2,3", ""]
    text = ending.join(lines).replace(",", delimiter)
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    study = read_study(path)
    assert column(study, "DV") == [1, 3]
    assert column(study, "ROW") == [4, 7]


def test_quoted_cells(write: Write) -> None:
    study = read_study(write('"ID","TIME","DV","SITE"\n"a b",0,1,"x, y"\n"a b",1,2,"x, y"\n'))
    assert study.subjects == ("a b",)
    assert column(study, "SITE") == ["x, y", "x, y"]


def test_names_and_units_given_by_the_user(write: Write) -> None:
    path = write("Subject,hours [h],conc (ng/mL),weight,DV\n1,0,5,70,9\n1,1,6,70,9\n")
    study = read_study(
        path, columns={"TIME": "hours", "DV": "conc", "WT": "weight"}, units={"wt": "kg"}
    )
    assert column(study, "DV") == [5, 6]
    assert study.units == {"TIME": "h", "DV": "ng/mL", "WT": "kg"}
    # The column that is called DV in the file is no longer it.
    assert study.covariates == ("WT", "DV.1") or "WT" in study.covariates


def test_names_and_units_given_by_the_model(write: Write) -> None:
    path = write("ID,DATE,TIME,conc,w\n1,31/01/2024,8:00,1,70\n1,01/02/2024,8:00,2,70\n")
    model = parse_model(
        'title = "x"\n[study]\ncolumns = { DV = "conc", WT = "w" }\n'
        'units = { DV = "ng/mL" }\ndate_format = "%d/%m/%Y"'
    )
    study = read_study(path, model=model, units={"WT": "kg"})
    assert column(study, "DV") == [1, 2]
    assert column(study, "TIME") == [0, 24]
    assert study.units == {"DV": "ng/mL", "WT": "kg", "TIME": "h"}
    with pytest.raises(CheckError, match="did you mean conc"):
        read_study(path, model=model, columns={"DV": "cnc"})


@pytest.mark.parametrize(
    ("header", "cells", "evid", "mdv"),
    [
        ("AMT,DV", "100,.|0,1|0,.", [1, 0, 0], [1, 0, 1]),
        ("AMT,DV,MDV", "100,.,1|0,1,0|0,.,1", [1, 0, 2], [1, 0, 1]),
        ("AMT,DV,EVID", "100,.,1|0,1,0|0,.,2", [1, 0, 2], [1, 0, 1]),
        ("AMT,DV,EVID,MDV", "100,.,4,1|0,1,0,1|0,5,.,.", [4, 0, 0], [1, 1, 0]),
        ("AMT,RATE,SS,DV", "0,10,1,.|0,0,0,1|0,0,0,2", [1, 0, 0], [1, 0, 0]),
    ],
)
def test_events_are_inferred(
    write: Write, header: str, cells: str, evid: list[int], mdv: list[int]
) -> None:
    rows = "\n".join(f"1,{i},{row}" for i, row in enumerate(cells.split("|")))
    study = read_study(write(f"ID,TIME,{header}\n{rows}\n"))
    assert column(study, "EVID") == evid
    assert column(study, "MDV") == mdv


def test_limits_of_quantification(write: Write) -> None:
    study = read_study(
        write(
            "ID,TIME,DV,BLQ,LLOQ\n1,0,<0.1,.,.\n1,1,> 50,.,.\n1,2,0.2,1,.\n1,3,.,1,0.3\n1,4,7,0,.\n"
        )
    )
    assert column(study, "BLQ") == [1, -1, 1, 1, 0]
    assert column(study, "LLOQ")[0] == 0.1
    assert list(study.table["LLOQ"][[0, 2, 3]]) == [0.1, 0.2, 0.3]
    assert study.table["ULOQ"][1] == 50
    assert column(study, "MDV") == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("TIME", ["8:00", "9:20:30", "20:00"], [0, 4 / 3 + 30 / 3600, 12]),
        ("DATE,TIME", ["2024-02-28,8:00", "2024-02-29,7:30", "2024-03-01,8:00"], [0, 23.5, 48]),
        ("TIME", ["2024-02-28T08:00", "2024-02-28 09:00:00", "2024-03-01 08:00"], [0, 1, 48]),
        ("DATE,TIME", ["2024-01-01,6", "2024-01-01,7.5", "2024-01-02,6"], [0, 1.5, 24]),
    ],
)
def test_dates_and_clock_times(
    write: Write, header: str, rows: list[str], expected: list[float]
) -> None:
    text = "".join(f"{subject},{row},1\n" for subject in "ab" for row in rows)
    study = read_study(write(f"ID,{header},DV\n{text}"))
    assert column(study, "TIME") == pytest.approx(expected * 2, abs=1e-9)
    assert study.units["TIME"] == "h"
    assert "DATE" not in study.covariates


def test_other_forms_of_dates(write: Write) -> None:
    path = write("ID,DATE,TIME,DV\n1,31/01/2024,8:00,1\n1,01/02/2024,8:00,1\n")
    study = read_study(path, date_format="%d/%m/%Y")
    assert column(study, "TIME") == [0, 24]
    assert "date_format" in issues_of(path)[0].remedy


HEADER = "ID,TIME,AMT,RATE,EVID,ADDL,II,SS,DV,MDV,BLQ,LLOQ\n"
GOOD = "1,0,100,0,1,0,0,0,.,1,0,.\n1,1,0,0,0,0,0,0,5,0,0,.\n"


@pytest.mark.parametrize(
    ("row", "column_name", "what"),
    [
        ("1,.,0,0,0,0,0,0,5,0,0,.", "TIME", "TIME is missing"),
        ("1,x,0,0,0,0,0,0,5,0,0,.", "TIME", "'x' is not a time"),
        ("1,inf,0,0,0,0,0,0,5,0,0,.", "TIME", "not a finite number"),
        ("1,0.5,0,0,0,0,0,0,5,0,0,.", "TIME", "TIME decreases to 0.5"),
        (".,2,0,0,0,0,0,0,5,0,0,.", "ID", "ID is missing"),
        ("1,2,0,0,5,0,0,0,5,0,0,.", "EVID", "EVID is 5"),
        ("1,2,0,0,0.5,0,0,0,5,0,0,.", "EVID", "0.5 is not a whole number"),
        ("1,2,0,0,0,0,0,3,5,0,0,.", "SS", "SS is 3"),
        ("1,2,0,0,0,0,0,0,5,2,0,.", "MDV", "MDV is 2"),
        ("1,2,0,0,0,0,0,0,5,0,3,.", "BLQ", "BLQ is 3"),
        ("1,2,-5,0,1,0,0,0,.,1,0,.", "AMT", "AMT is -5"),
        ("1,2,5,0,1,-2,12,0,.,1,0,.", "ADDL", "ADDL is -2"),
        ("1,2,5,0,1,0,-12,0,.,1,0,.", "II", "II is -12"),
        ("1,2,5,-3,1,0,0,0,.,1,0,.", "RATE", "RATE is -3"),
        ("1,2,5,-0.5,1,0,0,0,.,1,0,.", "RATE", "RATE is -0.5"),
        ("1,2,.,0,1,0,0,0,.,1,0,.", "AMT", "a dose record has no AMT"),
        ("1,2,0,5,1,0,0,0,.,1,0,.", "AMT", "a dose record has no AMT"),
        ("1,2,5,0,0,0,0,0,5,0,0,.", "AMT", "a record that is not a dose"),
        ("1,2,5,0,1,0,0,1,.,1,0,.", "II", "SS is stated without II"),
        ("1,2,5,0,1,3,0,0,.,1,0,.", "II", "ADDL is stated without II"),
        ("1,2,0,5,1,0,12,1,.,1,0,.", "II", "constant infusion"),
        ("1,2,5,0,3,0,0,0,.,1,0,.", "EVID", "a reset record (EVID 3) has a dose"),
        ("1,2,0,0,0,0,0,0,.,0,0,.", "DV", "DV is missing, but MDV is 0"),
        ("1,2,0,0,0,0,0,0,.,0,1,.", "LLOQ", "BLQ is 1"),
        ("1,2,0,0,0,0,0,0,abc,0,0,.", "DV", "'abc' is not a finite number"),
        ("1,2,nope,0,1,0,0,0,.,1,0,.", "AMT", "'nope' is not a finite number"),
    ],
)  # fmt: skip
def test_each_problem_is_found_with_its_row(
    write: Write, row: str, column_name: str, what: str
) -> None:
    path = write(HEADER + GOOD + row + "\n")
    found = [i for i in issues_of(path) if i.severity == "error"]
    line = 3 + row.count("\n") + 1
    place = f"{path}, row {line}, column {column_name}"
    assert any(i.where == place and what in i.what for i in found), found
    assert all(i.remedy for i in found)


@pytest.mark.parametrize(
    "row",
    [
        "1,2,0,5,1,0,0,1,.,1,0,.",  # constant infusion to steady state
        "1,2,0,-1,1,0,0,1,.,1,0,.",
        "1,2,5,-1,1,3,12,2,.,1,0,.",
        "1,2,5,-2,4,0,0,0,.,1,0,.",
        "1,0,0,0,3,0,0,0,.,1,0,.",  # time begins again
        "1,-1,5,0,4,0,0,0,.,1,0,.",
        "1,1,0,0,3,0,0,0,.,1,0,.\n1,1,0,0,3,0,0,0,.,1,0,.",  # two resets at one time
        "1,1,0,0,3,0,0,0,.,1,0,.\n1,1,5,0,4,0,0,0,.,1,0,.\n1,1,5,0,4,0,0,0,.,1,0,.",
        "1,2,0,0,2,0,0,0,.,1,0,.",
        "1,1,0,0,0,0,0,0,0,0,0,.",
        "1,2,0,0,0,0,0,0,3,0,1,5",
    ],
)
def test_what_is_right_passes(write: Write, row: str) -> None:
    assert read_study(write(HEADER + GOOD + row + "\n")).warnings == ()


def test_all_problems_come_together_and_long_lists_are_cut(write: Write) -> None:
    rows = "".join(f"{i},0,-1,0,1,0,0,0,.,1,0,.\n{i},1,0,0,9,0,0,0,1,0,0,.\n" for i in range(100))
    found = issues_of(write(HEADER + rows))
    assert sum("AMT is -1" in i.what for i in found) == 5
    assert any("95 more rows" in i.what and i.where.endswith("column AMT") for i in found)
    assert any("EVID is 9" in i.what for i in found)
    assert any("no observation record" in i.what for i in found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no header"), ("ID,TIME,DV\n", "empty"), ("# x\n\n", "no header"),
        ("ID,DV\n1,2\n", "column TIME is missing"),
        ("TIME,DV\n1,2\n", "column ID is missing"),
        ("ID,TIME,time,DV\n1,2,3,4\n", "two columns are read as TIME"),
        ("ID,TIME,wt,WT\n1,2,3,4\n", "two columns are read as WT"),
        ("ID,TIME,DV\n1,2\n1,2,3\n", "2 cells, but the header has 3"),
        ("ID,TIME,DV\n1,2,3,4\n1,2,3\n", "4 cells, but the header has 3"),
        ("ID,TIME,DV [mgg]\n1,2,3\n", "unknown unit"),
        ("ID,TIME,DV\n1,0,1\n2,0,1\n1,1,1\n", "are not consecutive"),
        ("ID,TIME,DV,AMT\n1,0,.,5\n", "no observation record"),
        ("ID,TIME,DATE,DV\n1,25:00,2024-01-01,5\n", "is not a time"),
        ("ID,TIME,DATE,DV\n1,8:00,2024-13-01,5\n", "is not a date"),
        ("ID,TIME,DV\n1,8:61,1\n", "is not a time"),
        ("ID,TIME,DV,BLQ,LLOQ,ULOQ\n1,0,1,0,5,2\n", "LLOQ is not below ULOQ"),
    ],
)  # fmt: skip
def test_invalid_tables_are_refused(write: Write, text: str, what: str) -> None:
    assert any(what in i.what for i in issues_of(write(text)))


def test_files_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(CheckError, match="No such file"):
        read_study(path)
    with pytest.raises(CheckError, match="cannot be read"):
        read_study(tmp_path)
    for content in (b"\xff\xfe\x00", b"ID,TIME\n\0\0"):
        path.write_bytes(content)
        with pytest.raises(CheckError, match="not a text file|not UTF-8"):  # noqa: RUF043
            read_study(path)


def test_names_that_are_not_there(write: Write) -> None:
    path = write("ID,TIME,conc\n1,0,1\n")
    with pytest.raises(CheckError, match="did you mean conc"):
        read_study(path, columns={"DV": "cnc"})
    with pytest.raises(CheckError, match="a unit is stated for a missing column"):
        read_study(path, units={"WT": "kg"})


def test_an_examined_study_keeps_its_errors(write: Write) -> None:
    path = write(HEADER + GOOD + "1,0.5,0,0,0,0,0,0,5,0,0,.\n1,2,5,0,1,3,0,0,.,1,0,.\n")
    study = examine_study(path)
    assert [i.where.split(", ")[1] for i in study.errors] == ["row 4", "row 5"]
    assert tuple(issues_of(path)) == study.warnings
    with pytest.raises(CheckError) as caught:
        timelines(study, [CovariateColumn(name="WT")], [DoseColumn(name="oral", number=1)])
    assert len(caught.value.issues) == 3


def test_what_is_odd_is_a_warning(write: Write) -> None:
    study = read_study(
        write(
            "ID,TIME,AMT,EVID,DV,ADDL,II\n1,0,5,1,.,3,12\n1,1,0,0,2,0,0\n1,1,0,0,2,0,0\n"
            "1,20,0,3,.,0,0\n2,0,5,1,.,0,0\n"
        )
    )
    found = {(i.what, i.where.split(", ")[1]) for i in study.warnings}
    assert found == {
        ("subject 2 has no observation record", "row 6"),
        ("this observation is a duplicate", "row 4"),
        ("additional doses extend beyond the next reset, which cancels them", "row 2"),
    }
    assert {i.severity for i in study.warnings} == {"warning"}


def test_units_are_converted() -> None:
    frame = pd.DataFrame(
        {"ID": 1, "TIME": [0, 60, 120], "AMT": [1000.0, 0, 500], "RATE": [10.0, 0, -2],
         "II": [720.0, 0, 0], "ADDL": [1, 0, 0], "DV": [None, 5.0, None]}
    )  # fmt: skip
    study = study_from_frame(frame, units={"TIME": "min", "AMT": "ug", "DV": "ng/mL"})
    same = study.in_units({"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg"})
    assert column(same, "TIME") == pytest.approx([0, 1, 2])
    assert column(same, "AMT") == pytest.approx([1, 0, 0.5])
    assert column(same, "RATE") == pytest.approx([0.6, 0, -2])
    assert column(same, "II") == pytest.approx([12, 0, 0])
    assert same.table["DV"][1] == pytest.approx(5e-3)
    assert same.units["TIME"] == "h"
    with pytest.raises(CheckError, match="no conversion"):
        study.in_units({"TIME": "mg"})


def test_frames_are_read_as_files_are(write: Write) -> None:
    path = write(HEADER + GOOD)
    from_file = read_study(path).table
    from_frame = study_from_frame(pd.read_csv(path, na_values=["."])).table
    pd.testing.assert_frame_equal(from_file.drop(columns="ROW"), from_frame.drop(columns="ROW"))
    with pytest.raises(CheckError, match="table, row 2, column TIME"):
        study_from_frame(pd.DataFrame({"ID": ["a", "a"], "TIME": [1, 0], "DV": 1.0}))


@pytest.mark.slow
def test_a_million_rows_take_a_few_seconds(tmp_path: Path) -> None:
    samples = "".join(f"{{0}},{t},.,.,0,.,{t}.5,cp,0,70,male\n" for t in range(1, 20))
    subject = "{0},0,100,0,1,oral,.,.,1,70,male\n" + samples
    path = tmp_path / "big.csv"
    path.write_text(
        "ID,TIME,AMT,RATE,EVID,CMT,DV,DVID,MDV,WT,SEX\n"
        + "".join(subject.format(i) for i in range(50_000))
    )
    start = time.process_time()
    study = read_study(path)
    seconds = time.process_time() - start
    print(f"\n{len(study.table)} rows read and checked in {seconds:.1f} s")
    assert len(study.table) == 1_000_000
    assert seconds < 12
