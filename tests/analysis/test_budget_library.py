"""The parts of the variance add up in every library model, under draws from its own priors."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.drawing import draw_population
from pkqsp_bayes.library import names
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.spec.reading.toml import format_model
from tests.analysis.posteriors import hand_made
from tests.designs import design_of, regimen
from tests.program.studies import observed

DRAWS = 400


def _by_label(values: Mapping[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    """Return the draws of ``kind[label]`` by label, drawn together towards their median.

    The priors of some spread over orders of magnitude: variances have no precision there.
    """
    start = f"{kind}["
    return {n.removeprefix(start)[:-1]: v for n, v in values.items() if n.startswith(start)}


def _closer(values: np.ndarray) -> np.ndarray:
    middle = np.median(values)
    return middle + 0.2 * (values - middle)


def _of_one(doses: pq.Dose | list[pq.Dose]) -> list[pq.Dose]:
    """Return the doses of the first subject."""
    given = doses if isinstance(doses, list) else [doses]
    return [dataclasses.replace(d, amount=np.ravel(d.amount)[0]) for d in given]


FAST = ("theophylline", "tmdd-antibody", "warfarin")


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in names()]
)
def test_parts_add_up(name: str) -> None:
    """The sum against the variance of single draws of everything at once, within its error."""
    model, design = pq.load_model(name), design_of(name)
    study = regimen(name)
    samples = int((study.table.EVID == 0).sum())
    residual = bind_model(model, observed(study, np.ones(samples))).coords["residual"]
    values = {n: _closer(v) for n, v in draw_population(model, DRAWS, seed=3).values.items()}
    typical = {n: v for n, v in values.items() if not n.startswith("omega[")}
    tree = hand_made(
        format_model(model), typical, omega=_by_label(values, "omega"),
        sigma={str(label): 0.1 for label in residual},
    )  # fmt: skip
    output = next(n for n, o in model.observe.items() if o.error is not None)
    budget = pq.variance_budget(
        tree, output=output, times=design.times[1:4], regimen=_of_one(design.doses),
        outer=150, inner=40,
    )  # fmt: skip
    assert budget.attrs["failed_draws"] == 0
    parts = budget.variance.drop_sel(component="total").sum("component", skipna=False)
    np.testing.assert_allclose(parts, budget.variance.sel(component="total"), rtol=1e-12)
    natural = budget.sel(scale="natural")
    assert np.abs(natural.closure).max() < 4.5, natural.closure.values
    seen = natural.variance.sel(view="latent", component="between_subject")
    assert ((seen > 0) | (not tree["posterior"]["omega"].any())).all()
