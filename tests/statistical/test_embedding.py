"""PBPK alone, fitted to data with target-mediated disposition, is biased; embedding is not."""

import pandas as pd
import pytest

from tests.statistical.antibody import TRUTH, fit_study, models, quantities, study_for
from tests.statistical.embedding import bias_table, quick_table
from tests.statistical.penalised import penalised_fit


@pytest.mark.slow
def test_penalised_fits_show_the_bias_and_its_end() -> None:
    """The same plasma samples for both; nothing of the target is seen."""
    table = quick_table()
    alone, embedded = table.loc["PBPK only"], table.loc["embedded"]
    assert alone.loc["CL", "bias_percent"] > 100
    assert alone.loc["Vss", "bias_percent"] < -25
    assert not alone.drop("Vss")["inside"].any()
    assert (embedded.loc[["CL", "Vp", "ISF", "Vss"], "bias_percent"].abs() < 10).all()
    typical = embedded.drop("Vss")
    assert typical["inside"].all(), typical


def test_the_target_seen_too_tells_every_typical_value() -> None:
    full = penalised_fit(models()["full"], study_for(models()["full"]), TRUTH)
    truth = pd.Series(TRUTH).reindex(full.index)
    assert len(full) == 8
    assert truth.between(full["low"], full["high"]).all(), full
    assert (full.loc[["CL", "Vp", "ISF", "R0", "kdeg", "kint"], "log_error"] < 0.1).all()


@pytest.fixture(scope="module")
def biases(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    work = tmp_path_factory.mktemp("embedding")
    return bias_table({n: quantities(fit_study(n, work)) for n in ("PBPK only", "embedded")})


@pytest.mark.slow
def test_pbpk_alone_is_far_from_the_truth(biases: pd.DataFrame) -> None:
    """It takes the target's clearance for linear clearance."""
    alone = biases.loc["PBPK only"]
    assert alone.loc["CL", "bias_percent"] > 20
    assert alone.loc["CL", "low"] > alone.loc["CL", "truth"]
    assert not alone.loc["Vss", "inside"]
    assert alone.loc["sigma[cp]", "bias_percent"] > 100


@pytest.mark.slow
def test_with_the_binding_embedded_the_bias_is_gone(biases: pd.DataFrame) -> None:
    """The same plasma samples, and nothing of the target seen."""
    embedded = biases.loc["embedded"]
    assert embedded.loc[["CL", "Vss", "sigma[cp]"], "inside"].all()
    assert (embedded.loc[["CL", "Vss"], "bias_percent"].abs() < 15).all()
