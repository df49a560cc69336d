"""Design of a variance budget, and its solution for any population draws."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.study_simulator import StudySimulator, study_simulator
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.simulated import Dose, regimen

__all__ = ["Design", "make_design", "require_response", "warn_of_jumps"]

_LOGGER = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
_OCCASION = "1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Doses, times and covariates of one subject, with an endpoint of one output.

    Parameters
    ----------
    simulator : StudySimulator
        Simulator of a study with one subject.
    output : str
        The output.
    times : (T,) array
        Times of the output.
    endpoint : Endpoint
        Endpoint of the output.
    doses : tuple of Dose
        The doses.
    records : (T,) array of int
        Rows of the study at these times.
    options : SolverSettings
        Tolerances and limits of the solver.
    """

    simulator: StudySimulator
    output: str
    times: FloatArray
    endpoint: Endpoint
    doses: tuple[Dose, ...]
    records: NDArray[np.int64]
    options: SolverSettings

    def parameters(
        self, draws: PopulationDraws, eta: FloatArray, kappa: FloatArray | None = None
    ) -> FloatArray:
        """Return individual parameters (D, n, P) for eta (D, n, R) and kappa (D, n, 1, Q)."""
        size = eta.shape[1]
        shared = {name: np.repeat(v, size) for name, v in draws.shared.items()}
        flat = dataclasses.replace(draws, shared=shared)
        moved = None if kappa is None else kappa.reshape(-1, 1, *kappa.shape[2:])
        found = self.simulator.parameters(
            flat, eta.reshape(len(eta) * size, 1, eta.shape[2]), moved
        )
        return found.reshape(len(eta), size, -1)

    def solve(self, parameters: FloatArray) -> FloatArray:
        """Return the endpoint (..., K) for individual parameters (..., P); NaN if a solve fails."""
        flat = parameters.reshape(-1, 1, parameters.shape[-1])
        values = self.simulator.solve(flat, options=self.options).values
        trajectory = values[:, self.records, self.simulator.outputs.index(self.output)]
        found = self.endpoint.of(self.times, trajectory)
        return found.reshape(*parameters.shape[:-1], -1)

    def endpoint_of(self, draws: PopulationDraws, eta: FloatArray, kappa: FloatArray) -> FloatArray:
        """Return the endpoint (D, n, K) for eta (D, n, R) and kappa (D, n, 1, Q)."""
        return self.solve(self.parameters(draws, eta, kappa if draws.occasion_effects else None))


def make_design(
    model: ModelSpec,
    *,
    output: str,
    times: FloatArray,
    doses: Dose | Sequence[Dose],
    covariates: Mapping[str, float],
    endpoint: Endpoint,
    options: SolverSettings,
) -> Design:
    """Return the design, after a check of its inputs.

    Raises
    ------
    CheckError
        All problems: an output or covariate that the model does not have, a covariate without a
        value, times that do not increase, and problems of the doses.
    """
    issues = [*_output_issues(model, output), *_covariate_issues(model, covariates)]
    if times.size < 2 or (np.diff(times) <= 0).any():
        what = "they must increase, and there must be at least two"
        issues.append(
            Issue(where="times", what=what, remedy="give increasing times without repetition")
        )
    if issues:
        raise CheckError(issues)
    stated = {n: c.reference for n, c in model.covariates.items() if c.reference is not None}
    study = regimen(doses, times, outputs=("",), covariates={**stated, **covariates})
    if any(p.iov is not None for p in model.population.parameters.values()):
        study = dataclasses.replace(study, table=study.table.assign(OCC=_OCCASION))
    return Design(
        simulator=study_simulator(model, study),
        output=output,
        times=times,
        endpoint=endpoint,
        doses=(doses,) if isinstance(doses, Dose) else tuple(doses),
        records=np.flatnonzero((study.table["EVID"] == 0).to_numpy()),
        options=options,
    )


def warn_of_jumps(design: Design) -> None:
    """Warn if exposure metrics use values at which the output jumps.

    The value at the time of a dose is that before the dose. After a bolus into a state that the
    output shows, an AUC or a Cmin with this value is too small.
    """
    at = set(design.times.tolist())
    met = {
        dose.to: sorted(at & {dose.time + i * dose.interval for i in range(dose.n)})
        for dose in design.doses
        if dose.duration == 0
    }
    found = [times[0] for to, times in met.items() if times and _is_shown(design, to)]
    if found:
        _LOGGER.warning(
            "%s jumps at the dose, and its value at %g %s is that before the dose: AUC, Cmax and "
            "Cmin lack the value after it (give a time shortly after the dose instead)",
            design.output, min(found), design.simulator.model.spec.time_unit,
        )  # fmt: skip


def _is_shown(design: Design, to: str) -> bool:
    """Return whether the output depends on the state that a dose enters."""
    ode = design.simulator.model.lowered
    names, row = list(ode.dose_names), ode.output_names.index(design.output)
    state = ode.dose_states[names.index(to) if to in names else 0]
    return any(entry.row == row and entry.col == state for entry in ode.outputs.by_state)


def require_response(values: FloatArray, output: str) -> None:
    """Refuse an output that is 0 in all subjects at all times.

    Parameters
    ----------
    values : array of float
        Simulated values of the output, or of an endpoint of it.
    output : str
        Name of the output.

    Raises
    ------
    CheckError
        If all known values are 0.
    """
    if (np.nan_to_num(values) == 0).all() and np.isfinite(values).any():
        what = f"{output} is 0 in all subjects at all times"
        remedy = "give a dose that reaches it, and times after it"
        raise CheckError([Issue(where="regimen", what=what, remedy=remedy)])


def _output_issues(model: ModelSpec, output: str) -> list[Issue]:
    if output in model.observe:
        return []
    remedy = "its outputs are " + ", ".join(model.observe)
    return [Issue(where="output", what=f"the model has no output {output!r}", remedy=remedy)]


def _covariate_issues(model: ModelSpec, given: Mapping[str, float]) -> list[Issue]:
    issues = [
        Issue(where=f"covariates.{name}", what="the model has no such covariate",
              remedy="its covariates are " + (", ".join(model.covariates) or "none"))
        for name in given
        if name not in model.covariates
    ]  # fmt: skip
    missing = [n for n, c in model.covariates.items() if c.reference is None and n not in given]
    return issues + [
        Issue(where=f"covariates.{name}", what="it has no reference value", remedy="give a value")
        for name in missing
    ]
