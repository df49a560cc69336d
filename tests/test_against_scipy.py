"""The kernel on every library model against SciPy: values, and sensitivities by differences.

The oracle (`tests.oracles.reference_solver`) reads the composed system and the timeline, and
shares nothing with the lowering, the kernel or the Stan solver.
"""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.engine.typical_individual import individual_values
from pkqsp_bayes.library import names
from tests.designs import model_of, regimen
from tests.oracles.reference_solver import reference, reference_sensitivities

MODELS = [*names(), "robertson", "van-der-pol"]
FAST = ("mavoglurant", "midazolam", "tmdd-antibody", "transit-absorption", "van-der-pol")
"""Linear and not, of several compartments and two, stiff and not; the others are slow tests."""
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in MODELS if name not in FAST]


@pytest.mark.parametrize("name", [*FAST, *SLOW])
def test_values_at_default_tolerances(name: str) -> None:
    """To 1e-5 of the greatest value of each output."""
    compiled = compile_model(model_of(name))
    study = regimen(name)
    line = subject_timelines(compiled, study)[0]
    values = individual_values(compiled, study)[0]
    exact = reference(
        compiled.system, line, dict(zip(compiled.ode.parameters, values, strict=True))
    )
    ours = compiled.kernel.solve(line, values, sensitivities=False)
    assert ours.ok
    scale = np.abs(exact).max(axis=0)
    assert (np.abs(ours.values - exact) / scale).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_sensitivities(name: str) -> None:
    """To 1e-4 of the greatest value of p dy/dp of each output and parameter."""
    compiled = compile_model(model_of(name))
    study = regimen(name)
    line = subject_timelines(compiled, study)[0]
    values = individual_values(compiled, study)[0]
    given = dict(zip(compiled.ode.parameters, values, strict=True))
    exact = reference_sensitivities(compiled.system, line, given, method="Radau")
    options = pq.SolverSettings(rtol=1e-9, atol=1e-12)
    ours = compiled.kernel.solve(line, values, options=options)
    assert ours.sensitivities is not None
    scale = np.abs(exact).max(axis=0) + 1e-6 * np.abs(exact).max()
    assert (np.abs(ours.sensitivities - exact) / scale).max() < 1e-4
