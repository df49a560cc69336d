"""Inputs of a report: the fit, its study and the options, collected once."""

from dataclasses import dataclass

import xarray as xr

from pkqsp_bayes.analysis.decisions.causal_record import CausalRecord
from pkqsp_bayes.analysis.decisions.credibility_figures import FitFigures
from pkqsp_bayes.analysis.identifiability.levels import Identifiability
from pkqsp_bayes.arguments import SEED, count, record
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.spec.causal_claim import CausalSpec
from pkqsp_bayes.spec.credibility_claim import ReportSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PriorTable
from pkqsp_bayes.study.study import Study

__all__ = ["REPORT_OPTIONS", "ReportContext", "ReportOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Numbers of draws, subjects and searches of a report.

    Parameters
    ----------
    draws : int
        Draws of the posterior for individual fits and predictive checks.
    outer, inner : int
        Draws of the parameters, and subjects for each draw, for the variance budget.
    subjects : int
        Greatest number of subjects whose fits are drawn; they are spread over the study.
    searches : int
        Searches for distant parameter values with the same outputs; one takes up to six seconds.
    seed : int
        Seed of all random numbers.
    """

    draws: int = 200
    outer: int = 200
    inner: int = 60
    subjects: int = 24
    searches: int = 10
    seed: int = 1


REPORT_OPTIONS = record(
    ReportOptions,
    draws=count(2),
    outer=count(10),
    inner=count(2),
    subjects=count(),
    searches=count(0, 10_000),
    seed=SEED,
)
"""Permitted values of the options."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportContext:
    """A fit with all inputs of its report.

    Parameters
    ----------
    fitted : FittedModel
        The fit, open.
    study : Study or None
        Its study, if available.
    priors : PriorTable or None
        The table that its priors were read from.
    identifiability : Identifiability or None
        The identifiability of the parameters.
    no_identifiability : str
        The reason why there is no identifiability analysis.
    causal : CausalRecord, CausalSpec or None
        A causal record, or the claim for which one is made.
    options : ReportOptions
        Numbers of draws, subjects and searches.
    """

    fitted: FittedModel
    study: Study | None
    priors: PriorTable | None
    identifiability: Identifiability | None
    no_identifiability: str
    causal: CausalRecord | CausalSpec | None
    options: ReportOptions

    @property
    def figures(self) -> FitFigures:
        """Figures of the fit; checks that several sections need are computed once."""
        return FitFigures(
            fitted=self.fitted, study=self.study, draws=self.options.draws, seed=self.options.seed
        )

    @property
    def front(self) -> ReportSpec:
        """Author, version, intended use and conclusion."""
        return self.causal.report if isinstance(self.causal, CausalSpec) else ReportSpec()

    @property
    def criteria(self) -> int:
        """Number of the acceptance criteria that were stated."""
        credibility = self.causal.credibility if isinstance(self.causal, CausalSpec) else None
        return 0 if credibility is None else len(credibility.criterion)

    @property
    def compiled(self) -> CompiledModel:
        """The compiled model."""
        return self.fitted.compiled

    @property
    def observed(self) -> xr.Dataset:
        """The observations."""
        return self.fitted.group("observed_data")

    @property
    def model(self) -> ModelSpec:
        """The specification of the model."""
        return self.compiled.spec

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Observed endpoints, in the order of the data."""
        return tuple(dict.fromkeys(self.observed["endpoint"].to_numpy().tolist()))

    def label(self, output: str) -> str:
        """Return the name of an output with its unit."""
        unit = self.model.observe[output].value.unit
        return f"{output} ({unit})" if unit else output
