"""The density of the priors: against SciPy and quadrature, piece by piece, and against Stan's."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.uncertainty.compare_priors import _log_prior
from pkqsp_bayes.likelihood.prior_density import lkj_log_density, stated_density
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.analysis.posteriors import hand_made

MODEL = """
title = "one compartment"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[covariates]
WT = { unit = "kg", reference = 70 }
[population]
V = { typical = "normal(30, 20)", unit = "L", lower = 5, iiv = "lognormal" }
omega = { CL = "half_normal(0.5)", V = "normal(0.3, 0.3)", correlate = [["CL", "V"]], lkj = 3 }
[population.CL]
typical = "lognormal(log(3), 0.5)"
unit = "L/h"
iiv = "lognormal"
covariates = { WT = "power(normal(0.75, 0.2))" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "lognormal", sigma = "half_cauchy(0, 0.5)" }
"""
JOINT = """
[joint_prior.both]
targets = ["CL", "omega[CL]"]
scales = ["log", "log"]
mean = [1.0, -1.2]
sd = [0.3, 0.4]
correlation = [[1, 0.5], [0.5, 1]]
weight = 0.8
vague_sd = [1.0, 1.0]
"""


def study() -> pq.Study:
    design = pq.regimen(pq.Dose(amount=100), [1.0, 4.0], subjects=2, covariates={"WT": 70.0})
    table = design.table.assign(DV=1.0, MDV=(design.table.EVID != 0).astype(int))
    return pq.Study(table=table, source="one", covariates=("WT",))


def draws(size: int = 50) -> xr.Dataset:
    rng = np.random.default_rng(2)
    typical = {
        "CL": rng.lognormal(1, 0.5, size),
        "V": rng.uniform(6, 50, size),
        "beta[CL,WT]": rng.normal(0.75, 0.3, size),
    }
    omega = {name: rng.uniform(0.1, 0.8, size) for name in ("CL", "V")}
    sigma = {"cp": rng.uniform(0.1, 0.6, size)}
    tree = hand_made(MODEL, typical, omega=omega, sigma=sigma)
    rho = rng.uniform(-0.9, 0.9, size)
    found = tree["posterior"].to_dataset().assign_coords(effect_pair=["CL,V"])
    return found.assign(corr=(("chain", "draw", "effect_pair"), rho[None, :, None]))


def by_hand(x: xr.Dataset, *, joint: bool) -> np.ndarray:
    first, second = (x.omega.values[0, :, k] for k in (0, 1))
    rho = x["corr"].values[0, :, 0]
    total = stats.truncnorm.logpdf(x.V.values[0], (5 - 30) / 20, np.inf, 30, 20)
    total += stats.norm.logpdf(x["beta[CL,WT]"].values[0], 0.75, 0.2)
    total += stats.truncnorm.logpdf(second, -1, np.inf, 0.3, 0.3)
    total += stats.halfcauchy.logpdf(x.sigma.values[0, :, 0], scale=0.5)
    total += 2 * np.log1p(-(rho**2)) - math.log(16 / 15)  # the integral of (1 - r^2)^2
    if not joint:
        total += stats.lognorm.logpdf(x.CL.values[0], 0.5, scale=3)
        return total + stats.halfnorm.logpdf(first, scale=0.5)
    u = np.log(np.stack([x.CL.values[0], first], axis=1))
    narrow = stats.multivariate_normal([1, -1.2], [[0.09, 0.06], [0.06, 0.16]]).pdf(u)
    vague = stats.norm.pdf(u, [1, -1.2], 1).prod(axis=1)
    return total + np.log(0.8 * narrow + 0.2 * vague) - u.sum(axis=1)


@pytest.mark.parametrize("joint", [False, True])
def test_each_piece_is_normalised(joint: bool) -> None:
    model = parse_model(MODEL + JOINT if joint else MODEL)
    found = _log_prior(stated_density(model, study()), draws())
    np.testing.assert_allclose(found, by_hand(draws(), joint=joint), rtol=1e-10)


def test_bounds_are_those_of_the_parameter() -> None:
    density = stated_density(parse_model(MODEL), study())
    assert density.alone["V"].low == 5
    outside = draws().assign(V=(("chain", "draw"), np.full((1, 50), 4.0)))
    assert (_log_prior(density, outside) == -np.inf).all()


@pytest.mark.parametrize("shape", [1.0, 2.5])
def test_lkj_is_normalised_over_matrices_of_three(shape: float) -> None:
    """Quadrature over r12, r13 and the partial correlation of 2 and 3; its slope is the root."""
    nodes, weights = special.roots_jacobi(30, 0.5, 0.5)  # with the root as their weight
    flat, even = special.roots_legendre(30)
    a, b, c = np.meshgrid(nodes, nodes, flat, indexing="ij")
    root = np.sqrt((1 - a**2) * (1 - b**2))
    matrices = np.empty((*a.shape, 3, 3))
    matrices[...] = np.eye(3)
    for (i, j), r in {(0, 1): a, (0, 2): b, (1, 2): a * b + c * root}.items():
        matrices[..., i, j] = matrices[..., j, i] = r
    density = np.exp(lkj_log_density(matrices, shape))
    total = np.einsum("i,j,k,ijk", weights, weights, even, density)
    assert total == pytest.approx(1, abs=1e-3)
