"""PBPK, QSP and population models compiled to fast Stan programs.

>>> import pkqsp_bayes as pq
>>> pq.load_model("one-compartment").title
'One compartment, oral and intravenous'
"""

import importlib
from typing import TYPE_CHECKING, Any

from pkqsp_bayes._version import __version__

if TYPE_CHECKING:
    from pkqsp_bayes.analysis.calibration.calibration import calibration_issues, calibration_table
    from pkqsp_bayes.analysis.calibration.sbc import sbc
    from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy, check_solver
    from pkqsp_bayes.analysis.decisions.causal_record import causal_record
    from pkqsp_bayes.analysis.decisions.individualise import individualise
    from pkqsp_bayes.analysis.decisions.intervene import intervene
    from pkqsp_bayes.analysis.decisions.interventions import Scaled
    from pkqsp_bayes.analysis.identifiability.levels import identifiability
    from pkqsp_bayes.analysis.identifiability.practical import compare_designs, expected_information
    from pkqsp_bayes.analysis.predictive.goodness_of_fit import goodness_of_fit
    from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
    from pkqsp_bayes.analysis.predictive.individual_effects import individual_effects
    from pkqsp_bayes.analysis.predictive.loo import loo, loo_subject
    from pkqsp_bayes.analysis.predictive.npde import npde
    from pkqsp_bayes.analysis.predictive.predict import predict
    from pkqsp_bayes.analysis.predictive.predictive_pvalues import predictive_pvalues
    from pkqsp_bayes.analysis.predictive.validation import validate
    from pkqsp_bayes.analysis.predictive.vpc import vpc
    from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
    from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
    from pkqsp_bayes.elicit.conflict import information_gain, prior_conflict
    from pkqsp_bayes.elicit.elicitation import elicit_priors
    from pkqsp_bayes.elicit.qsp import derive_priors
    from pkqsp_bayes.elicit.question import Robustness
    from pkqsp_bayes.elicit.statements import read_statements
    from pkqsp_bayes.engine.kernel import SolverOptions
    from pkqsp_bayes.engine.simulate import simulate
    from pkqsp_bayes.errors import CheckError, Issue, PkqspError, ToolchainError
    from pkqsp_bayes.fitting.diagnostics.diagnose import diagnose
    from pkqsp_bayes.fitting.inits.find_mode import find_mode
    from pkqsp_bayes.fitting.results.fit_argument import open_fit
    from pkqsp_bayes.fitting.results.fitted_model import FittedModel
    from pkqsp_bayes.fitting.results.store import read_fit
    from pkqsp_bayes.fitting.results.summarise import summary_table
    from pkqsp_bayes.fitting.sampling.approximate import approximate
    from pkqsp_bayes.fitting.sampling.fit import fit
    from pkqsp_bayes.fitting.sampling.sample_prior import sample_prior
    from pkqsp_bayes.fitting.sampling.settings import FitSettings
    from pkqsp_bayes.library import load_model
    from pkqsp_bayes.physiology.impairment import impair_body
    from pkqsp_bayes.physiology.kp import DrugChemistry, kp_table
    from pkqsp_bayes.physiology.ontogeny import ontogeny_factor
    from pkqsp_bayes.physiology.population import Gene, PopulationSettings, virtual_population
    from pkqsp_bayes.physiology.species import reference_body
    from pkqsp_bayes.plots.budget import plot_budget
    from pkqsp_bayes.plots.calibration import plot_calibration
    from pkqsp_bayes.plots.elicitation import plot_elicitation
    from pkqsp_bayes.plots.fits import plot_fits
    from pkqsp_bayes.plots.goodness import plot_gof, plot_residuals
    from pkqsp_bayes.plots.identifiability import plot_identifiability
    from pkqsp_bayes.plots.npde import plot_npde
    from pkqsp_bayes.plots.parameters import plot_correlations, plot_parameters, plot_traces
    from pkqsp_bayes.plots.positivity import plot_positivity
    from pkqsp_bayes.plots.priors import plot_prior_check, plot_prior_posterior
    from pkqsp_bayes.plots.random_effects import plot_random_effects
    from pkqsp_bayes.plots.study import plot_covariates, plot_observations
    from pkqsp_bayes.plots.style import save_figure
    from pkqsp_bayes.plots.vpc import plot_vpc
    from pkqsp_bayes.program.bind import BindOptions
    from pkqsp_bayes.program.check_study import check
    from pkqsp_bayes.program.study_summary import StudySummary, summarise_study
    from pkqsp_bayes.reporting.page import report
    from pkqsp_bayes.reporting.report_context import ReportOptions
    from pkqsp_bayes.spec.apply_priors import apply_priors
    from pkqsp_bayes.spec.causal_claim import CausalSpec, read_causal
    from pkqsp_bayes.spec.model import ModelSpec
    from pkqsp_bayes.spec.prior_table import (
        PriorTable,
        format_priors,
        merge_tables,
        parse_priors,
        read_priors,
        write_priors,
    )
    from pkqsp_bayes.study import datasets, load_dataset
    from pkqsp_bayes.study.read import examine_study, read_study, study_from_frame
    from pkqsp_bayes.study.simulated import Dose, regimen
    from pkqsp_bayes.study.stack import stack_studies
    from pkqsp_bayes.study.study import Study

__all__ = [
    "BindOptions",
    "CausalSpec",
    "CheckError",
    "Dose",
    "DrugChemistry",
    "Endpoint",
    "FitSettings",
    "FittedModel",
    "Gene",
    "Issue",
    "ModelSpec",
    "PkqspError",
    "PopulationSettings",
    "PriorTable",
    "ReportOptions",
    "Robustness",
    "Scaled",
    "SolverAccuracy",
    "SolverOptions",
    "Study",
    "StudySummary",
    "ToolchainError",
    "__version__",
    "apply_priors",
    "approximate",
    "calibration_issues",
    "calibration_table",
    "causal_record",
    "check",
    "check_solver",
    "compare_designs",
    "compare_priors",
    "datasets",
    "derive_priors",
    "diagnose",
    "elicit_priors",
    "examine_study",
    "expected_information",
    "find_mode",
    "fit",
    "format_priors",
    "goodness_of_fit",
    "identifiability",
    "impair_body",
    "individual_curves",
    "individual_effects",
    "individualise",
    "information_gain",
    "intervene",
    "kp_table",
    "load_dataset",
    "load_model",
    "loo",
    "loo_subject",
    "merge_tables",
    "npde",
    "ontogeny_factor",
    "open_fit",
    "parse_priors",
    "plot_budget",
    "plot_calibration",
    "plot_correlations",
    "plot_covariates",
    "plot_elicitation",
    "plot_fits",
    "plot_gof",
    "plot_identifiability",
    "plot_npde",
    "plot_observations",
    "plot_parameters",
    "plot_positivity",
    "plot_prior_check",
    "plot_prior_posterior",
    "plot_random_effects",
    "plot_residuals",
    "plot_traces",
    "plot_vpc",
    "predict",
    "predictive_pvalues",
    "prior_check",
    "prior_conflict",
    "prior_posterior",
    "read_causal",
    "read_fit",
    "read_priors",
    "read_statements",
    "read_study",
    "reference_body",
    "regimen",
    "report",
    "sample_prior",
    "save_figure",
    "sbc",
    "simulate",
    "stack_studies",
    "study_from_frame",
    "summarise_study",
    "summary_table",
    "validate",
    "variance_budget",
    "virtual_population",
    "vpc",
    "write_priors",
]

# Rooms are entered when something in them is asked for: importing all of them takes seconds.
_PLACES = {
    "goodness_of_fit": "analysis.predictive.goodness_of_fit",
    "individual_curves": "analysis.predictive.individual_curves",
    "individual_effects": "analysis.predictive.individual_effects",
    "plot_budget": "plots.budget",
    "plot_calibration": "plots.calibration",
    "plot_correlations": "plots.parameters",
    "plot_covariates": "plots.study",
    "plot_elicitation": "plots.elicitation",
    "plot_fits": "plots.fits",
    "plot_gof": "plots.goodness",
    "plot_identifiability": "plots.identifiability",
    "plot_npde": "plots.npde",
    "plot_observations": "plots.study",
    "plot_parameters": "plots.parameters",
    "plot_positivity": "plots.positivity",
    "plot_prior_check": "plots.priors",
    "plot_prior_posterior": "plots.priors",
    "plot_random_effects": "plots.random_effects",
    "plot_residuals": "plots.goodness",
    "plot_traces": "plots.parameters",
    "plot_vpc": "plots.vpc",
    "save_figure": "plots.style",
    "read_causal": "spec.causal_claim",
    "CausalSpec": "spec.causal_claim",
    "causal_record": "analysis.decisions.causal_record",
    "validate": "analysis.predictive.validation",
    "intervene": "analysis.decisions.intervene",
    "Scaled": "analysis.decisions.interventions",
    "individualise": "analysis.decisions.individualise",
    "ReportOptions": "reporting.report_context",
    "report": "reporting.page",
    "compare_priors": "analysis.uncertainty.compare_priors",
    "prior_check": "analysis.predictive.prior_check",
    "prior_posterior": "analysis.uncertainty.prior_posterior",
    "prior_conflict": "elicit.conflict",
    "information_gain": "elicit.conflict",
    "elicit_priors": "elicit.elicitation",
    "read_statements": "elicit.statements",
    "identifiability": "analysis.identifiability.levels",
    "compare_designs": "analysis.identifiability.practical",
    "expected_information": "analysis.identifiability.practical",
    "loo": "analysis.predictive.loo",
    "loo_subject": "analysis.predictive.loo",
    "npde": "analysis.predictive.npde",
    "predict": "analysis.predictive.predict",
    "predictive_pvalues": "analysis.predictive.predictive_pvalues",
    "vpc": "analysis.predictive.vpc",
    "reference_body": "physiology.species",
    "virtual_population": "physiology.population",
    "PopulationSettings": "physiology.population",
    "Gene": "physiology.population",
    "DrugChemistry": "physiology.kp",
    "kp_table": "physiology.kp",
    "ontogeny_factor": "physiology.ontogeny",
    "impair_body": "physiology.impairment",
    "PriorTable": "spec.prior_table",
    "apply_priors": "spec.apply_priors",
    "read_priors": "spec.prior_table",
    "write_priors": "spec.prior_table",
    "format_priors": "spec.prior_table",
    "parse_priors": "spec.prior_table",
    "merge_tables": "spec.prior_table",
    "derive_priors": "elicit.qsp",
    "Robustness": "elicit.question",
    "Endpoint": "analysis.uncertainty.endpoint",
    "calibration_issues": "analysis.calibration.calibration",
    "calibration_table": "analysis.calibration.calibration",
    "sbc": "analysis.calibration.sbc",
    "SolverAccuracy": "analysis.calibration.solver_accuracy",
    "check_solver": "analysis.calibration.solver_accuracy",
    "variance_budget": "analysis.uncertainty.variance_budget",
    "BindOptions": "program.bind",
    "approximate": "fitting.sampling.approximate",
    "find_mode": "fitting.inits.find_mode",
    "sample_prior": "fitting.sampling.sample_prior",
    "FitSettings": "fitting.sampling.settings",
    "fit": "fitting.sampling.fit",
    "diagnose": "fitting.diagnostics.diagnose",
    "open_fit": "fitting.results.fit_argument",
    "FittedModel": "fitting.results.fitted_model",
    "read_fit": "fitting.results.store",
    "summary_table": "fitting.results.summarise",
    "CheckError": "errors",
    "Dose": "study.simulated",
    "Issue": "errors",
    "ModelSpec": "spec.model",
    "PkqspError": "errors",
    "SolverOptions": "engine.kernel",
    "Study": "study.study",
    "ToolchainError": "errors",
    "check": "program.check_study",
    "StudySummary": "program.study_summary",
    "summarise_study": "program.study_summary",
    "datasets": "study",
    "load_dataset": "study",
    "examine_study": "study.read",
    "load_model": "library",
    "read_study": "study.read",
    "regimen": "study.simulated",
    "simulate": "engine.simulate",
    "stack_studies": "study.stack",
    "study_from_frame": "study.read",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name not in _PLACES:
        raise AttributeError(f"module 'pkqsp_bayes' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"pkqsp_bayes.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
