"""Correlations in the comparison of prior and posterior."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.uncertainty.prior_correlations import compare_correlations
from pkqsp_bayes.spec.prior_table import PriorEntry, PriorTable
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior


def bound(size: int, shape: float) -> Any:
    names = "abcd"[:size]
    omega = SimpleNamespace(lkj=shape)
    return SimpleNamespace(
        effects=[SimpleNamespace(parameter=name) for name in names],
        blocks=(tuple(range(size)),),
        spec=SimpleNamespace(population=SimpleNamespace(omega=omega)),
    )


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_prior_of_a_correlation_is_that_of_uniform_matrices(size: int) -> None:
    """LKJ(1) is uniform over correlation matrices: drawn by rejection, without the formula."""
    rng = np.random.default_rng(1)
    upper = np.triu_indices(size, 1)
    flat = rng.uniform(-1, 1, (400_000, len(upper[0])))
    matrices = np.broadcast_to(np.eye(size), (len(flat), size, size)).copy()
    matrices[:, upper[0], upper[1]] = matrices[:, upper[1], upper[0]] = flat
    kept = flat[np.linalg.eigvalsh(matrices)[:, 0] > 0]
    row = compare_correlations(bound(size, 1.0), {"corr[a,b]": kept[:, 0]}, (0.05, 0.5, 0.95)).loc[
        "corr[a,b]"
    ]
    for name in ("q5", "q50", "q95"):
        assert row[name] == pytest.approx(row[f"prior_{name}"], abs=0.03)
    assert row["contraction"] == pytest.approx(0, abs=0.03)
    assert row["shift"] == pytest.approx(0, abs=0.03)


def test_a_single_correlation_has_no_prior_of_its_own() -> None:
    model = pq.load_model("one-compartment")
    entry = PriorEntry(prior=parse_prior("lkj(2)"))
    with pytest.raises(pq.CheckError, match="address corr"):
        pq.apply_priors(model, PriorTable(priors={"corr[CL,V]": entry}))
    omega = dataclasses.replace(model.population.omega, correlate=(("CL", "V"),))
    population = dataclasses.replace(model.population, omega=omega)
    correlated = dataclasses.replace(model, population=population)
    applied = pq.apply_priors(correlated, PriorTable(priors={"corr": entry}))
    assert applied.population.omega.lkj == 2
