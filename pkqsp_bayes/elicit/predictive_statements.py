"""Adjustment of priors to statements on predictions.

The kernel solves virtual subjects with common random numbers. The locations and scales of the
adjustable priors are optimised until the predictive quantiles equal the stated ones. A penalty
keeps them close to their original values (Hartmann et al. 2020, arXiv:2002.09868).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pkqsp_bayes.elicit.drawing import draw_population, standard_normals
from pkqsp_bayes.elicit.statements import PredictiveStatement
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.individual import individual_parameters
from pkqsp_bayes.engine.kernel import Kernel
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.addresses import stated_values, with_values
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.study.simulated import Dose, regimen
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["MOVABLE", "Match", "match_predictions", "predicted_summaries"]

FloatArray = NDArray[np.float64]

MOVABLE = ("normal", "lognormal", "logit_normal")
"""Families whose location and scale can be adjusted."""

_SUMMARIES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "max": lambda values: values.max(axis=1),
    "min": lambda values: values.min(axis=1),
    "mean": lambda values: values.mean(axis=1),
    "last": lambda values: values[:, -1],
}
# A shift by one prior SD, or a factor e of the SD, has the same penalty as an error of a quantile
# by 2 % of the stated range.
_PULL = 0.02
_BAD = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """Priors adjusted to statements on predictions.

    Parameters
    ----------
    priors : mapping of str to PriorSpec
        Adjusted priors by parameter.
    before, after : (K, N) array
        Summaries of the virtual subjects, one row per statement, with the original and with the
        adjusted priors.
    """

    priors: Mapping[str, PriorSpec]
    before: FloatArray
    after: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """The constant inputs of the adjustment."""

    model: ModelSpec
    compiled: CompiledModel
    kernel: Kernel
    statements: tuple[PredictiveStatement, ...]
    timelines: tuple[Timeline, ...]
    covariates: tuple[Mapping[str, FloatArray], ...]
    subjects: int
    seed: int

    def summaries(self, priors: Mapping[str, PriorSpec | float]) -> FloatArray:
        """Return the summary (K, N) of each statement and virtual subject."""
        model = with_values(self.model, priors)
        draws = draw_population(model, self.subjects, self.seed)
        normals = standard_normals(1, self.subjects, len(draws.effects), self.seed)[0]
        # Another order: both sequences have the same structure and must be independent.
        order = np.random.default_rng([self.seed, 5]).permutation(self.subjects)
        eta = draws.etas(normals[order, None, :])
        rows = []
        for statement, line, x in zip(
            self.statements, self.timelines, self.covariates, strict=True
        ):
            theta = individual_parameters(self.compiled, draws.values, draws.effects, eta, x)[:, 0]
            solved = self.kernel.solve_many([line] * self.subjects, theta)
            column = self.kernel.outputs.index(statement.output)
            values = np.array([s.values[line.evid == 0, column] for s in solved])
            rows.append(_SUMMARIES[statement.summary](values))
        return np.array(rows)


def predicted_summaries(
    model: ModelSpec, statements: Sequence[PredictiveStatement], *, subjects: int, seed: int
) -> FloatArray:
    """Return the summary (K, N) of each statement in the prior predictive distribution.

    Parameters
    ----------
    model : ModelSpec
        Model with priors.
    statements : sequence of PredictiveStatement
        Statements that define the summaries.
    subjects, seed : int
        Number of virtual subjects, each with its own parameters, and seed of their random numbers.
    """
    return _prepare(model, statements, subjects, seed).summaries({})


def match_predictions(
    model: ModelSpec,
    statements: Sequence[PredictiveStatement],
    adjust: Sequence[str],
    *,
    subjects: int,
    seed: int,
) -> Match:
    """Adjust priors until the prior predictive distribution agrees with the statements.

    Parameters
    ----------
    model : ModelSpec
        Model with the initial priors.
    statements : sequence of PredictiveStatement
        Checked statements.
    adjust : sequence of str
        Parameters whose priors, of the families `MOVABLE`, may be adjusted.
    subjects, seed : int
        Number of virtual subjects, and seed of their random numbers.
    """
    task, stated = _prepare(model, statements, subjects, seed), stated_values(model)
    start = {name: prior for name, prior in stated.items()
             if name in adjust and isinstance(prior, PriorSpec)}  # fmt: skip

    def misfit(free: FloatArray) -> FloatArray:
        missed = _missed(statements, task.summaries(_moved(start, free)))
        return np.concatenate([missed, _PULL * free])

    begin = np.zeros(2 * len(start))
    found = optimize.least_squares(
        misfit, begin, diff_step=np.full(begin.size, 0.02), xtol=1e-5, ftol=1e-6, bounds=(-8.0, 8.0)
    )
    priors = _moved(start, found.x)
    return Match(priors=priors, before=task.summaries({}), after=task.summaries(priors))


def _prepare(
    model: ModelSpec, statements: Sequence[PredictiveStatement], subjects: int, seed: int
) -> _Task:
    compiled = compile_model(model)
    lines, tables = [], []
    for statement in statements:
        values = _covariates(model, statement)
        study = regimen(_doses(statement), statement.times, covariates=values)
        lines += subject_timelines(compiled, study)
        tables.append({name: np.array([value]) for name, value in values.items()})
    return _Task(
        model=model,
        compiled=compiled,
        kernel=compiled.kernel,
        statements=tuple(statements),
        timelines=tuple(lines),
        covariates=tuple(tables),
        subjects=subjects,
        seed=seed,
    )


def _doses(statement: PredictiveStatement) -> list[Dose]:
    if not statement.dose:
        return []
    return [
        Dose(
            amount=statement.dose,
            n=statement.doses,
            interval=statement.interval,
            duration=statement.duration,
            to=statement.to,
        )
    ]


def _covariates(model: ModelSpec, statement: PredictiveStatement) -> dict[str, float]:
    stated = {name: c.reference for name, c in model.covariates.items()}
    values = {**stated, **statement.covariates}
    return {name: float(value) for name, value in values.items() if value is not None}


def _moved(start: Mapping[str, PriorSpec], free: FloatArray) -> dict[str, PriorSpec]:
    """Shift locations by multiples of the scale, and multiply scales by exponentials."""
    moved = {}
    for i, (name, prior) in enumerate(start.items()):
        location, scale = prior.args
        args = (location + scale * float(free[2 * i]), scale * float(np.exp(free[2 * i + 1])))
        moved[name] = PriorSpec(family=prior.family, args=args)
    return moved


def _missed(statements: Sequence[PredictiveStatement], summaries: FloatArray) -> FloatArray:
    """Return the errors of quantiles, in widths of the stated range."""
    missed = []
    for statement, values in zip(statements, summaries, strict=True):
        tail = (1 - statement.mass) / 2
        wanted = np.array([statement.lower, statement.upper])
        if not np.isfinite(values).all():
            return np.full(2 * len(statements), _BAD)
        reached = np.quantile(values, [tail, 1 - tail])
        if statement.lower > 0:
            wanted, reached = np.log(wanted), np.log(np.maximum(reached, 1e-300))
        missed.append((reached - wanted) / (wanted[1] - wanted[0]))
    return np.concatenate(missed)
