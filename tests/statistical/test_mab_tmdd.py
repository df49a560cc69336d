"""All parameters of mab-tmdd are recovered from a simulated study at three doses."""

import pandas as pd
import pytest

import pkqsp_bayes as pq
from tests.statistical.antibody import TRUTH, fit_study, quantities
from tests.statistical.embedding import recovery_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recovered(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    tree = fit_study("full", tmp_path_factory.mktemp("mab"))
    assert int(tree["sample_stats"]["diverging"].sum()) <= 5
    return recovery_table(quantities(tree)).join(pq.summary_table(tree)[["sd", "r_hat"]])


def test_chains_have_mixed(recovered: pd.DataFrame) -> None:
    assert set(TRUTH) <= set(recovered.index)
    assert recovered.loc[list(TRUTH), "r_hat"].max() < 1.01


def test_intervals_hold_the_truth(recovered: pd.DataFrame) -> None:
    """Of thirteen 95 % intervals, two miss with probability 0.11, three with 0.02."""
    missed = recovered.loc[list(TRUTH)].query("not inside")
    assert len(missed) <= 1, missed


def test_the_data_tell_what_the_priors_did_not(recovered: pd.DataFrame) -> None:
    """kon and koff apart are the priors'; everything else is known to a fifth or better."""
    told = ["CL", "Vp", "ISF", "R0", "kdeg", "kint"]
    share = recovered["sd"] / recovered["mean"]
    assert (share.loc[told] < 0.2).all(), share
