"""Units: their meaning, and the refusal of invalid texts."""

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.units import (
    _MISREAD,
    UnitError,
    conversion_factor,
    dimension,
    parse_unit,
    same_dimension,
)


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("ng/mL", "mg/L", 1e-3), ("mL/min", "L/h", 0.06), ("1/min", "1/h", 60.0),
        ("day", "h", 24.0), ("nM", "mol/L", 1e-9), ("nmol/L", "nM", 1.0), ("%", "", 0.01),
        ("L/h/kg^0.75", "mL/min/kg^0.75", 1000 / 60), ("ug", "mg", 1e-3), ("µg", "mg", 1e-3),
        ("μg", "mg", 1e-3), ("cm^2", "m**2", 1e-4),
        ("(mg/L)^2", "(g/L)^2", 1e-6), ("mg h / L", "ug·h/mL", 1.0), ("year", "day", 365.25),
        ("IU/mL", "IU/L", 1000.0), ("cells/uL", "1/L", 1e6), ("1e0", "", None),
        ("pg/mL", "ng/L", 1.0), ("mmHg", "Pa", 133.322387415), ("1/(nM*h)", "1/nM/h", 1.0),
        ("wk", "day", 7.0),
    ],
)  # fmt: skip
def test_factors(source: str, target: str, factor: float | None) -> None:
    if factor is None:
        with pytest.raises(UnitError):
            conversion_factor(source, target)
    else:
        assert conversion_factor(source, target) == pytest.approx(factor, rel=1e-9)


def test_dimensions() -> None:
    assert same_dimension("mg/L", "kg/m^3")
    assert not same_dimension("mg/L", "mol/L")
    assert dimension("") == dimension(" ") == dimension("%") == "dimensionless"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("gr", "'g'"), ("Mg/L", "'mg'"), ("ML/min", "'mL'"), ("MM", "'mM'"), ("pct", "'%'"),
        ("units/mL", "'IU'"), ("1/H", "'h'"), ("ug/D", "'day'"), ("mG", "'mg'"), ("L/Min", "'min'"),
        ("pH", "''"), ("u", "'IU'"),
    ],
)  # fmt: skip
def test_symbols_that_pint_reads_otherwise_are_refused(text: str, remedy: str) -> None:
    with pytest.raises(UnitError, match=re.escape(f"write {remedy}")) as caught:
        parse_unit(text)
    assert "is the symbol of" in str(caught.value)


def test_the_remedies_for_misread_symbols_can_be_followed() -> None:
    for _, remedy in _MISREAD.values():
        for unit in re.findall(r"'([^']*)'", remedy):
            parse_unit(unit)


HOSTILE = [
    "9**9**9", "9^9^9^9", "m^9^9^9", "m**9**9**9", "m^99", "m^-99", "m^(9^9)", "(m^9)^9^9",
    "kg" * 50, "kg/" * 40, "(" * 80, "m" * 81, "m" * 1_000_000, "((((m", "m))", "mgg", "foo/bar",
    "__import__('os')", "m.__class__", "m; m", "m = 1", "m:L", "lambda: m", "[m]", "{m}", "'m'",
    "m\0", "m\nm/", "m//L", "m/", "/L", "*", "1/", "^2", "m^", "m^x", "m^1e9", "1e9", "2", "2 m",
    "0.5*kg", "m+L", "m-L", "-m", "m^^2", "m***2", "m%%", "inf", "nan", "degC/foo", "\u217c",
    "k\u0261", "mg\u200b", "mg per", "per L", "m**-", "1e400*m", "m^0.1234", "self", "None",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_is_not_a_unit_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(UnitError) as caught:
        parse_unit(text)
    assert time.process_time() - start < 1
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("source", "target"), [("mg", "L"), ("degC", "kelvin"), ("", "mg")])
def test_no_factor_between_what_differs(source: str, target: str) -> None:
    with pytest.raises(UnitError):
        conversion_factor(source, target)


@settings(derandomize=True, max_examples=400, deadline=None, database=None)
@given(
    st.text("mgLhkuµ1 29/*^().-%·", max_size=25)
    | st.lists(
        st.sampled_from(["mg", "L", "/", "*", "^", "**", "2", "-1", "(", ")", " ", "1", "9", "h"]),
        max_size=14,
    ).map("".join)
)
def test_random_text_is_a_unit_or_refused(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(UnitError):
        assert dimension(text)
    assert time.process_time() - start < 1
