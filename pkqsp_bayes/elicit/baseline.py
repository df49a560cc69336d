"""Baselines of a mechanism: an output at steady state, for many draws and subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.elicit.drawing import PopulationDraws
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.individual import individual_parameters
from pkqsp_bayes.engine.kernel import Kernel
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.covariates import fixed_values
from pkqsp_bayes.study.simulated import regimen
from pkqsp_bayes.study.timeline import Timeline, covariate_columns

__all__ = ["Baseline", "check_baseline", "prepare_baseline"]

FloatArray = NDArray[np.float64]

STILL = 1e-3
"""Largest relative change of a baseline that counts as steady state."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """A mechanism prepared for the computation of its factor at baseline.

    Parameters
    ----------
    compiled : CompiledModel
        The compiled mechanism.
    kernel : Kernel
        The kernel of the mechanism.
    factor : str
        Name of the output.
    settle : float
        Time from the initial values to the baseline.
    covariates : DataFrame (S rows)
        Covariates of the subjects.
    """

    compiled: CompiledModel
    kernel: Kernel
    factor: str
    settle: float
    covariates: pd.DataFrame

    def values(
        self, draws: PopulationDraws, eta: FloatArray, settings: Mapping[str, FloatArray | float]
    ) -> FloatArray:
        """Return the factor (D, S) of one group.

        Parameters
        ----------
        draws : PopulationDraws
            Draws of the uncertain parameters.
        eta : (D, S, R) array
            Random effects.
        settings : mapping of str to ((D,) array or float)
            Settings of the group: typical values and coefficients, or covariates.

        Raises
        ------
        CheckError
            If the factor is not steady, not finite, or not positive.
        """
        spec, size = self.compiled.spec, eta.shape[0]
        table = self.covariates.assign(
            **{n: v for n, v in settings.items() if n in spec.covariates}
        )
        given = {n: np.broadcast_to(v, (size,)) for n, v in settings.items()}
        shared = {**draws.values, **{n: v for n, v in given.items() if n in draws.values}}
        lines, x = self._subjects(table)
        theta = individual_parameters(self.compiled, shared, draws.effects, eta, x)
        solved = self.kernel.solve_many(lines * size, theta.reshape(-1, theta.shape[2]))
        column = self.kernel.outputs.index(self.factor)
        found = [s.values[-2:, column] for s in solved]
        both = np.array(found).reshape(size, len(lines), 2)
        _check_values(self.factor, both, self.settle)
        return both[:, :, 0]

    def _subjects(self, table: pd.DataFrame) -> tuple[list[Timeline], dict[str, FloatArray]]:
        names = list(table.columns)
        times = [0.0, self.settle, 2 * self.settle] if self.settle else [0.0, 1.0]
        columns = {name: table[name].to_numpy() for name in names}
        study = regimen([], times, subjects=len(table), covariates=columns)
        stated = self.compiled.spec.covariates
        values, issues = fixed_values(study, covariate_columns(names, stated))
        if issues:
            raise CheckError(issues)
        x = {name: values[:, i] for i, name in enumerate(names)}
        return subject_timelines(self.compiled, study), x


def _check_values(factor: str, both: FloatArray, settle: float) -> None:
    first, later = both[:, :, 0], both[:, :, 1]
    issues = []
    if not np.isfinite(both).all():
        share = float((~np.isfinite(both)).any(axis=2).mean())
        what, remedy = f"{share:.1%} of the baselines could not be solved", "narrow the priors"
        issues.append(Issue(where=factor, what=what, remedy=remedy))
    elif (both <= 0).any():
        what = f"{float((both <= 0).mean()):.1%} of the baselines are not positive"
        remedy = "choose another output: a factor of a parameter must be positive"
        issues.append(Issue(where=factor, what=what, remedy=remedy))
    elif float(np.abs(later / first - 1).max()) > STILL:
        change = float(np.abs(later / first - 1).max())
        what = f"the baseline still changes after time {settle:g} (by up to {change:.1%})"
        remedy = "state initial values at steady state, or a larger settle"
        issues.append(Issue(where=factor, what=what, remedy=remedy))
    if issues:
        raise CheckError(issues)


def prepare_baseline(
    model: ModelSpec,
    factor: str,
    *,
    settings: Sequence[str],
    settle: float,
    covariates: pd.DataFrame | None,
    inner: int,
    seed: int,
) -> Baseline:
    """Compile a checked mechanism, and draw the covariates of its subjects.

    Parameters
    ----------
    model : ModelSpec
        Model of the mechanism.
    factor : str
        Name of an output.
    settings : sequence of str
        Names of the parameters and covariates that groups set.
    settle : float
        Time from the initial values to the baseline.
    covariates : DataFrame, optional
        Covariates of individuals, from which the subjects are drawn with replacement; by default
        all subjects have the reference values.
    inner, seed : int
        Number of subjects, and seed of the draw.
    """
    own = [n for n in settings if n in model.population.parameters]
    compiled = compile_model(model, individual=own)
    return Baseline(
        compiled=compiled,
        kernel=compiled.kernel,
        factor=factor,
        settle=settle,
        covariates=_draw_covariates(model, covariates, inner, seed),
    )


def check_baseline(
    model: ModelSpec, factor: str, settings: Sequence[str], covariates: pd.DataFrame | None
) -> list[Issue]:
    """Return all problems: an unknown output, unknown settings, covariates without a value.

    Parameters
    ----------
    model, factor, settings, covariates
        As for `prepare_baseline`.
    """
    issues = [*_check_factor(model, factor), *_check_settings(model, settings)]
    return issues + _check_individuals(model, covariates)


def _check_factor(model: ModelSpec, factor: str) -> list[Issue]:
    if factor in model.observe:
        return []
    remedy = suggest(factor, model.observe)
    what = f"the mechanism does not have an output {factor!r}"
    return [
        Issue(
            where="factor", what=what, remedy=remedy if model.observe else "add it under [observe]"
        )
    ]


def _check_settings(model: ModelSpec, settings: Sequence[str]) -> list[Issue]:
    known = [*model.population.parameters, *model.covariates]
    issues = []
    for name in settings:
        if name in known:
            continue
        what = f"the mechanism does not have a population parameter or covariate {name!r}"
        remedy = suggest(name, known)
        issues.append(Issue(where=f"groups.{name}", what=what, remedy=remedy))
    return issues


def _check_individuals(model: ModelSpec, individuals: pd.DataFrame | None) -> list[Issue]:
    columns = () if individuals is None else tuple(individuals.columns)
    return [
        Issue(
            where=f"covariates.{name}",
            what=f"the covariate {name} of the subjects has no value",
            remedy="state its reference in the model, or add a column to covariates",
        )
        for name, stated in model.covariates.items()
        if name not in columns and stated.reference is None
    ]


def _draw_covariates(
    model: ModelSpec, individuals: pd.DataFrame | None, inner: int, seed: int
) -> pd.DataFrame:
    reference = {n: c.reference for n, c in model.covariates.items()}
    if individuals is None:
        return pd.DataFrame({name: np.full(inner, value) for name, value in reference.items()},
                            index=range(inner))  # fmt: skip
    rows = np.random.default_rng([seed, 2]).integers(len(individuals), size=inner)
    drawn = individuals.iloc[rows].reset_index(drop=True)
    columns = {n: drawn[n] if n in individuals else reference[n] for n in model.covariates}
    return pd.DataFrame(columns, index=range(inner))
