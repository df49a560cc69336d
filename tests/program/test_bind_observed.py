"""A fit needs observations; draws from the prior do not."""

from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.program.bind import bind_model

DESIGN = pq.regimen(pq.Dose(amount=100, to="oral"), [1, 4, 12], covariates={"WT": 70})


def test_without_observations_nothing_is_fitted(tmp_path: Path) -> None:
    model = pq.load_model("one-compartment")
    assert list(bind_model(model, DESIGN).observed["ID"]) == []
    for ask in (
        lambda: pq.fit(model, DESIGN, tmp_path / "fit"),
        lambda: pq.find_mode(model, DESIGN),
        lambda: pq.approximate(model, DESIGN),
    ):
        with pytest.raises(pq.CheckError, match="it has no observations") as caught:
            ask()
        assert "pkqsp prior" in caught.value.issues[0].remedy
    assert not (tmp_path / "fit" / "manifest.json").exists()
