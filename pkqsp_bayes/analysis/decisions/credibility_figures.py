"""Figures of a fit that an acceptance criterion can limit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy, check_solver
from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.analysis.uncertainty.prior_posterior import prior_posterior
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.fitted_study import study_fingerprint
from pkqsp_bayes.fitting.results.metadata import read_attribute
from pkqsp_bayes.spec.credibility_claim import CheckName, CriterionSpec
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.labels import has_rse
from pkqsp_bayes.study.study import Study

__all__ = ["FitFigures", "doses_vary"]

_LEAST = 200


def doses_vary(study: Study) -> bool:
    """Return whether doses of a study differ, so that its VPC is prediction-corrected."""
    given = study.table.loc[study.table["EVID"].isin((1, 4)), ["AMT", "CMT", "RATE"]]
    return bool((given.nunique() > 1).any())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitFigures:
    """A fit whose figures are computed when they are asked for.

    Parameters
    ----------
    fitted : FittedModel
        The fit.
    study : Study or None
        Its study; without one the figures of predictions are missing.
    draws, seed : int
        Draws of the posterior for predictive checks; seed of all random numbers.
    """

    fitted: FittedModel
    study: Study | None
    draws: int
    seed: int

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Observed endpoints."""
        if "observed_data" not in self.fitted.groups:
            return ()
        seen = self.fitted.group("observed_data")["endpoint"].to_numpy().tolist()
        return tuple(dict.fromkeys(map(str, seen)))

    def find(self, criterion: CriterionSpec) -> float:
        """Return the figure of a criterion; NaN if the fit does not have it."""
        assert criterion.check is not None  # noqa: S101 - the caller checked it
        return float(_FIGURES[criterion.check](self, criterion))

    def solver_accuracy(self) -> SolverAccuracy | None:
        """Return the check of the solver; None without a study."""
        if self.study is None:
            return None
        study, draws, seed = self.study, self.draws, self.seed
        return self.fitted.once(
            ("solver accuracy", study_fingerprint(study), draws, seed),
            lambda: check_solver(self.fitted, study, draws=draws, seed=seed),
        )

    def visual_check(self, endpoint: str) -> xr.Dataset | None:
        """Return the VPC of an endpoint; prediction-corrected if doses differ."""
        if self.study is None:
            return None
        study, draws, seed = self.study, self.draws, self.seed
        return self.fitted.once(
            ("vpc", study_fingerprint(study), endpoint, draws, seed),
            lambda: vpc(self.fitted, study, endpoint=endpoint, corrected=doses_vary(study),
                        draws=draws, seed=seed),
        )  # fmt: skip

    def prediction_errors(self) -> xr.Dataset | None:
        """Return the NPDE."""
        if self.study is None:
            return None
        study, draws, seed = self.study, max(self.draws, _LEAST), self.seed
        return self.fitted.once(
            ("npde", study_fingerprint(study), draws, seed),
            lambda: npde(self.fitted, study, draws=draws, seed=seed),
        )

    def labels(self, wanted: Sequence[str], known: Sequence[str]) -> list[str]:
        """Return the labels of a criterion; an unknown one is an error."""
        issues = [
            Issue(where=f"credibility: parameters {name}", what="the fit has no such parameter",
                  remedy=suggest(name, known))
            for name in wanted if name not in known
        ]  # fmt: skip
        if issues:
            raise CheckError(issues)
        return list(wanted or known)


def _sampled(figures: FitFigures, column: str) -> np.ndarray:
    table = figures.fitted.summary
    return np.asarray(table.loc[table["sd"] > 0, column].to_numpy(dtype=float))


def _divergences(figures: FitFigures, _: CriterionSpec) -> float:
    groups = figures.fitted.groups
    stats = figures.fitted.group("sample_stats") if "sample_stats" in groups else xr.Dataset()
    return float(stats["diverging"].sum()) if "diverging" in stats else np.nan


def _failed_share(figures: FitFigures, _: CriterionSpec) -> float:
    solver = read_attribute(figures.fitted.tree, "solver")
    if not solver.get("solves"):
        return np.nan
    return float(sum(solver.get("reasons", {}).values()) / solver["solves"])


def _accuracy(figures: FitFigures, _: CriterionSpec) -> float:
    found = figures.solver_accuracy()
    return np.nan if found is None else found.spread


def _model_checks(figures: FitFigures, _: CriterionSpec) -> float:
    return float(sum(bool(found) for found in figures.fitted.compiled.outcomes.values()))


def _rse(figures: FitFigures, criterion: CriterionSpec) -> float:
    table = figures.fitted.summary
    known = [str(name) for name in table.index[table["sd"] > 0]]
    usual = [name for name in known if has_rse(name) and table["mean"][name]]
    names = figures.labels(criterion.parameters, known) if criterion.parameters else usual
    chosen = table.loc[names]
    return float((100 * chosen["sd"] / chosen["mean"].abs()).max())


def _shrinkage(figures: FitFigures, criterion: CriterionSpec) -> float:
    posterior = figures.fitted.posterior
    if "eta" not in posterior or posterior.sizes.get("subject", 0) < 2:
        return np.nan
    spread = posterior["eta"].mean(("chain", "draw")).std("subject", ddof=1)
    omega = posterior["omega"].mean(("chain", "draw")).sel(effect=spread["effect"])
    names = [str(name) for name in spread["effect"].to_numpy()]
    chosen = figures.labels(criterion.parameters, names)
    return float(100 * (1 - spread / omega).sel(effect=chosen).max())


def _contraction(figures: FitFigures, criterion: CriterionSpec) -> float:
    if figures.study is None:
        return np.nan
    table = prior_posterior(figures.fitted, figures.study)
    names = figures.labels(criterion.parameters, [str(name) for name in table.index])
    return float(table.loc[names, "contraction"].min())


def _checked_endpoints(figures: FitFigures, criterion: CriterionSpec) -> list[str]:
    if criterion.output is None or criterion.output in figures.endpoints:
        return [criterion.output] if criterion.output else list(figures.endpoints)
    what, remedy = "it was not observed", "give one of " + ", ".join(figures.endpoints)
    raise CheckError([Issue(where=f"credibility: output {criterion.output}", what=what,
                            remedy=remedy)])  # fmt: skip


def _vpc_p(figures: FitFigures, criterion: CriterionSpec) -> float:
    made = [figures.visual_check(name) for name in _checked_endpoints(figures, criterion)]
    return min((float(one["p_value"].min()) for one in made if one is not None), default=np.nan)


def _vpc_coverage(figures: FitFigures, criterion: CriterionSpec) -> float:
    made = [figures.visual_check(name) for name in _checked_endpoints(figures, criterion)]
    return min((_inside(one) for one in made if one is not None), default=np.nan)


def _inside(check: xr.Dataset) -> float:
    """Return the share of observed quantiles inside the intervals of the replicates."""
    low, high = (check["simulated"].isel(interval=k) for k in (0, -1))
    known = check["observed"].notnull() & low.notnull()
    inside = (check["observed"] >= low) & (check["observed"] <= high) & known
    return float(inside.sum() / known.sum()) if bool(known.any()) else np.nan


def _npde_p(figures: FitFigures, criterion: CriterionSpec) -> float:
    found = figures.prediction_errors()
    if found is None:
        return np.nan
    names = _checked_endpoints(figures, criterion)
    return float(found["p_value"].sel(endpoint=names, test="all").min())


_FIGURES: Mapping[CheckName, Callable[[FitFigures, CriterionSpec], float]] = {
    "max_r_hat": lambda f, _: np.max(_sampled(f, "r_hat"), initial=-np.inf),
    "min_ess": lambda f, _: min(
        np.min(_sampled(f, "ess_bulk"), initial=np.inf),
        np.min(_sampled(f, "ess_tail"), initial=np.inf),
    ),
    "divergences": _divergences,
    "failed_solve_share": _failed_share,
    "solver_accuracy": _accuracy,
    "model_checks_failed": _model_checks,
    "rse": _rse,
    "shrinkage": _shrinkage,
    "contraction": _contraction,
    "vpc_p_value": _vpc_p,
    "vpc_coverage": _vpc_coverage,
    "npde_p_value": _npde_p,
}
