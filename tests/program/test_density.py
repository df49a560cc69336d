"""The log density of bound programs against an independent computation, and its gradient."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.program.likelihood import Backend
from pkqsp_bayes.program.program_inits import unconstrained_point
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.program.density_oracle import (
    ENDPOINTS,
    MODEL,
    TIMES,
    Oracle,
    covariates_at,
    subjects,
)
from tests.program.studies import observed

EFFECTS = ("CL", "V", "F", "b", "kappa[CL]", "kappa[b]")


def study() -> pq.Study:
    """Three subjects; one value of each output below its limit, one above."""
    design = pq.regimen(
        pq.Dose(amount=100), TIMES, subjects=3, outputs=ENDPOINTS, covariates=subjects()
    )
    count = int((design.table.EVID == 0).sum())
    made = observed(design, np.random.default_rng(4).uniform(2, 7, count))
    table = made.table
    moving = covariates_at(table.TIME.to_numpy())
    table = table.assign(OCC=moving["OCC"].astype(int).astype(str))
    table = table.assign(**{name: moving[name] for name in ("CRP", "ALB", "DIET")})
    for endpoint in ENDPOINTS:
        rows = table.index[(table.EVID == 0) & table.DVID.eq(endpoint)]
        table.loc[rows[5], ["BLQ", "LLOQ"]] = [1, 2.5]
        table.loc[rows[6], ["BLQ", "ULOQ"]] = [-1, 4.5]
    covariates = ("WT", "AGE", "SEX", "CRP", "ALB", "DIET")
    return pq.Study(table=table, source="features", covariates=covariates)


def oracle(bound: BoundModel, *, centred: bool) -> Oracle:
    ids = list(dict.fromkeys(bound.observed["ID"]))
    return Oracle(
        centred=centred,
        output=list(bound.observed["endpoint"]),
        time=np.array(bound.observed["TIME"]),
        subject=np.array([ids.index(name) for name in bound.observed["ID"]]),
        value=np.array(bound.observed["DV"]),
        censored=np.array(bound.data["censored"]),
    )


def spread(bound: BoundModel) -> np.ndarray:
    """Return how far points lie from the start: coefficients of covariates in units near to 1."""
    scales = {"beta__V__AGE": 0.004, "beta__V__ALB": 0.01, "beta__b__WT": 0.002}
    wide = [np.full(unconstrained_point({n: s}).size, scales.get(n, 0.2))
            for n, s in bound.inits.items()]  # fmt: skip
    return np.concatenate(wide)


# Each program takes a minute to compile.
@pytest.mark.parametrize(
    ("centred", "backend"),
    [
        (False, "native"),
        pytest.param(True, "native", marks=pytest.mark.slow),
        pytest.param(False, "stan", marks=pytest.mark.slow),
    ],
)
def test_log_density_is_the_one_computed_by_hand(centred: bool, backend: Backend) -> None:
    options = BindOptions(
        backend=backend,
        centred=dict.fromkeys(EFFECTS, centred),
        solver=SolverSettings(rtol=1e-10, atol=1e-10),
    )
    bound = bind_model(parse_model(MODEL), study(), options=options)
    assert sorted(set(bound.data["censored"])) == [-1, 0, 1]
    exact = oracle(bound, centred=centred)
    centre = unconstrained_point(bound.inits)
    points = centre + spread(bound) * np.random.default_rng(5).normal(size=(6, centre.size))
    values, gradients = log_density(bound, points)
    expected = np.array([exact.log_density(point) for point in points])
    # Stan leaves out constants.
    np.testing.assert_allclose(np.diff(values), np.diff(expected), rtol=1e-6, atol=1e-5)
    steps = 1e-5 * np.eye(centre.size)
    slopes = [
        (exact.log_density(points[0] + h) - exact.log_density(points[0] - h)) / 2e-5 for h in steps
    ]
    np.testing.assert_allclose(gradients[0], slopes, rtol=1e-4, atol=1e-3)
