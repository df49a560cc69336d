"""Names of columns and cells: duplicates, missing names, blanks around cells, bad cells alone."""

import re
from pathlib import Path

import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study import (
    CovariateColumn,
    examine_study,
    read_study,
    study_from_frame,
    timelines,
)
from pkqsp_bayes.study.write import write_study
from tests.study.conftest import Write


def refused(path: Path, **options: object) -> list[Issue]:
    with pytest.raises(CheckError) as caught:
        read_study(path, **options)  # type: ignore[arg-type]
    return [issue for issue in caught.value.issues if issue.severity == "error"]


def followed(issue: Issue) -> dict[str, str]:
    """Return the columns in a remedy."""
    found = re.search(r'columns = \{ (\S+) = "([^"]+)" \}', issue.remedy)
    assert found, issue.remedy
    return {found[1]: found[2]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WT [kg]", "WT [g]"), ("WT", "wt"), ("WT [kg]", "WT"), ("WT", "WT (g)"), ("Wt", "WT [g]"),
        ("DV [mg/L]", "DV [ng/mL]"), ("DV", "dv"), ("LLOQ", "LOQ"), ("BLQ", "CENS"),
        ("AMT", "AMT [mg]"), ("DVID", "dvid"),
    ],
)  # fmt: skip
def test_the_remedy_for_two_columns_of_one_name_works(write: Write, one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        path = write(f"ID,TIME,{first},{second}\n1,0,1,0\n1,1,1,0\n")
        (issue,) = [i for i in refused(path) if "two columns are read as" in i.what]
        chosen = followed(issue)
        (name,) = chosen
        assert chosen[name] == first
        study = examine_study(path, columns=chosen)
        assert [float(x) for x in study.table[study.column_of(name) or name]] == [1, 1]
        swapped = examine_study(path, columns={name: second})
        assert [float(x) for x in swapped.table[swapped.column_of(name) or name]] == [0, 0]


def test_the_units_follow_the_column_that_is_chosen(write: Write) -> None:
    path = write("ID,TIME,DV,WT [kg],WT [g]\n1,0,1,70,70000\n")
    study = read_study(path, columns={"WT": "WT [g]"})
    assert study.units == {"WT": "g", "WT of the file": "kg"}
    assert study.covariates == ("WT of the file", "WT")


def test_what_is_not_chosen_is_written_and_read_again(write: Write, tmp_path: Path) -> None:
    path = write("ID,TIME,DV,WT [kg],WT [g],wt\n1,0,1,70,70000,71\n")
    study = read_study(path, columns={"WT": "WT [kg]"})
    assert len(study.covariates) == 3
    write_study(study, tmp_path / "again.csv")
    again = read_study(tmp_path / "again.csv")
    assert again.covariates == study.covariates
    assert again.units == study.units
    assert again.table["WT"].tolist() == [70]


def test_ambiguous_names_are_refused(write: Write) -> None:
    (issue,) = refused(write("ID,TIME,DV,WT,WT\n1,0,1,70,71\n"))
    assert issue.remedy == "rename one of them in the file"
    path = write("ID,TIME,DV,WT [kg],WT [g]\n1,0,1,70,70000\n")
    issues = refused(path, columns={"WT": "WT"})
    assert any("'WT [kg]', 'WT [g]'" in i.what and "complete text" in i.remedy for i in issues)


def test_the_old_column_keeps_a_readable_name(write: Write) -> None:
    path = write("ID,TIME,DV,CONC\n1,0,5,7\n")
    study = read_study(path, columns={"DV": "CONC"})
    assert study.table["DV"].tolist() == [7]
    assert study.covariates == ("DV of the file",)


@pytest.mark.parametrize("ending", ["", ","])
def test_a_last_comma_makes_no_column(write: Write, ending: str) -> None:
    path = write(f"ID,TIME,DV,{ending}\n1,0,5,{ending}\n1,1,6,{ending}\n")
    assert read_study(path).covariates == ()
    (issue,) = refused(write(f"ID,TIME,DV,{ending}\n1,0,5,{ending}\n1,1,6,7{ending}\n"))
    assert issue.what == "column 4 has values but no name"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoted", [False, True])
def test_blanks_around_cells_are_removed(write: Write, delimiter: str, quoted: bool) -> None:
    rows = ["ID TIME AMT EVID CMT DV WT", "a 0 100 1 2 . 70", "a 1 . 0 . <0.5 .", "b 2 . 0 . 5 NA"]
    for blank in (" ", "  "):
        cells = [[f'"{blank}{c}{blank}"' if quoted else f"{blank}{c}{blank}" for c in r.split()]
                 for r in rows]  # fmt: skip
        study = read_study(write("\n".join(delimiter.join(r) for r in cells) + "\n"))
        assert study.table["CMT"].tolist() == ["2", "", ""]
        assert study.table["ID"].tolist() == ["a", "a", "b"]
        assert study.table["BLQ"].tolist() == [0, 1, 0]
        assert study.table["DV"].tolist()[1:] == [0.5, 5]
        assert study.table["WT"].isna().tolist() == [False, True, True]


def test_blanks_around_the_cells_of_a_frame_are_removed() -> None:
    table = pd.DataFrame({
        "ID": [" a", "a "], "TIME": ["0 ", " 1"], "AMT": ["100", " . "], "CMT": ["2 ", " . "],
        "DV": [". ", " 5"], "SITE": ["x ", " x"],
    })  # fmt: skip
    study = study_from_frame(table)
    assert study.subjects == ("a",)
    assert study.table["CMT"].tolist() == ["2", ""]
    assert study.table["DV"].tolist()[1] == 5
    assert study.table["SITE"].tolist() == ["x", "x"]


@pytest.mark.parametrize("cell", ["79.6 # note", "79;6", '"79,6"', "WT", "7O", "inf"])
@pytest.mark.parametrize("interpolation", ["fixed", "locf", "linear", "nocb"])
def test_only_bad_cells_are_named(write: Write, cell: str, interpolation: str) -> None:
    rows = [f"1,{i},5,{cell if i == 6 else 79.6}" for i in range(8)]
    study = read_study(write("\n".join(["ID,TIME,DV,WT", *rows]) + "\n"))
    column = CovariateColumn(name="WT", unit="kg", interpolation=interpolation)  # type: ignore[arg-type]
    with pytest.raises(CheckError) as caught:
        timelines(study, [column], [])
    (issue,) = caught.value.issues
    assert "row 8, column WT" in issue.where
    assert cell.strip('"') in issue.what
    assert ("decimal point" in issue.remedy) == ("," in cell)


def test_levels_are_named_or_coded_in_any_form() -> None:
    column = CovariateColumn(name="SEX", levels={"male": 0, "female": 1})
    table = pd.DataFrame(
        {"ID": list("abcd"), "TIME": 0, "DV": 5.0, "SEX": ["male", "1", "1.0", "x"]}
    )
    with pytest.raises(CheckError) as caught:
        timelines(study_from_frame(table), [column], [])
    (issue,) = caught.value.issues
    assert issue.what == "'x' is not a level of this covariate"
    lines = timelines(study_from_frame(table[:3]), [column], [])
    assert [float(line.fixed[0]) for line in lines] == [0, 1, 1]


@pytest.mark.parametrize(
    ("cells", "is_told"),
    [
        (["1.000", "500"], True), (["1.000", "2.500"], True), (["10.000", "."], True),
        (["1.000", "0.125"], False), (["1.25", "1.000"], False), (["1000", "500"], False),
        (["5.125", "7.250"], False),
    ],
)  # fmt: skip
def test_a_point_that_may_separate_thousands(write: Write, cells: list[str], is_told: bool) -> None:
    rows = [f"1;{i};{cell};5" for i, cell in enumerate(cells)]
    text = "\n".join(["ID;TIME;X;DV", *rows]) + "\n"
    found = [i for i in read_study(write(text)).warnings if "decimal point" in i.what]
    assert bool(found) == is_told
    if is_told:
        whole = next(c for c in cells if c.endswith(".000")).replace(".", "")
        assert found[0].remedy.endswith(f"write {whole}")
    assert read_study(write(text.replace(";", ","))).warnings == ()
