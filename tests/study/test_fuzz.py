"""Random tables become studies or one `CheckError`, and nothing else."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.study import CovariateColumn, DoseColumn, read_study, timelines

MODEST = settings(derandomize=True, max_examples=120, deadline=None, database=None)
CELLS = st.sampled_from(
    ["0", "1", "2", "3", "4", "-1", "-2", ".", "", "0.5", "100", "1e9", "NA", "x", "<1", ">2",
     "8:00", "2024-01-01", "inf", "nan", "1e400", "#", '"', "\u00e9", "1", "1", "0", "2"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["ID", "TIME", "AMT", "RATE", "EVID", "CMT", "ADDL", "II", "SS", "DV", "DVID", "MDV", "BLQ",
     "LLOQ", "ULOQ", "OCC", "DATE", "WT", "SEX", "", "DV [mg/L]", "x (", "id"]
)  # fmt: skip


def read_or_refuse(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text(text, encoding="utf-8")
        try:
            study = read_study(path)
        except CheckError:
            return
    columns = [CovariateColumn(name="WT"), CovariateColumn(name="SEX", interpolation="linear")]
    doses = [DoseColumn(name="oral", number=1)]
    try:
        lines = timelines(study, columns, doses)
    except CheckError:
        return
    assert sum(line.time.size for line in lines) == len(study.table)


@st.composite
def tables(draw: st.DrawFn) -> str:
    header = draw(st.lists(NAMES, max_size=8))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(header) + 2, max_size=len(header) + 3),
                         max_size=6))  # fmt: skip
    lines = [["ID", "TIME", *header], *rows]
    return draw(st.sampled_from(",;\t ")).join(["\n".join(",".join(line) for line in lines)])


@MODEST
@given(tables())
def test_random_tables(text: str) -> None:
    read_or_refuse(text)


@MODEST
@given(st.text("ID,TIMEDVAT0123.#\"' \n\t;é<", max_size=80) | st.text(max_size=40))
def test_random_text(text: str) -> None:
    read_or_refuse(text.encode("utf-8", "replace").decode())


GOOD = """ID,TIME,AMT,EVID,CMT,II,ADDL,SS,DV,WT,SEX
1,0,100,1,1,12,2,1,.,70,1
1,1,0,0,.,0,0,0,5,70,2
2,0,50,4,oral,0,0,0,.,80,1
2,3,0,0,.,0,0,0,<1,80,1
"""


@MODEST
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 3), CELLS | st.text(max_size=2))
def test_damaged_tables(place: int, gone: int, piece: str) -> None:
    text = GOOD[:place] + piece + GOOD[place + gone :]
    read_or_refuse(text.encode("utf-8", "replace").decode())
