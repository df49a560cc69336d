"""PBPK alone, fitted to data with target-mediated disposition, is biased; embedding is not."""

import pandas as pd
import pytest

from tests.statistical.antibody import fit_study, quantities
from tests.statistical.embedding import bias_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def biases(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("embedding")
    return bias_table(
        {name: quantities(fit_study(name, folder / name[:4])) for name in ("PBPK only", "embedded")}
    )


def test_pbpk_alone_is_far_from_the_truth(biases: pd.DataFrame) -> None:
    """It takes the target's clearance for linear clearance."""
    alone = biases.loc["PBPK only"]
    assert alone.loc["CL", "bias_percent"] > 20
    assert alone.loc["CL", "low"] > alone.loc["CL", "truth"]
    assert not alone.loc["Vss", "inside"]
    assert alone.loc["sigma[cp]", "bias_percent"] > 100


def test_with_the_binding_embedded_the_bias_is_gone(biases: pd.DataFrame) -> None:
    """The same plasma samples, and nothing of the target seen."""
    embedded = biases.loc["embedded"]
    assert embedded.loc[["CL", "Vss", "sigma[cp]"], "inside"].all()
    assert (embedded.loc[["CL", "Vss"], "bias_percent"].abs() < 15).all()
