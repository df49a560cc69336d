"""Damaged model files are models or one `CheckError`, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pkqsp_bayes.spec
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec import format_model, parse_model
from tests.spec.examples import EVERYTHING

LIBRARY = sorted((Path(pkqsp_bayes.spec.__file__).parents[1] / "library").glob("*.toml"))
# fmt: off
PIECES = ["", "=", "{", "}", "[", "]", '"', "1", "x", ".", "\n", "true", "#", "nan", "[x]\n", "é",
          "= 1979-05-27", "= {}", "= []", '= ""', "= -1", "= 1e400", "= 0xffffffffffffffffff"]
# fmt: on

VALUES = ["1", '"x"', "[]", "{}", "true", "[[1]]", "{ a = 1 }", "''", "07:32:00", "[{}]",
          "{ value = 1 }", '["x", 1]']  # fmt: skip


def parse_or_refuse(text: str) -> None:
    try:
        spec = parse_model(text)
    except CheckError:
        return
    assert parse_model(format_model(spec)) == spec


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(st.integers(0, len(EVERYTHING) - 1), st.integers(0, 6), st.sampled_from(PIECES))
def test_damaged_files(place: int, gone: int, piece: str) -> None:
    parse_or_refuse(EVERYTHING[:place] + piece + EVERYTHING[place + gone :])


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(st.data())
def test_values_of_the_wrong_kind(data: st.DataObject) -> None:
    lines = EVERYTHING.split("\n")
    index = data.draw(st.sampled_from([i for i, line in enumerate(lines) if " = " in line]))
    value = data.draw(st.sampled_from(VALUES))
    lines[index] = lines[index].split(" = ")[0] + " = " + value
    parse_or_refuse("\n".join(lines))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_library_models_survive_the_round_trip(path: Path) -> None:
    parse_or_refuse(path.read_text(encoding="utf-8"))
