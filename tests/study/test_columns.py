"""Rows that are left out, ragged rows, and columns that look like codes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec import parse_model
from pkqsp_bayes.study import read_study, study_from_frame
from pkqsp_bayes.study.columns.codes import code_issues, find_sentinels

Write = Callable[[str], Path]

COMMENTED = """C,ID,TIME,AMT,DV,MDV,CMT,WT
.,1,0,320,.,1,1,79.6
.,1,0.5,.,5.1,0,2,79.6
C,1,2,.,83,0,2,79.6
.,1,9,.,5.6,0,2,-99
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Path:
        path = tmp_path / "t.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize(
    ("rules", "times", "counts"),
    [
        ("C == C", [0, 0.5, 9], {"C == C": 1}),
        ("C", [0, 0.5, 9], {"C": 1}),
        ("@", [0, 0.5, 9], {"@": 1}),
        (["C == C", "WT == -99"], [0, 0.5], {"C == C": 1, "WT == -99": 1}),
        ("IGNORE=(C.EQ.C,WT.LT.0)", [0, 0.5], {"C.EQ.C": 1, "WT.LT.0": 1}),
        (["C != ."], [0, 0.5, 9], {"C != .": 1}),
        ("DV > 50 and time >= 2", [0, 0.5, 9], {"DV > 50 and time >= 2": 1}),
        (["C == C", "DV == ."], [0.5, 9], {"C == C": 1, "DV == .": 1}),
        (["C == C", "TIME.EQN.9"], [0, 0.5], {"C == C": 1, "TIME.EQN.9": 1}),
    ],
)
def test_rows_are_left_out(
    write: Write, rules: str | list[str], times: list[float], counts: dict[str, int]
) -> None:
    model = parse_model('title = "x"\n[covariates]\nC = "category"')
    study = read_study(write(COMMENTED), ignore=rules, model=model)
    assert study.table["TIME"].tolist() == times
    assert {out.reason: out.rows for out in study.left_out} == counts


def test_the_model_states_rules_and_an_option_replaces_them(write: Write) -> None:
    model = parse_model('title = "x"\n[study]\nignore = ["C == C"]')
    assert len(read_study(write(COMMENTED), model=model).table) == 3
    assert len(read_study(write(COMMENTED), model=model, ignore=["C == C", "TIME > 5"]).table) == 2


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("nonsense", "cannot be read"), ("A == 1 or B == 2", "cannot be read"),
        ("ACCEPT=(C.EQ.1)", "cannot be read"), ("WGT == 1", "names a missing column 'WGT'"),
        ("TIME >= 0", "leave out all rows"),
    ],
)  # fmt: skip
def test_rules_that_mean_nothing(write: Write, rule: str, what: str) -> None:
    with pytest.raises(CheckError, match=what):
        read_study(write(COMMENTED), ignore=["C == C", rule])


RULED = """ID,TIME,DV,WT,FLG,SITE
1,0,1,70,1,"Bern, CH"
1,10,2,70,1,Ulm
1,40,3,71,2,Ulm
1,50,1,71,1,.
"""


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        # Each list is made by hand from the comparisons, row by row.
        ("FLG.NE.2.AND.TIME.GT.30", [0, 10, 40]),
        ("FLG.NE.2 .and. TIME.GT.30", [0, 10, 40]),
        ("FLG != 2 && TIME > 30", [0, 10, 40]),
        ("FLG != 2 & TIME > 30 AND WT==71", [0, 10, 40]),
        ("IGNORE=(FLG.EQ.2,TIME.GT.45)", [0, 10]),
        ("IGN=(FLG.EQ.2)", [0, 10, 50]),
        ("SITE == 'Bern, CH'", [10, 40, 50]),
        ('IGNORE=(SITE.EQ."Bern, CH",DV.GT.2)', [10, 50]),
        ("SITE == 'Bern, CH' and FLG == 1", [10, 40, 50]),
    ],
)
def test_rules_of_several_conditions(write: Write, rule: str, left: list[float]) -> None:
    assert read_study(write(RULED), ignore=rule).table["TIME"].tolist() == left


@pytest.mark.parametrize(
    ("rule", "why", "remedy"),
    [
        ("DV.NE.2.OR.TIME.GT.3", "contains alternatives", "['DV.NE.2', 'TIME.GT.3']"),
        ("WT.EQ.70.OR.DV.EQ.1", "contains alternatives", "['WT.EQ.70', 'DV.EQ.1']"),
        ("DV != 1, TIME > 3", "contains alternatives", "['DV != 1', 'TIME > 3']"),
        ("DV != 1|TIME > 3", "contains alternatives", "['DV != 1', 'TIME > 3']"),
        ("DV == 1 or TIME > 3", "contains alternatives", "['DV == 1', 'TIME > 3']"),
        ("SITE == Bern, CH", "contains alternatives", "quote"),
        ("DV != 1 TIME > 3", "second comparison", "'and'"),
        ("DV.NE.1 TIME.GT.3", "second comparison", "'and'"),
        ("DV == <0.1", "second comparison", "quote"),
        ("0 < DV < 1", "second comparison", "'and'"),
        ("DV <> 1", "second comparison", "'and'"),
        ("TIME > 12:00", "'12:00' is not a number", "=="),
        ("SITE > Bern", "'Bern' is not a number", "=="),
        ("DV < .", "'.' is not a number", "=="),
        ("DV == 1 and", "second comparison", "'and'"),
        ("DV = 1", "cannot be read", "comparison"),
    ],
)
def test_a_rule_is_never_read_as_another(write: Write, rule: str, why: str, remedy: str) -> None:
    with pytest.raises(CheckError) as caught:
        read_study(write(RULED), ignore=rule)
    (issue,) = [i for i in caught.value.issues if "cannot be read" in i.what]
    assert why in issue.what
    assert remedy in issue.remedy


def test_texts_are_not_greater_or_less_than_numbers(write: Write) -> None:
    path = write("ID,TIME,DV\n1,8:00,1\n1,9:00,<0.1\n")
    with pytest.raises(CheckError, match="not numbers, such as '8:00'"):
        read_study(path, ignore="TIME > 5")
    (warning,) = [i for i in read_study(path, ignore="DV > 0.5").warnings if "rule" in i.what]
    assert "not numbers, such as '<0.1' (1 rows)" in warning.what


def test_unlike_a_value_that_never_occurs(write: Write) -> None:
    study = read_study(write(RULED), ignore="SITE != Ulmm")
    assert any("no cell of SITE is 'Ulmm'" in issue.what for issue in study.warnings)
    assert study.table["TIME"].tolist() == [50]
    study = read_study(write(RULED), ignore="SITE != Ulm")
    assert not any("no cell" in issue.what for issue in study.warnings)


def test_a_rule_without_rows_is_a_warning(write: Write) -> None:
    study = read_study(write(COMMENTED), ignore=["C == C", "WT > 500"])
    assert any("does not leave out any row" in issue.what for issue in study.warnings)


def test_free_text_below_a_mark_is_not_a_ragged_row(write: Write) -> None:
    path = write("ID,TIME,DV\n1,0,1\nC a comment, of, any, length\n1,1,2\n")
    with pytest.raises(CheckError, match="4 cells"):
        read_study(path)
    assert read_study(path, ignore="C").table["DV"].tolist() == [1, 2]
    assert read_study(path, ignore="C").table["ROW"].tolist() == [2, 4]


def test_a_marked_row_is_refused_with_a_remedy_that_works(write: Write) -> None:
    path = write(COMMENTED)
    with pytest.raises(CheckError) as caught:
        read_study(path)
    issue = caught.value.issues[0]
    assert "row 4, column C" in issue.where
    assert 'ignore = ["C == C"]' in issue.remedy
    assert "--ignore 'C == C'" in issue.command
    assert len(read_study(path, columns={"C_kept": "C"}).table) == 4
    numbers = write("ID,TIME,DV,C\n1,0,1,0\n1,1,2,1\n")
    with pytest.raises(CheckError, match="marks a row"):
        read_study(numbers)
    assert len(read_study(numbers, ignore="C == 1").table) == 1
    # A column of numbers other than 0 and 1 marks nothing.
    assert len(read_study(write("ID,TIME,DV,C\n1,0,1,3.5\n1,1,2,1\n")).table) == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("row", ["1 4 70", "1 4 70 1 2", "1 4"])
def test_ragged_rows_are_refused(write: Write, delimiter: str, quoted: bool, row: str) -> None:
    first = '"1" 0 70 5' if quoted else "1 0 70 5"
    last = '"1" 9 70 1' if quoted else "1 9 70 1"
    text = "\n".join(["ID TIME WT DV", first, row, last]) + "\n"
    with pytest.raises(CheckError, match="row 3") as caught:
        read_study(write(text.replace(" ", delimiter)))
    assert "the header has 4" in str(caught.value)


def test_two_ragged_rows_that_make_up_for_each_other(write: Write) -> None:
    with pytest.raises(CheckError) as caught:
        read_study(write('ID,TIME,DV\n"1",0,1\n1,1\n1,2,3,4\n1,3,5\n'))
    assert [i.where.split(", ")[1] for i in caught.value.issues] == ["row 3", "row 4"]


def test_a_delimiter_in_quotes_does_not_split(write: Write) -> None:
    study = read_study(write('"ID","TIME","DV","a, b"\n"x, y",0,1,2\n'))
    assert study.subjects == ("x, y",)
    assert study.covariates == ("a, b",)


@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ({"L2": [1, 1, 2]}, "L2"), ({"PERIOD": [1, 1, 2]}, "PERIOD"),
        ({"VISIT": ["a", "a", "b"]}, "VISIT"), ({"YTYPE": [1, 1, 2]}, "YTYPE"),
        ({"MATRIX": ["plasma", "plasma", "urine"]}, "MATRIX"), ({"LDV": [0.1, 0.2, 0.3]}, "LDV"),
        ({"BLQFN": [0, 0, 1]}, "BLQFN"), ({"DVU": ["ng/mL"] * 3}, "DVU"),
        ({"COMMENT": ["haemolysed", None, None]}, "COMMENT"), ({"DUR": [2.0, 0, 0]}, "DUR"),
    ],
)  # fmt: skip
def test_columns_that_look_like_codes_are_reported(columns: dict[str, object], column: str) -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0, 1, 2], "AMT": [100, 0, 0], "DV": [None, 1, 2]})
    study = study_from_frame(table.assign(**columns))
    assert any(issue.where == f"table, column {column}" for issue in study.warnings)
    assert not list(code_issues(study, used=[column.lower()]))


@pytest.mark.parametrize(
    "column",
    ["BLQ_FLAG", "BLQFLAG", "blq_flag", "BLOQFL", "CENS_FLAG", "CENSFL", "IS_BLQ", "BQLFN",
     "LLOQFL", "BLQF", "BLQ.FL", "BDL"],
)  # fmt: skip
def test_flags_of_censoring_are_reported_for_any_name(column: str) -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0, 1], "DV": [5.0, 1], column: [0, 1]})
    (issue,) = study_from_frame(table).warnings
    assert f"{column} looks like BLQ" in issue.what
    read = study_from_frame(table, columns={"BLQ": column})
    assert read.table["BLQ"].tolist() == [0, 1]


@pytest.mark.parametrize("column", ["LLQ", "LOD", "LLOQ_VALUE", "LQ", "QL"])
def test_limits_are_reported_for_any_name(column: str) -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0, 1], "DV": [5.0, 1], column: [0.5, 0.5]})
    (issue,) = study_from_frame(table).warnings
    assert f"{column} looks like a limit" in issue.what
    assert study_from_frame(table, columns={"LLOQ": column}).table["LLOQ"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "header",
    ["DV ng/mL", "DV_ng/mL", "DV{ng/mL}", "dv.ng/mL", "DV_%", "DV - mg/L", "DV: ng/mL"],
)
def test_a_unit_outside_brackets_hides_no_observations(write: Write, header: str) -> None:
    path = write(f"ID,TIME,{header}\n1,0,5\n1,1,6\n")
    with pytest.raises(CheckError) as caught:
        read_study(path)
    (issue,) = [i for i in caught.value.issues if i.severity == "error"]
    assert f'columns = {{ DV = "{header}" }}' in issue.remedy
    unit = "%" if "%" in header else "mg/L" if "mg/L" in header else "ng/mL"
    study = read_study(path, columns={"DV": header}, units={"DV": unit})
    assert study.table["DV"].tolist() == [5, 6]
    path = write(f"ID,TIME,DV [{unit}],{header}\n1,0,7,5\n1,1,8,6\n")
    assert read_study(path).table["DV"].tolist() == [7, 8]


@pytest.mark.parametrize("header", ["AMT_mg", "RATE mg/h", "II_h", "LLOQ_ng/mL", "TIME_h"])
def test_units_of_other_columns_outside_brackets(write: Write, header: str) -> None:
    text = f"ID,TIME,DV,{header}\n1,0,1,2\n".replace("TIME,DV,TIME_h", "DATE,DV,TIME_h")
    with pytest.raises(CheckError, match="with a unit, but is not read as"):
        read_study(write(text))


@pytest.mark.parametrize("header", ["CONC", "CONC (ng/mL)", "Concentration", "AVAL", "Y", "CP"])
def test_values_of_a_table_without_dv_are_reported(write: Write, header: str) -> None:
    path = write(f"ID,TIME,AMT,{header}\n1,0,100,.\n1,1,.,6\n")
    name = header.split(" ")[0]
    (issue,) = read_study(path).warnings
    assert f"{name} looks like DV" in issue.what
    study = read_study(path, columns={"DV": name})
    assert study.table["DV"].tolist()[1] == 6
    assert study.warnings == ()


def test_a_single_logarithm_is_reported_correctly(write: Write) -> None:
    (issue,) = read_study(write("ID,TIME,LDV\n1,0,5\n1,1,6\n")).warnings
    assert issue.what == "LDV looks like log-transformed DV, but is not read (2 rows)"


def test_values_on_records_without_observation_are_reported(write: Write) -> None:
    study = read_study(write("ID,TIME,EVID,DV\n1,0,0,5\n1,1,2,2\n1,2,3,4\n1,3,2,0\n1,4,2,.\n"))
    found = [(i.what, i.where.split(", ")[1]) for i in study.warnings]
    assert [(what[:9], row) for what, row in found] == [
        ("DV is 2 o", "row 3"),
        ("DV is 4 o", "row 4"),
    ]
    study = read_study(write("ID,TIME,EVID,DV,MDV\n1,0,0,5,0\n1,1,2,2,1\n"))
    assert study.warnings == ()


def test_infusion_times_are_not_read_as_boluses() -> None:
    table = pd.DataFrame({"ID": 1, "TIME": [0, 1], "AMT": [100, 0], "DV": [None, 1],
                          "TINF": [2.0, 0]})  # fmt: skip
    with pytest.raises(CheckError, match="duration of infusions"):
        study_from_frame(table)
    study_from_frame(table.assign(RATE=[50.0, 0]))


def test_values_that_are_not_read_are_reported() -> None:
    table = pd.DataFrame({
        "ID": 1, "TIME": [0, 1, 2, 3], "AMT": [100.0, 0, 0, 0], "EVID": [1, 0, 0, 0],
        "DV": [7.0, 1.0, 999.0, 0.1], "MDV": [1, 0, 0, 1], "BLQ": [0, 0, 0, 1],
    })  # fmt: skip
    found = [issue.what for issue in study_from_frame(table).warnings]
    assert "DV is 7 on a dose record, which is not an observation" in found
    assert "DV is 999, which looks like a missing value" in found
    assert "BLQ is 1, but MDV is 1: the record is ignored, not censored" in found


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        ([70.0, -99.0, 80.0], [1]), ([70.0, 999.0], [1]), ([850.0, 999.0, 1200.0], []),
        ([-99.0, -99.0], [0, 1]), ([99.0], []), ([-90.0, -99.0, -120.0], []),
        ([0.0, 1.0, -9.0], [2]), ([-3.0, 2.0, -9.0], []),
    ],
)  # fmt: skip
def test_codes_of_missing_values(values: list[float], marked: list[int]) -> None:
    assert np.flatnonzero(find_sentinels(np.array(values))).tolist() == marked


def test_units_in_headers(write: Write) -> None:
    study = read_study(write("ID,TIME,DV [cp: ng/mL; pca: %],DVID\n1,0,1,cp\n1,1,2,pca\n"))
    assert study.units == {"DV.cp": "ng/mL", "DV.pca": "%"}
    assert read_study(write("ID,TIME,DV (log(ng/mL))\n1,0,1\n")).units == {"DV": "log(ng/mL)"}
    with pytest.raises(CheckError, match="cannot be read"):
        read_study(write("ID,TIME,DV [ng/mL] (plasma)\n1,0,1\n"))
