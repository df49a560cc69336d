"""The four levels of identifiability in one table: structure, design, variances, priors."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.calibration.replicates import planned_study
from pkqsp_bayes.analysis.identifiability.alternative_solutions import (
    OtherSolution,
    other_solutions,
)
from pkqsp_bayes.analysis.identifiability.bayesian import prior_posterior_table, truth_issues
from pkqsp_bayes.analysis.identifiability.fisher_information import (
    HOPELESS,
    POOR,
    ExpectedInformation,
)
from pkqsp_bayes.analysis.identifiability.practical import expected_information
from pkqsp_bayes.analysis.identifiability.structural import Ambiguity, Structural, structural_rank
from pkqsp_bayes.analysis.identifiability.variance_df import variance_df
from pkqsp_bayes.arguments import SEED, Rule, checked, count
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.likelihood.stated_priors import point_of, stated_priors
from pkqsp_bayes.notebook import html_table
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.spec.labels import parameter_of, parse_label
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["Identifiability", "identifiability"]

_CONTRACTED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identifiability:
    """Identifiability of each population parameter by a study.

    Parameters
    ----------
    structural : Structural
        Structural identifiability of the individual parameters.
    others : tuple of OtherSolution
        Distant values with the same outputs (flip-flop). An empty result does not prove that there
        are none.
    information : ExpectedInformation
        Fisher information of the design on the population parameters.
    omega : DataFrame
        Degrees of freedom of each standard deviation (`variance_df`).
    prior_posterior : DataFrame or None
        Contraction and prior sensitivity of a fit (`prior_posterior_table`).
    table : DataFrame
        By parameter: ``structural`` (yes, no, or the identifiable combinations), ``rse`` (expected,
        in per cent; NaN where the value is 0), ``omega_df`` (degrees of freedom of a standard
        deviation), ``contraction`` and ``prior_sensitivity`` (NaN without a fit), ``verdict`` (of
        the first level that fails), ``remedy``.
    label : str
        Label of the draws if they come from a poor approximation.
    """

    structural: Structural
    others: tuple[OtherSolution, ...]
    information: ExpectedInformation
    omega: pd.DataFrame
    prior_posterior: pd.DataFrame | None
    table: pd.DataFrame
    label: str = ""

    def _repr_html_(self) -> str:
        notes = [f"Draws of {self.label}"] if self.label else []
        notes += [a.text for a in self.structural.ambiguities]
        notes += [self.structural.problem] if self.structural.problem else []
        notes += [other.text for other in self.others]
        notes.append(f"Condition number {self.information.condition:.3g}")
        head = ("parameter", *self.table.columns.str.replace("rse", "rse (%)"))
        rows = [[label, *map(_cell, row)] for label, *row in self.table.itertuples()]
        return html_table("Identifiability", head, rows, *notes)

    def __str__(self) -> str:
        """Return the table, and sentences about parameters that are not identifiable."""
        shown = self.table.copy()
        shown["rse"] = [_per_cent(x) for x in shown["rse"]]
        lines = [f"Draws of {self.label}"] if self.label else []
        lines += [shown.drop(columns="remedy").to_string(float_format="%.2f", na_rep="-")]
        lines += [a.text for a in self.structural.ambiguities]
        lines += [self.structural.problem] if self.structural.problem else []
        lines += [other.text for other in self.others]
        needed = self.table["remedy"][self.table["remedy"] != ""]
        lines += [f"{label}: {remedy}" for label, remedy in needed.items()]
        lines.append(f"condition number {self.information.condition:.3g}")
        return "\n".join(lines)


def _per_cent(rse: float) -> str:
    """Return an RSE; that of a value of 0 is not defined."""
    return "-" if np.isnan(rse) else f"{rse:.0f}%" if np.isfinite(rse) else "infinite"


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if np.isnan(value) else f"{value:.3g}"


def _model_issues(where: str, value: object) -> Iterable[Issue]:
    is_fit = isinstance(value, FittedModel | xr.DataTree)
    return (FIT if is_fit else MODEL).issues(where, value)


_MODEL_OR_FIT = Rule(issues=_model_issues, kinds=MODEL.kinds)


@checked(
    model=_MODEL_OR_FIT,
    study=STUDY,
    fit=FIT,
    point=NUMBERS,
    truth=NUMBERS,
    starts=count(0, 10_000),
    seed=SEED,
)
@labelled
def identifiability(
    model: ModelLike | FittedModel | xr.DataTree,
    study: StudyLike | None = None,
    fit: FitLike | None = None,
    *,
    point: Mapping[str, float] | None = None,
    truth: Mapping[str, float] | None = None,
    starts: int = 40,
    seed: int = 1,
) -> Identifiability:
    """Assess the identifiability of the parameters of a model by a study.

    Parameters
    ----------
    model : ModelSpec, str, Path, FittedModel or DataTree
        A model, its name or its file; or a fit, which is then also used as ``fit``.
    study : Study, str, Path or DataFrame, optional
        A study or a design (`pkqsp_bayes.regimen`), its name or its file; by default the study of
        the fit.
    fit : FittedModel, DataTree, str or Path, optional
        A fit of the model to the study. Its medians are the point of linearisation, and contraction
        and prior sensitivity are reported. For a design that was not fitted, give the medians as
        ``point``.
    point : mapping of str to float, optional
        Values by label at which the design is evaluated, in the units of the model, as in
        `expected_information`; the others are medians of the fit, or of the priors.
    truth : mapping of str to float, optional
        Values by label with which the data were simulated; ``prior_posterior`` then has their
        z-scores.
    starts : int
        Number of searches for distant values with the same outputs, if all parameters are locally
        identifiable; 0 for no search.
    seed : int
        Seed of the random points of the structural level, and of the searches.

    Returns
    -------
    Identifiability
        Results of the levels, and the table.

    Raises
    ------
    CheckError
        All problems of model and study; or if ``fit`` belongs to another study.
    ToolchainError
        If the kernel cannot be compiled.

    Notes
    -----
    Structure: Sedoglavic 2002, J Symb Comput 33:735-755. Design: Retout & Mentre 2003, J Biopharm
    Stat 13:209-227. Prior sensitivity: power scaling, Kallioinen et al. 2024, Stat Comput 34:57.
    The formulas and limits are in `docs/numbers.md`.

    Examples
    --------
    Data after an intravenous dose have no information on absorption:

    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> design = pq.regimen(
    ...     pq.Dose(amount=100, to="iv"), [0.25, 1, 2, 4, 8, 24],
    ...     subjects=20, covariates={"WT": 70.0},
    ... )
    >>> found = pq.identifiability(model, design, point={"sigma[cp.proportional]": 0.1})
    >>> table = found.table.loc[["CL", "V", "ka"], ["structural", "verdict"]]
    >>> print(table.to_string(index_names=False))
       structural               verdict
    CL        yes            identified
    V         yes            identified
    ka         no  not by these outputs
    >>> found.structural.ambiguities[0].text
    'ka has no effect on what is observed'
    """
    if isinstance(model, FittedModel | xr.DataTree):
        given = open_fit(model)
        return identifiability(
            given.spec, study, given, point=point, truth=truth, starts=starts, seed=seed
        )
    model, fitted = as_model(model), None if fit is None else open_fit(fit)
    study = planned_study(_study(model, study, fitted))
    bound = bind_data(model, study, blq="M3", centred={})
    observed = [bound.ode.output_names[int(i)] for i in np.unique(bound.observations.output)]
    compiled = compile_model(model)
    structural = structural_rank(compiled, study, outputs=observed, seed=seed)
    unique = structural.rank == len(structural.parameters)
    others: tuple[OtherSolution, ...] = ()
    if starts and unique:
        others = other_solutions(compiled, study, starts=starts, seed=seed, order=structural.order)
    priors = stated_priors(bound)
    centre: dict[str, float] = {}
    if issues := truth_issues(truth, _labels(priors, fitted)):
        raise CheckError(issues)
    if fitted is not None:
        drawn = point_of(fitted.draws)
        centre = {k: v for k, v in drawn.items() if k in priors or parse_label(k).kind == "corr"}
    information = expected_information(model, study, point=centre | dict(point or {}))
    needs = variance_df(information)
    compared = None if fitted is None else prior_posterior_table(fitted, priors, truth=truth)
    levels = _Levels(
        structural=structural,
        others=others,
        information=information,
        needs=needs,
        prior_posterior=compared,
        spreads=_spreads(priors, information.labels),
        factors=frozenset(e.parameter for e in bound.effects if RANDOM_EFFECTS[e.form].is_factor),
    )
    return Identifiability(
        structural=structural,
        others=others,
        information=information,
        omega=needs,
        prior_posterior=compared,
        table=levels.table(),
    )


def _study(model: ModelSpec, study: StudyLike | None, fitted: FittedModel | None) -> Study:
    if fitted is not None:
        return fitted.resolve_study(study, own=True)
    if study is None:
        what, remedy = "it is missing", "give the study or a design; or a fit in place of the model"
        raise CheckError([Issue(where="study", what=what, remedy=remedy)])
    return as_study(study, model)


def _labels(priors: Mapping[str, object], fitted: FittedModel | None) -> list[str]:
    drawn = {} if fitted is None else fitted.draws
    return [*dict.fromkeys([*priors, *drawn])]


def _spreads(priors: Mapping[str, PriorSpec | float], labels: Iterable[str]) -> dict[str, float]:
    """Return the prior standard deviation of each coefficient and correlation, which may be 0.

    It is half the distance of the quantiles of a normal distribution at one standard deviation,
    which heavy tails have too; a correlation of which nothing is known is uniform.
    """
    found = {}
    for label in labels:
        prior = priors.get(label)
        if parse_label(label).kind == "corr":
            found[label] = 1 / np.sqrt(3)
        elif parse_label(label).kind == "beta" and isinstance(prior, PriorSpec):
            ends = distribution(prior).quantile(norm.cdf([-1.0, 1.0]))
            found[label] = float(ends[1] - ends[0]) / 2
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Levels:
    """Results of the levels, and the table that is made from them."""

    structural: Structural
    others: tuple[OtherSolution, ...]
    information: ExpectedInformation
    needs: pd.DataFrame
    prior_posterior: pd.DataFrame | None
    spreads: Mapping[str, float]
    """Prior standard deviations of coefficients and correlations."""
    factors: frozenset[str]
    """Parameters whose random effects are factors."""

    def table(self) -> pd.DataFrame:
        """Return all levels by parameter, with verdicts and remedies."""
        table = self.information.table()[["rse"]]
        structures = [_structure(self.structural, self.others, label) for label in table.index]
        table.insert(0, "structural", structures)
        table["omega_df"] = self.needs["df"].reindex(table.index)
        for column in ("contraction", "prior_sensitivity"):
            found = self.prior_posterior
            table[column] = np.nan if found is None else found[column].reindex(table.index)
        verdicts = [self._verdict(str(label), row) for label, row in table.iterrows()]
        table["verdict"] = [verdict for verdict, _ in verdicts]
        table["remedy"] = [remedy for _, remedy in verdicts]
        return table

    def _verdict(self, label: str, row: pd.Series) -> tuple[str, str]:
        """Return the verdict of the first level that fails, and a remedy."""
        for verdict, remedy in self._failures(label, row):
            return verdict, remedy
        if row["prior_sensitivity"] > 0.05:
            return "prior-dominated", "justify the prior; compare other priors"
        return "identified", ""

    def _error(self, label: str, rse: float) -> float:
        """Return the expected error in per cent, by which the design is judged.

        Coefficients and correlations may be near 0, where every relative error is large: theirs is
        in per cent of the prior standard deviation, if this is smaller.
        """
        if label not in self.spreads:
            return rse
        se = float(self.information.table()["se"][label])
        return float(np.nanmin([rse, 100 * se / self.spreads[label]]))

    def _failures(self, label: str, row: pd.Series) -> Iterator[tuple[str, str]]:
        error = self._error(label, row["rse"])
        ambiguity = self._ambiguity_of(label, row["rse"])
        if ambiguity is not None:
            if len(ambiguity.parameters) == ambiguity.dimension:
                remedy = "fix it, or observe (or dose) what it acts on"
            else:
                remedy = f"fix one of {', '.join(ambiguity.parameters)}, or use an external value"
            yield "not by these outputs", remedy
        if row["structural"] == "undecided":
            yield "undecided", self.structural.problem
        if label in self.needs.index and not self.needs.loc[label, "enough"]:
            within = parse_label(label).kind == "omega_iov"
            what = "occasions in each subject" if within else "subjects"
            remedy = f"add {what}, or samples per subject, or use an informative prior"
            yield "too few data for a variance", remedy
        if error > HOPELESS:
            yield self._by_design(label)
        if row["structural"].startswith("or "):
            yield "two solutions", "use a prior that includes only one, or another route"
        if error > POOR and not row["contraction"] > _CONTRACTED:
            yield "poorly", "add subjects or samples, or use an informative prior"

    def _ambiguity_of(self, label: str, rse: float) -> Ambiguity | None:
        """Return the ambiguity of the parameter of a label, if it affects the label.

        If only V/F is identifiable, the between-subject variability of V/F is identifiable too.
        """
        name = parameter_of(label)
        found = self.structural.ambiguity_of(name)
        factors = label != name and name in self.factors and not np.isinf(rse)
        return None if found is not None and found.products and factors else found

    def _by_design(self, label: str) -> tuple[str, str]:
        together = self.information.identified_combination(label)
        if together is None:
            remedy = "sample at times when outputs are sensitive to it, add subjects, or fix it"
            return "not by this design", remedy
        text, error = together
        remedy = f"{text} is identified (RSE {error:.0f}%): fix one, or sample where effects differ"
        return f"only {text} by this design", remedy


def _structure(structural: Structural, others: tuple[OtherSolution, ...], label: str) -> str:
    """Return the structural result of a typical value; variances have none."""
    if label not in structural.parameters:
        return "-"
    if structural.rank < 0:
        return "undecided"
    ambiguity = structural.ambiguity_of(label)
    if ambiguity is None:
        values = [f"{o.other[label]:.3g}" for o in others if label in o.other]
        return f"or {', '.join(values)}" if values else "yes"
    return f"only {', '.join(ambiguity.identified)}" if ambiguity.identified else "no"
