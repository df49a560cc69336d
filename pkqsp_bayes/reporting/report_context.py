"""What a report is made from, gathered once."""

from dataclasses import dataclass

import xarray as xr

from pkqsp_bayes.analysis.decisions.causal_record import CausalRecord
from pkqsp_bayes.analysis.identifiability.levels import Identifiability
from pkqsp_bayes.arguments import SEED, count, record
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.spec.causal_claim import CausalSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PriorTable
from pkqsp_bayes.study.study import Study

__all__ = ["REPORT_OPTIONS", "ReportContext", "ReportOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How much a report computes.

    Parameters
    ----------
    draws : int
        Draws of the posterior for individual fits and predictive checks.
    outer, inner : int
        Draws and subjects under each, of the variance budget.
    subjects : int
        Subjects whose fits are drawn at most; they are spread over the study.
    searches : int
        For distant values of the parameters with the same outputs; one takes up to six seconds.
    seed : int
        Of everything random.
    """

    draws: int = 300
    outer: int = 200
    inner: int = 100
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
"""What they may be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportContext:
    """A fit with all that is known about it.

    Parameters
    ----------
    fitted : FittedModel
        The fit, open.
    study : Study or None
        Its study, where it is known.
    priors : PriorTable or None
        The table that its priors came from.
    identifiability : Identifiability or None
        What the study can tell of the parameters.
    no_identifiability : str
        Why that is not known.
    causal : CausalRecord, CausalSpec or None
        The record of a claim, or the claim of which one is to be made.
    options : ReportOptions
        How much is computed.
    """

    fitted: FittedModel
    study: Study | None
    priors: PriorTable | None
    identifiability: Identifiability | None
    no_identifiability: str
    causal: CausalRecord | CausalSpec | None
    options: ReportOptions

    @property
    def compiled(self) -> CompiledModel:
        """The model, composed and lowered."""
        return self.fitted.compiled

    @property
    def observed(self) -> xr.Dataset:
        """What was observed."""
        return self.fitted.group("observed_data")

    @property
    def model(self) -> ModelSpec:
        """The model as stated."""
        return self.compiled.spec

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Outputs that were observed, in the order of the data."""
        return tuple(dict.fromkeys(self.observed["endpoint"].to_numpy().tolist()))

    def label(self, output: str) -> str:
        """Return the name of an output with its unit."""
        unit = self.model.observe[output].value.unit
        return f"{output} ({unit})" if unit else output
