"""Library models with one thing spoilt: always a report, never another exception."""

import copy
import random
import tomllib
from typing import Any

import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.library import names, path
from pkqsp_bayes.spec.reading.documents import format_document
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model

SPOILERS: tuple[Any, ...] = (
    0,
    -1,
    1e308,
    "x_unknown",
    "1 / (WT - WT)",
    "log(0)",
    "t",
    "venous.A",
    {"value": 1, "unit": "kg"},
    {"value": "CL", "unit": "1/h"},
    "0^t",
    "sqrt(-CO)",
    "if",
    "balance",
)


def leaves(table: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(table, dict):
        return [p for key, value in table.items() for p in [(*at, key), *leaves(value, (*at, key))]]
    return []


def spoil(table: dict[str, Any], source: random.Random) -> dict[str, Any]:
    made = copy.deepcopy(table)
    place = source.choice([p for p in leaves(table) if p[0] not in ("title", "source")])
    parent: Any = made
    for key in place[:-1]:
        parent = parent[key]
    if source.random() < 0.3:
        del parent[place[-1]]
    else:
        parent[place[-1]] = source.choice(SPOILERS)
    return made


@pytest.mark.parametrize("name", names())
def test_spoilt_models_end_in_a_report(name: str) -> None:
    table = tomllib.loads(path(name).read_text())
    source = random.Random(name)
    reported = 0
    for _ in range(COUNT):
        text = format_document(spoil(table, source))
        try:
            found = check_model(parse_model(text, where="model.toml"))
        except CheckError as error:
            found = list(error.issues)
        assert all(isinstance(issue, Issue) and issue.what for issue in found), text
        reported += bool(found)
    assert reported > COUNT // 3


COUNT = 15
