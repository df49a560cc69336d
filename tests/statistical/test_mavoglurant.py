"""The published posterior of mavoglurant, 20 subjects, from our own fit.

Oracle: ``../shared/reference/oracles/mavoglurant_published_posterior.csv`` (BayesPBPK tutorial).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq

SHARED = Path(__file__).parents[3] / "shared"
ROWS = {"CLintHat": "CLint", "omega_CLint": "omega[CLint]", "sigma": "sigma[cp]"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="../shared with the study is not there"),
]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, int]:
    study = pq.read_study(SHARED / "data" / "mavoglurant" / "study.csv")
    settings = pq.FitSettings(chains=4, warmup=500, draws=1000, seed=1)
    folder = tmp_path_factory.mktemp("mavoglurant")
    tree = pq.fit(pq.load_model("mavoglurant"), study, folder, settings=settings)
    return pq.summary_table(tree), int(tree["sample_stats"]["diverging"].sum())


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    path = SHARED / "reference" / "oracles" / "mavoglurant_published_posterior.csv"
    return pd.read_csv(path, comment="#").set_index("parameter").rename(index=ROWS)


def test_it_converged(fitted: tuple[pd.DataFrame, int]) -> None:
    table, divergent = fitted
    assert divergent == 0
    assert table.r_hat.max() < 1.01
    assert table.ess_bulk.min() >= 400


def test_means_are_the_published_ones(
    fitted: tuple[pd.DataFrame, int], published: pd.DataFrame
) -> None:
    ours = fitted[0].loc[published.index]
    error = np.hypot(ours.sd / np.sqrt(ours.ess_bulk), published.sd / np.sqrt(published.ess_bulk))
    gap = (ours["mean"] - published["mean"]).abs() / error
    assert (gap < 3).all(), gap


def test_standard_deviations_are_the_published_ones(
    fitted: tuple[pd.DataFrame, int], published: pd.DataFrame
) -> None:
    ratio = fitted[0].loc[published.index].sd / published.sd
    assert ((ratio > 0.85) & (ratio < 1.15)).all(), ratio
