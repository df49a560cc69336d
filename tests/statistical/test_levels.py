"""Under the exact truth each check rejects at its level, censored or not (slow).

A hundred studies, each made by one draw of a posterior (or prior) that has spread, and checked
against other draws of it: nothing is fitted, so that the model is exactly right and any excess of
small p-values is the check's own fault. The data are made by a closed form, without the package.
"""

from collections import defaultdict

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.statistical.exact_truth import (
    MODEL,
    SUBJECTS,
    TIMES,
    draws,
    posterior,
    study,
    values,
)

pytestmark = pytest.mark.slow

REPLICATES = 100
DRAWS = 199
LIMITS = {"none": {}, "lower": {"lloq": 0.35}, "both": {"lloq": 0.35, "uloq": 4.5}}
DISCRETE = ("share below LLOQ", "share above ULOQ")
"""Ties make p too great, never too small."""


def check_level(p_values: dict[str, list[float]]) -> None:
    """Assert that shares of p below 5 and 20 % are within binomial bounds (99.9 % each)."""
    assert p_values
    for name, found in p_values.items():
        p = np.array(found)
        # a limit that is written on censored rows alone is not known where there is none
        assert p.size == REPLICATES or (name.endswith(DISCRETE) and p.size >= 90), name
        for level in (0.05, 0.2):
            low, high = stats.binom.ppf([0.0005, 0.9995], p.size, level)
            count = int((p <= level).sum())
            assert count <= high, (name, level, count)
            assert count >= low or name.endswith(DISCRETE), (name, level, count)


def one(found: dict[str, np.ndarray], index: int) -> dict[str, float]:
    return {name: float(v[index]) for name, v in found.items()}


@pytest.mark.parametrize("limits", LIMITS)
def test_posterior_checks_reject_at_their_level(limits: str) -> None:
    rng, p_values = np.random.default_rng(5), defaultdict(list)
    for k in range(REPLICATES):
        found = draws(DRAWS + 1, rng)
        fit = posterior({name: v[1:] for name, v in found.items()})
        seen = study(values(one(found, 0), rng), **LIMITS[limits], written=("cell", "all")[k % 2])
        errors = pq.npde(fit, seen, draws=DRAWS, seed=k)
        for test in errors.test.values:
            p_values[f"NPDE {test}"].append(float(errors.p_value.sel(test=test)[0]))
        p_values["VPC"].append(float(pq.vpc(fit, seen, draws=DRAWS, seed=k).p_value[0]))
        statistics = pq.predictive_pvalues(fit, seen, draws=99, seed=k).p_value.isel(endpoint=0)
        for name in statistics.dropna("statistic").statistic.values:
            p_values[f"statistic {name}"].append(float(statistics.sel(statistic=name)))
    check_level(p_values)


def prior_of(found: dict[str, np.ndarray], rng: np.random.Generator) -> xr.DataTree:
    """The result of `sample_prior`, but that the replicates are made by the closed form."""
    size = len(found["CL"])
    made = np.array([values(one(found, d), rng).ravel() for d in range(size)])
    design = study(made[0].reshape(SUBJECTS, TIMES.size))
    rows = np.flatnonzero(design.table.EVID == 0)
    labels = {
        "observation": rows,
        "ID": ("observation", design.table.ID.to_numpy()[rows]),
        "TIME": ("observation", design.table.TIME.to_numpy()[rows]),
        "endpoint": ("observation", np.full(rows.size, "cp")),
    }
    parameters = xr.Dataset({"CL": (("chain", "draw"), found["CL"][None])})
    predicted = xr.Dataset({"DV": (("chain", "draw", "observation"), made[None])}, coords=labels)
    observed = xr.Dataset({"DV": ("observation", made[0])}, coords=labels)
    tree = xr.DataTree.from_dict(
        {"prior": parameters, "prior_predictive": predicted, "observed_data": observed}
    )
    tree.attrs["model"] = format_model(parse_model(MODEL))
    return tree


@pytest.mark.parametrize("limits", LIMITS)
def test_the_prior_check_rejects_at_its_level(limits: str) -> None:
    rng, p_values = np.random.default_rng(6), defaultdict(list)
    for k in range(REPLICATES):
        truth = draws(1, rng, spread=0.3)
        prior = prior_of(draws(99, rng, spread=0.3), rng)
        seen = study(values(one(truth, 0), rng), **LIMITS[limits], written=("cell", "all")[k % 2])
        found = pq.prior_check(prior, seen, draws=99, seed=k)
        p_values["Box"].append(float(found.box_p[0]))
        for name in found.p_value.isel(endpoint=0).dropna("statistic").statistic.values:
            p_values[f"statistic {name}"].append(float(found.p_value.sel(statistic=name)[0]))
    check_level(p_values)
