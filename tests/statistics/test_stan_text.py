"""One Stan program calls every form: its numbers are those of NumPy."""

from pathlib import Path

import cmdstanpy
import numpy as np
import pytest

from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS
from pkqsp_bayes.statistics.random_effect import Setting
from pkqsp_bayes.statistics.stan import (
    STAN,
    StanExpression,
    called_functions,
    stan_real,
    stan_vector,
)
from tests.statistics.oracles import ERROR_SCALES

pytestmark = pytest.mark.slow

ETA = np.array([-1.3, -0.2, 1e-9, 0.4, 1.1, 3.0])
X = np.array([0.5, 1.0, 2.0, 2.0, 3.5, 1.5])
TYPICAL, Y = 0.4, (0.3, 1.4, 3.0)
SETTINGS = {"logitnormal": [(0.0, 1.0), (-0.5, 2.0)]}
SHAPES, F = (-0.6, 0.0, 1e-9, 0.5), 1.4
TERMS = {"lpdf": "logpdf", "lcdf": "logcdf", "lccdf": "logsf"}


def vectors() -> dict[str, tuple[StanExpression, np.ndarray]]:
    """Expressions over eta and x, and their values."""
    eta, x, typical = stan_vector("eta"), stan_vector("x"), stan_real("typical")
    found = {}
    for name, effect in RANDOM_EFFECTS.items():
        for bounds in SETTINGS.get(name, [(-np.inf, np.inf)]):
            for shape in SHAPES if effect.shape is not None else (0.0,):
                stated = Setting(*bounds, shape)
                text = effect.individual(
                    STAN, typical, eta, Setting(*bounds, stan_real(repr(shape)))
                )
                value = effect.individual(NUMPY, TYPICAL, ETA, stated)
                found[f"{name} {bounds} {shape}"] = text, value
                back = effect.effect(STAN, text, typical, Setting(*bounds, stan_real(repr(shape))))
                found[f"inverse {name} {bounds} {shape}"] = back, ETA
    for name, form in COVARIATE_EFFECTS.items():
        numbers = {1.0: 0.3, 2.0: -0.7} if form.has_levels else {None: 0.3}
        reals = {key: stan_real(repr(value)) for key, value in numbers.items()}
        for part in (form.factor, form.logarithm):
            key = f"{name} {part.__name__}"
            found[key] = part(STAN, x, 1.5, reals), part(NUMPY, X, 1.5, numbers)
    return found


def densities() -> list[tuple[str, float]]:
    """Calls of the distributions, and what SciPy says."""
    found = []
    for name, form in RESIDUAL_ERRORS.items():
        scales = {key: stan_real(repr(value)) for key, value in ERROR_SCALES[name].items()}
        arguments = ", ".join(a.text for a in form.arguments(STAN, stan_real("f"), scales))
        law = form.distribution.scipy(*form.arguments(NUMPY, F, ERROR_SCALES[name]))
        for term, scipy in TERMS.items():
            for y in Y:
                text = f"{form.distribution.stan}_{term}({y} | {arguments})"
                found.append((text, float(getattr(law, scipy)(y))))
    return found


def program(texts: list[StanExpression], calls: list[str]) -> str:
    lines = [f"  v[ : , {i}] = {e.text};" for i, e in enumerate(texts, 1)]
    reals = [f"  d[{i}] = {text};" for i, text in enumerate(calls, 1)]
    own = "\n".join(called_functions(texts))
    return f"""functions {{
{own}
}}
data {{
  int n;
  vector[n] eta, x;
  real typical, f;
}}
generated quantities {{
  matrix[n, {len(texts)}] v;
  vector[{len(calls)}] d;
{chr(10).join(lines + reals)}
}}
"""


def test_stan_has_the_numbers_of_numpy(tmp_path: Path) -> None:
    texts, calls = vectors(), densities()
    code = program([e for e, _ in texts.values()], [text for text, _ in calls])
    made = compile_program(code)
    data = {"n": ETA.size, "eta": ETA.tolist(), "x": X.tolist(), "typical": TYPICAL, "f": F}
    model = cmdstanpy.CmdStanModel(exe_file=str(made))
    drawn = model.sample(
        data=data, fixed_param=True, chains=1, iter_sampling=1, seed=1, sig_figs=16,
        output_dir=tmp_path, show_progress=False, show_console=False,
    )  # fmt: skip
    matrix = drawn.stan_variable("v")[0]
    for column, (key, (_, value)) in enumerate(texts.items()):
        np.testing.assert_allclose(matrix[:, column], value, rtol=1e-9, atol=1e-9, err_msg=key)
    found = drawn.stan_variable("d")[0]
    np.testing.assert_allclose(found, [value for _, value in calls], rtol=1e-8)
