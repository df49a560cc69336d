"""Rules of arguments, each against values by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pkqsp_bayes.arguments import (
    FLAG,
    PATH,
    SEED,
    checked,
    count,
    either,
    increasing,
    instance,
    mapping,
    number,
    numbers,
    probability,
    sequence,
)
from pkqsp_bayes.arguments.rule import Rule
from pkqsp_bayes.errors import CheckError, Issue

NAN, INF = float("nan"), float("inf")
NO_NUMBERS: list[Any] = [NAN, True, np.True_, "3", None, [], {}, 1j, b"1", np.array([1.0]), object]


def fine(rule: Rule, value: object) -> bool:
    return not list(rule.issues("x", value))


def test_a_count_is_a_whole_number_of_a_sensible_size() -> None:
    for value in [*NO_NUMBERS, 0, -1, 1.0, 2.5, 10**18, 10**5000, -(10**5000)]:
        assert not fine(count(), value)


def test_counts_of_numpy_are_counts() -> None:
    assert fine(count(), np.int64(3))
    assert fine(count(0), 0)
    assert fine(SEED, 2**32 - 1)
    assert not fine(SEED, 2**32)


def test_a_number_is_finite() -> None:
    for value in [*NO_NUMBERS, INF, -INF, 10**400]:
        assert not fine(number(), value)


def test_bounds_of_numbers() -> None:
    assert [fine(probability(), v) for v in (0, 1e-9, 0.5, 1)] == [False, True, True, False]
    assert [fine(number(least=0, most=1), v) for v in (0, 1, 1.1, -0.1)] == [
        True,
        True,
        False,
        False,
    ]
    assert fine(number(), np.float32(0.5))


def test_lists_of_numbers() -> None:
    assert fine(increasing(2), [0, 1.5, 3])
    for wrong in (
        [0],
        [0, 0],
        [1, 0],
        [0, NAN],
        [0, INF],
        "01",
        None,
        [[0, 1]],
        [True, False],
        {1},
    ):
        assert not fine(increasing(2), wrong)
    assert fine(numbers(), 3.0)
    assert fine(numbers(missing=True), [1.0, NAN])
    assert not fine(numbers(missing=True), [1.0, INF])


def test_paths_and_flags() -> None:
    assert [fine(PATH, v) for v in ("a", "", "a\0b", 3, None)] == [True, False, False, False, False]
    assert [fine(FLAG, v) for v in (True, np.False_, 1, "yes")] == [True, True, False, False]


def test_a_problem_of_a_member_names_the_member() -> None:
    rule = mapping(number(), wanted="give numbers by name")
    assert [i.where for i in rule.issues("x", {"CL": 1.0, "V": NAN})] == ["x.V"]
    assert [i.where for i in sequence(number(), wanted="").issues("x", [1, "a"])] == ["x[1]"]
    assert not fine(rule, {3: 1.0})
    assert fine(either(count(), rule), 3)
    assert fine(either(count(), rule), {"V": 1.0})


MODEL, STUDY = (instance(kind, wanted=f"give {kind.__name__}") for kind in (dict, frozenset))


def together(given: Mapping[str, Any]) -> list[Issue]:
    same = given.get("draws", "a") == given.get("seed", "b")
    return [Issue(where="both", what="they are the same", remedy="change one")] if same else []


@checked(
    together, model=MODEL, study=STUDY, draws=count(), seed=SEED,
)  # fmt: skip
def work(model: object, study: object = None, *, draws: int = 10, seed: int = 1) -> object:
    """Return the arguments."""
    return model, study, draws, seed


def test_a_call_that_is_fine_is_as_it_was() -> None:
    assert work({}, draws=3) == ({}, None, 3, 1)
    assert work.__doc__ == "Return the arguments."
    draws = work({}, draws=np.int64(3))[2]  # type: ignore[index]
    assert type(draws) is int


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(CheckError) as caught:
        work(3, "s", draws=0, seed=-1)  # type: ignore[arg-type]
    assert [issue.where for issue in caught.value.issues] == ["model", "study", "draws", "seed"]
    assert all(issue.what and issue.remedy for issue in caught.value.issues)


def test_arguments_in_the_wrong_order_are_reported() -> None:
    with pytest.raises(CheckError) as caught:
        work(frozenset(), {})
    assert "which belongs to the argument study" in caught.value.issues[0].what
    assert "which belongs to the argument model" in caught.value.issues[1].what


def test_what_is_wrong_together_is_asked_of_the_rest() -> None:
    with pytest.raises(CheckError) as caught:
        work(3, draws=2, seed=2)
    assert [issue.where for issue in caught.value.issues] == ["model", "both"]


def test_a_missing_or_unknown_argument_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match=r"^work\(\) missing a required argument: 'model'"):
        work()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^work\(\) got an unexpected keyword argument 'drawz'"):
        work({}, drawz=3)  # type: ignore[call-arg]
