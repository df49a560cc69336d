"""Times that the solver takes for one."""

from pathlib import Path

import pytest

import pkqsp_bayes as pq


def table(tmp_path: Path, *times: str) -> Path:
    path = tmp_path / "study.csv"
    rows = [f"1,{t},{0 if i else 100},{0 if i else 1},{i}" for i, t in enumerate(times)]
    path.write_text("ID,TIME,AMT,EVID,DV\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("earlier", "later"), [("0.3", "0.30000000000000004"), ("5000", "5000.000000001")]
)
def test_times_that_the_solver_cannot_distinguish_are_refused(
    tmp_path: Path, earlier: str, later: str
) -> None:
    with pytest.raises(pq.CheckError, match="too close to the time of the previous") as caught:
        pq.read_study(table(tmp_path, "0", earlier, later))
    assert "row 4" in caught.value.issues[0].where


@pytest.mark.parametrize(("earlier", "later"), [("0.3", "0.3000001"), ("5000", "5000.00001")])
def test_other_times_are_two(tmp_path: Path, earlier: str, later: str) -> None:
    assert len(pq.read_study(table(tmp_path, "0", earlier, later)).table) == 3
