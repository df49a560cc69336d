"""What the README shows of bodies and populations."""

import pytest

import pkqsp_bayes as pq
from tests.test_readme import blocks


def test_the_example_runs():
    code = next(block for block in blocks("python") if "virtual_population" in block)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # our own text, not a user's
    assert len(scope["subjects"]) == 1000
    assert scope["child"].weight == 19.0


def test_names_at_the_top():
    table = pq.kp_table(pq.DrugChemistry(logP=2.3, fup=0.33, pKa_base=(8.6,)))
    # PK-Sim returns 22.23 for Schmitt's method.
    assert table.loc["brain", "schmitt"] == pytest.approx(22.23, abs=0.005)
    assert set(table.attrs["sources"]) == set(table.columns)
