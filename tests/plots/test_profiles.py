"""Which observations lines join: worked out by hand from the rule."""

from typing import Any

import pandas as pd
import pytest

from pkqsp_bayes.plots.profiles import joined_runs


def table(rows: str, **more: Any) -> pd.DataFrame:
    """Return events: D a dose, R a reset with a dose, o an observation, < a censored one."""
    codes = {"D": 1, "R": 4, "o": 0, "<": 0}
    cells = {"ID": "1", "TIME": [float(k) for k in range(len(rows))], "OCC": "", "II": 0.0,
             "ADDL": 0, "EVID": [codes[c] for c in rows],
             "censored": [-int(c == "<") for c in rows]}  # fmt: skip
    return pd.DataFrame({**cells, **more})


def runs(events: pd.DataFrame) -> list[int]:
    found: list[int] = joined_runs(events[events["EVID"] == 0], events).tolist()
    return found


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("oDooo", [0, 0, 0, 0]),  # a sample before the first dose belongs to the profile
        ("DooDoo", [0, 0, 1, 1]),  # two profiles
        ("DoDoDo", [0, 0, 0]),  # one sample per dose: a course
        ("DooDoDo", [0, 0, 1, 1]),  # a profile, then troughs
        ("DoDDo", [0, 0]),
        ("DoRo", [0, 1]),  # a reset always breaks
        ("Do<o", [0, 1, 2]),
        ("D<<oo", [0, 1, 2, 2]),
        ("Doo<", [0, 0, 1]),
    ],
)
def test_lines_break_where_the_rule_says(rows: str, wanted: list[int]) -> None:
    assert runs(table(rows)) == wanted


def test_an_occasion_breaks_a_line() -> None:
    assert runs(table("DoDo", OCC=["1", "1", "2", "2"])) == [0, 1]


def test_additional_doses_are_doses() -> None:
    """Doses at 0, 24 and 48 h; the sample at 24 h is before its dose."""
    events = table("Dooooo", TIME=[0, 12, 24, 30, 36, 90])
    events.loc[0, ["II", "ADDL"]] = 24.0, 2
    assert runs(events) == [0, 0, 1, 1, 2]


def test_without_a_study_only_a_restart_of_time_and_censoring_break() -> None:
    seen = pd.DataFrame({"ID": ["1", "1", "1", "2"], "TIME": [0, 5, 1, 2], "censored": 0})
    assert joined_runs(seen, None).tolist() == [0, 0, 1, 2]
