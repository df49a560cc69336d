"""Every table states its source and units."""

from pathlib import Path

import pint
import pytest

from pkqsp_bayes.physiology import tables
from pkqsp_bayes.physiology.kp import composition_names, load_composition
from pkqsp_bayes.physiology.tables import read_table, table_sources
from pkqsp_bayes.units import parse_unit

_NAMES = sorted(path.stem for path in (Path(tables.__file__).parent / "tables").glob("*.csv"))
_TEXT = {"set", "tissue", "organ", "drains_to", "person", "sex", "species", "status"}
_TEXT |= {"pathway", "protein"}


@pytest.mark.parametrize("name", _NAMES)
def test_each_number_has_a_unit_and_a_source(name):
    about = table_sources()[name]
    rows = read_table(name)
    assert set(about["units"]) <= set(rows[0])
    assert set(rows[0]) - set(about["units"]) <= _TEXT
    for column, unit in about["units"].items():
        assert isinstance(parse_unit(unit), pint.Unit)
        assert all(float(row[column] or 0.0) >= 0.0 for row in rows), column
    sources = about["sets"].values() if "sets" in about else [about]
    for source in sources:
        assert source["citation"]
        assert source["read_at"]
        assert source["status"]


def test_no_source_without_a_table():
    assert sorted(table_sources()) == _NAMES


@pytest.mark.parametrize("name", composition_names())
def test_compositions_hold_fractions(name):
    for tissue, row in load_composition(name).rows.items():
        for part in ("water", "lipid", "protein", "neutral_lipid", "intracellular_water"):
            value = getattr(row, part)
            assert not value > 1.0, (tissue, part)
