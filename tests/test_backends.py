"""Both backends give one posterior: log density and gradient at random points, model by model."""

import numpy as np
import pytest

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.library import names
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.program_inits import unconstrained_point
from tests.benchmarks.studies import observed
from tests.designs import model_of, regimen

ATOL = {"midazolam": 1e-16}
"""Where predictions fall so far that 1e-12 is much of them: Stan's solver moves by 2e-6 there."""


def close(name: str) -> None:
    """Compare the backends at twenty points, at tight tolerances."""
    model = model_of(name)
    study = observed(model, regimen(name))
    atol = ATOL.get(name, 1e-12)
    settings = SolverSettings(rtol=1e-11, atol=atol, max_steps=1_000_000)
    bound = [
        bind_model(model, study, options=BindOptions(backend=backend, solver=settings))
        for backend in ("native", "stan")
    ]
    centre = unconstrained_point(bound[0].inits)
    points = centre + 0.2 * np.random.default_rng(11).normal(size=(20, centre.size))
    (ours, our_gradient), (stans, stan_gradient) = (log_density(b, points) for b in bound)
    np.testing.assert_allclose(ours, stans, rtol=1e-6, atol=1e-6)
    gap = np.linalg.norm(our_gradient - stan_gradient, axis=1)
    assert (gap / np.linalg.norm(stan_gradient, axis=1)).max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", [*names(), "robertson", "van-der-pol"])
def test_the_backends_agree(name: str) -> None:
    close(name)
