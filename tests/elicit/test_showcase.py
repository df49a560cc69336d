"""Derived priors in a fit: their gain if they are right, and the detection of wrong ones."""

import numpy as np
import pytest

from tests.elicit.showcase import TRUTH, Showcase, run_showcase

pytestmark = pytest.mark.slow  # three programs, three fits


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Showcase:
    return run_showcase(tmp_path_factory.mktemp("showcase"))


def test_the_derived_prior_adds_what_it_knows(found: Showcase) -> None:
    """Where it is right, omega is known better than with the vague one, and no worse placed."""
    table = found.summary.set_index(["prior", "parameter"])
    for name, true in TRUTH.items():
        row = table.loc[("derived", name)]
        assert row.q5 < true < row.q95, name
    assert table.loc[("derived", "omega[CL]"), "variance against vague"] < 0.7


def test_the_conflict_with_the_wrong_one_is_flagged(found: Showcase) -> None:
    conflict = found.conflict.conflict
    assert conflict["wrong", "joint CL"]
    assert conflict["wrong", "omega[CL]"]
    assert not conflict["derived"].any()


def test_the_wrong_prior_would_have_misled(found: Showcase) -> None:
    table = found.summary.set_index(["prior", "parameter"])
    assert table.loc[("wrong", "omega[CL]"), "q95"] < TRUTH["omega[CL]"]
    bits = table["bits"]
    assert np.isfinite(bits).all()
    assert bits["vague", "omega[CL]"] > bits["derived", "omega[CL]"]
