"""Timelines: doses and covariate segments, against a rule written the plain way."""

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.study import (
    CovariateColumn,
    Dose,
    DoseColumn,
    Study,
    Timeline,
    covariate_columns,
    regimen,
    study_from_frame,
    timelines,
)
from pkqsp_bayes.study.timeline import SINCE_EVER

ORAL = (DoseColumn(name="oral", number=1),)
TWO = (*ORAL, DoseColumn(name="iv", number=2))


def study_of(**columns: object) -> Study:
    return study_from_frame(pd.DataFrame({"ID": "a", "DV": 1.0, "EVID": 0, **columns}))


def value_at(line: Timeline, index: int, time: float) -> float:
    piece = np.searchsorted(line.breaks, time, side="right") - 1
    intercept, slope = line.segments[piece, 2 * index : 2 * index + 2]
    return float(intercept + slope * time)


def test_events_become_arrays() -> None:
    frame = pd.DataFrame(
        {"ID": [1, 1, 1, 2], "TIME": [0, 1, 2, 0.5], "EVID": [1, 0, 4, 0],
         "CMT": ["IV", None, 1, ""],
         "AMT": [100, 0, 50, 0], "RATE": [25, 0, -2, 0], "II": [12, 12, 0, 0], "ADDL": [3, 3, 0, 0],
         "SS": [1, 1, 0, 0], "DV": [None, 1, None, 2]}
    )  # fmt: skip
    first, second = timelines(study_from_frame(frame), (), TWO)
    assert (first.subject, second.subject) == ("1", "2")
    assert first.dose.tolist() == [1, -1, 0]
    assert first.amount.tolist() == [100, 0, 50]
    assert first.rate.tolist() == [25, 0, -2]
    # Dose items of a record that is no dose mean nothing.
    assert (first.interval.tolist(), first.additional.tolist()) == ([12, 0, 0], [3, 0, 0])
    assert first.steady.tolist() == [1, 0, 0]
    assert (first.row.tolist(), second.row.tolist()) == ([0, 1, 2], [3])
    assert (second.breaks.tolist(), second.segments.shape) == ([0.5], (1, 0))
    assert first.fixed.shape == (0,)
    assert {a.dtype.name for a in (first.evid, first.dose, first.steady, first.row)} == {"int64"}


def test_a_missing_cmt_is_the_only_target() -> None:
    study = regimen(Dose(amount=1), [1])
    assert timelines(study, (), ORAL)[0].dose.tolist() == [0, -1]
    with pytest.raises(CheckError, match=r"CMT is missing.*oral \(1\), iv \(2\)"):
        timelines(study, (), TWO)
    with pytest.raises(CheckError, match=r"add \[dose"):
        timelines(study, (), ())


def test_an_unknown_cmt_is_refused() -> None:
    for name in ("orl", "3", "0"):
        with pytest.raises(CheckError, match=f"'{name}'"):
            timelines(regimen(Dose(amount=1, to=name), [1]), (), TWO)


@pytest.mark.parametrize(
    ("interpolation", "expected"),
    [
        ("locf", ([0, 3, 6], [[1, 0], [7, 0], [4, 0]])),
        ("nocb", ([0, 3], [[7, 0], [4, 0]])),
        ("linear", ([0, 3, 6], [[1, 2], [10, -1], [4, 0]])),
    ],
)
def test_segments_of_one_covariate(
    interpolation: str, expected: tuple[list[float], list[list[float]]]
) -> None:
    study = study_of(TIME=[0, 1, 3, 6, 8], X=[1, None, 7, 4, None])
    column = CovariateColumn(name="x", interpolation=interpolation)  # type: ignore[arg-type]
    line = timelines(study, [column], ())[0]
    assert (line.breaks.tolist(), line.segments.tolist()) == expected


def test_two_values_at_one_time() -> None:
    study = study_of(TIME=[0, 2, 2, 4], X=[1, 3, 5, 9])
    lines = {
        kind: timelines(study, [CovariateColumn(name="X", interpolation=kind)], ())[0]
        for kind in ("locf", "nocb", "linear")
    }
    assert [value_at(lines["locf"], 0, t) for t in (1, 2, 3, 4)] == [1, 5, 5, 9]
    assert [value_at(lines["nocb"], 0, t) for t in (1, 2, 3, 4)] == [3, 9, 9, 9]
    assert [value_at(lines["linear"], 0, t) for t in (1, 2, 3, 4)] == [2, 5, 7, 9]


def test_nocb_may_begin_late() -> None:
    study = study_of(TIME=[0, 2, 5], X=[None, None, 3])
    line = timelines(study, [CovariateColumn(name="X", interpolation="nocb")], ())[0]
    assert (line.breaks.tolist(), line.segments.tolist()) == ([0], [[3, 0]])


TABLES = st.lists(
    st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)),
        min_size=1, max_size=6,
    ),
    min_size=1, max_size=3,
)  # fmt: skip


def plain_value(kind: str, times: list[float], values: list[float | None], t: float) -> float:
    """The value of the interpolation rule, record by record, just after time t."""
    known = [(s, v) for s, v in zip(times, values, strict=True) if v is not None]
    past = [(s, v) for s, v in known if s <= t]
    future = [(s, v) for s, v in known if s > t]
    if not future:
        return past[-1][1]
    if kind == "nocb":
        return future[0][1]
    if kind == "locf":
        return past[-1][1]
    (t0, v0), (t1, v1) = past[-1], future[0]
    return v0 + (v1 - v0) * (t - t0) / (t1 - t0)


@settings(derandomize=True, max_examples=80, deadline=None, database=None)
@given(TABLES, st.permutations(["locf", "nocb", "linear"]))
def test_segments_follow_the_rule(
    subjects: list[list[tuple[int, int | None, int | None]]], kinds: list[str]
) -> None:
    rows = []
    for index, records in enumerate(subjects):
        times = itertools.accumulate(step for step, _, _ in records)
        for place, (moment, (_, x, y)) in enumerate(zip(times, records, strict=True)):
            first = place == 0
            rows.append((str(index), float(moment), 0 if first and x is None else x,
                         1 if first and y is None else y))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["ID", "TIME", "X", "Y"]).assign(DV=1.0)
    columns = [
        CovariateColumn(name=name, interpolation=kind)  # type: ignore[arg-type]
        for name, kind in zip("XY", kinds, strict=False)
    ]
    for line in timelines(study_from_frame(frame), columns, ()):
        own = frame[frame["ID"] == line.subject]
        times = own["TIME"].tolist()
        assert (np.diff(line.breaks) > 0).all()
        assert line.breaks[0] <= times[0]
        changes = (line.segments[1:] != line.segments[:-1]).any(axis=1)
        assert changes.all()
        for index, (name, kind) in enumerate(zip("XY", kinds, strict=False)):
            values = [None if pd.isna(v) else float(v) for v in own[name]]
            for t in (*times, *(s + 0.25 for s in times), times[-1] + 5):
                expected = plain_value(kind, times, values, t)
                assert value_at(line, index, t) == pytest.approx(expected, abs=1e-9)


def test_fixed_covariates() -> None:
    frame = pd.DataFrame(
        {"ID": list("aabb"), "TIME": [0, 1, 0, 1], "DV": 1.0, "wt": [None, 70, 80, 80],
         "SEX": ["f", "f", "m", None]}
    )  # fmt: skip
    study = study_from_frame(frame, units={"wt": "kg"})
    columns = (
        CovariateColumn(name="SEX", levels={"f": 0, "m": 1}),
        CovariateColumn(name="WT", unit="g"),
    )
    assert [line.fixed.tolist() for line in timelines(study, columns, ())] == [
        [0, pytest.approx(70_000)],
        [1, pytest.approx(80_000)],
    ]


@pytest.mark.parametrize("values", [[0, 1], ["0", "1"], ["f", "m"], ["f", "1"]])
def test_levels_by_label_or_code(values: list[object]) -> None:
    frame = pd.DataFrame({"ID": list("ab"), "TIME": 0, "DV": 1.0, "SEX": values})
    column = CovariateColumn(name="SEX", levels={"f": 0, "m": 1})
    lines = timelines(study_from_frame(frame), [column], ())
    assert [line.fixed.tolist() for line in lines] == [[0], [1]]


@pytest.mark.parametrize(
    ("values", "column", "what"),
    [
        ([1, 2], {}, "changes to 2 within subject a, but the model declares it as fixed"),
        ([None, None], {}, "subject a has no value"),
        ([None, 1], {"interpolation": "locf"}, "no value at the first record of subject a"),
        ([None, 1], {"interpolation": "linear"}, "no value at the first record"),
        ([None, None], {"interpolation": "nocb"}, "no value at the first record"),
        (["f", "x"], {"levels": {"f": 0, "m": 1}}, "'x' is not a level of this covariate"),
        ([0, 3], {"levels": {"f": 0, "m": 1}}, "3 is not the code of a level"),
        (["heavy", "5"], {}, "'heavy' is not a finite number"),
        ([1, 1], {"unit": "mg"}, "no conversion"),
        ([1, 1], {"name": "XX"}, "the column 'XX'"),
    ],
)
def test_bad_covariates(values: list[object], column: dict[str, object], what: str) -> None:
    frame = pd.DataFrame({"ID": "a", "TIME": [0, 1], "DV": 1.0, "X": values})
    study = study_from_frame(frame, units={"X": "L"})
    settings = {"name": "X", "unit": "L", **column}
    with pytest.raises(CheckError) as caught:
        timelines(study, [CovariateColumn(**settings)], ())  # type: ignore[arg-type]
    assert what in str(caught.value)
    assert all(issue.remedy for issue in caught.value.issues)
    assert "locf" in str(caught.value) or "declares it as fixed" not in what


def test_all_problems_come_together() -> None:
    frame = pd.DataFrame(
        {"ID": "a", "TIME": [0, 1], "EVID": [1, 0], "AMT": [1, 0], "CMT": "x", "DV": 1.0,
         "A": [1, 2], "B": [None, 1]}
    )  # fmt: skip
    columns = [CovariateColumn(name="A"), CovariateColumn(name="B", interpolation="locf"),
               CovariateColumn(name="C")]  # fmt: skip
    with pytest.raises(CheckError) as caught:
        timelines(study_from_frame(frame), columns, ORAL)
    assert len(caught.value.issues) == 4


def test_time_that_begins_again() -> None:
    study = study_of(TIME=[5, 9, 1, 3], EVID=[0, 0, 3, 0], X=[2, 2, 2, 2], Y=[1, 2, 4, 3])
    pieces = {
        ("X", "locf"): ([5, SINCE_EVER], [[2, 0], [2, 0]]),
        ("Y", "locf"): ([5, 9, SINCE_EVER, 3], [[1, 0], [2, 0], [4, 0], [3, 0]]),
        ("Y", "nocb"): ([5, SINCE_EVER], [[2, 0], [3, 0]]),
        ("Y", "linear"): ([5, 9, SINCE_EVER, 3], [[-0.25, 0.25], [2, 0], [4.5, -0.5], [3, 0]]),
    }
    for (name, kind), expected in pieces.items():
        column = CovariateColumn(name=name, interpolation=kind)  # type: ignore[arg-type]
        line = timelines(study, [column], ())[0]
        assert (line.breaks.tolist(), line.segments.tolist()) == expected, (name, kind)
    assert timelines(study, (), ())[0].breaks.tolist() == [5, SINCE_EVER]


def test_a_straight_line_begins_with_a_value() -> None:
    study = study_of(TIME=[5, 9, 1, 3], EVID=[0, 0, 4, 0], AMT=[0, 0, 1, 0], X=[1, 2, None, 3])
    column = CovariateColumn(name="X", interpolation="linear")
    with pytest.raises(CheckError, match=r"row 3, column X.*or where its time restarts"):
        timelines(study, [column], ORAL)


def test_a_record_has_its_own_values() -> None:
    study = study_of(
        TIME=[0, 2, 2, 2, 4, 0, 3], EVID=[0, 0, 0, 0, 0, 3, 0], X=[1, None, 3, 5, None, 7, None]
    )
    own = {
        kind: timelines(study, [CovariateColumn(name="X", interpolation=kind)], ())[0].own[:, 0]
        for kind in ("locf", "nocb", "linear")
    }
    assert own["locf"].tolist() == [1, 1, 3, 5, 5, 7, 7]
    assert own["nocb"].tolist() == [1, 3, 3, 5, 7, 7, 7]
    assert own["linear"].tolist() == [1, 3, 3, 5, 5, 7, 7]


def test_columns_of_a_model() -> None:
    stated = {"WT": CovariateSpec(unit="kg"), "AAG": CovariateSpec(interpolation="linear")}
    columns = covariate_columns(["AAG", "WT"], stated)
    assert [(c.name, c.interpolation, c.unit) for c in columns] == [
        ("AAG", "linear", ""),
        ("WT", "fixed", "kg"),
    ]


def test_ten_thousand_subjects_take_about_a_second() -> None:
    times = np.arange(1.0, 25.0)
    study = regimen(
        Dose(amount=np.linspace(1, 2, 10_000)), times, subjects=10_000, covariates={"WT": 70.0}
    )
    study.table["AAG"] = np.sin(np.arange(len(study.table)))
    study = study_from_frame(study.table.drop(columns="ROW"))
    columns = (CovariateColumn(name="WT"), CovariateColumn(name="AAG", interpolation="linear"))
    start = time.process_time()
    lines = timelines(study, columns, ORAL)
    seconds = time.process_time() - start
    assert len(lines) == 10_000
    assert lines[-1].amount[0] == 2
    assert lines[5].breaks.size == 25
    assert seconds < 4
