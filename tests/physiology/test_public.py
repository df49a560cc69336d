"""The public names of bodies and tissues."""

import pytest

import pkqsp_bayes as pq


def test_names_at_the_top():
    table = pq.kp_table(pq.DrugChemistry(logP=2.3, fup=0.33, pKa_base=(8.6,)))
    # PK-Sim returns 22.23 for Schmitt's method.
    assert table.loc["brain", "schmitt"] == pytest.approx(22.23, abs=0.005)
    assert set(table.attrs["sources"]) == set(table.columns)
