# The public names, by task. `lazy_loader` reads this file when the package is imported, checkers
# read it too. A name is added here and in docs/api.md, and nowhere else. `name as name` makes it
# public for checkers.

from ._version import __version__ as __version__

# Models
from .study.library_table import models as models
from .library import load_model as load_model
from .program.data.check_study import check as check
from .spec.model import ModelSpec as ModelSpec
from .file_reference.frame import file_keys as file_keys

# Studies
from .study import datasets as datasets, load_dataset as load_dataset
from .study.read import (
    examine_study as examine_study,
    read_study as read_study,
    study_from_frame as study_from_frame,
)
from .study.simulated import Dose as Dose, regimen as regimen
from .study.stack import stack_studies as stack_studies
from .study.study import Study as Study
from .program.data.study_summary import (
    StudySummary as StudySummary,
    summarise_study as summarise_study,
)

# Simulation
from .engine.simulate import simulate as simulate

# Priors and elicitation
from .spec.prior_table import (
    PriorTable as PriorTable,
    format_priors as format_priors,
    merge_tables as merge_tables,
    parse_priors as parse_priors,
    read_priors as read_priors,
    write_priors as write_priors,
)
from .spec.priors.apply_priors import apply_priors as apply_priors
from .elicit.elicitation import Elicitation as Elicitation, elicit_priors as elicit_priors
from .elicit.statements import Statements as Statements, read_statements as read_statements
from .elicit.qsp import DerivedPriors as DerivedPriors, derive_priors as derive_priors
from .elicit.question import Robustness as Robustness
from .elicit.conflict import information_gain as information_gain, prior_conflict as prior_conflict
from .fitting.sampling.sample_prior import sample_prior as sample_prior
from .analysis.predictive.prior_check import prior_check as prior_check

# Fitting
from .fitting.sampling.fit import fit as fit
from .fitting.sampling.approximate import approximate as approximate
from .fitting.estimate import estimate as estimate
from .fitting.inits.find_mode import find_mode as find_mode
from .fitting.results.fit_argument import open_fit as open_fit
from .fitting.results.fitted_model import FittedModel as FittedModel
from .fitting.results.store import read_fit as read_fit
from .fitting.results.summarise import summary_table as summary_table

# Diagnostics
from .fitting.diagnostics.diagnose import diagnose as diagnose
from .analysis.calibration.solver_accuracy import (
    SolverAccuracy as SolverAccuracy,
    check_solver as check_solver,
)

# Predictive checks and predictions
from .analysis.predictive.loo import (
    LeaveOneOut as LeaveOneOut,
    loo as loo,
    loo_subject as loo_subject,
)
from .analysis.predictive.goodness_of_fit import goodness_of_fit as goodness_of_fit
from .analysis.predictive.individual_curves import individual_curves as individual_curves
from .analysis.predictive.individual_effects import individual_effects as individual_effects
from .analysis.predictive.npde import npde as npde
from .analysis.predictive.predict import predict as predict
from .analysis.predictive.predictive_pvalues import predictive_pvalues as predictive_pvalues
from .analysis.predictive.validation import validate as validate
from .analysis.predictive.vpc import vpc as vpc

# Uncertainty
from .analysis.uncertainty.budget_table import budget_table as budget_table
from .analysis.uncertainty.compare_priors import compare_priors as compare_priors
from .analysis.exposure.derived_parameters import derived_parameters as derived_parameters
from .analysis.uncertainty.endpoint import Endpoint as Endpoint
from .analysis.uncertainty.prior_posterior import prior_posterior as prior_posterior
from .analysis.uncertainty.variance_budget import variance_budget as variance_budget

# Identifiability and designs
from .analysis.identifiability.fisher_information import ExpectedInformation as ExpectedInformation
from .analysis.identifiability.levels import (
    Identifiability as Identifiability,
    identifiability as identifiability,
)
from .analysis.identifiability.practical import (
    compare_designs as compare_designs,
    expected_information as expected_information,
)

# Calibration
from .analysis.calibration.calibration import (
    calibration_issues as calibration_issues,
    calibration_table as calibration_table,
)
from .analysis.calibration.sbc import sbc as sbc

# Decisions
from .analysis.decisions.causal_record import (
    CausalRecord as CausalRecord,
    causal_record as causal_record,
)
from .analysis.decisions.credibility_record import (
    CredibilityRecord as CredibilityRecord,
    credibility_record as credibility_record,
)
from .analysis.decisions.individualise import individualise as individualise
from .analysis.decisions.individuals import Individuals as Individuals
from .analysis.decisions.intervene import intervene as intervene
from .analysis.decisions.interventions import Scaled as Scaled
from .spec.causal_claim import CausalSpec as CausalSpec, read_causal as read_causal

# Plots
from .plots.budget import plot_budget as plot_budget
from .plots.calibration import plot_calibration as plot_calibration
from .plots.elicitation import plot_elicitation as plot_elicitation
from .plots.fits import plot_fits as plot_fits
from .plots.goodness import plot_gof as plot_gof, plot_residuals as plot_residuals
from .plots.identifiability import plot_identifiability as plot_identifiability
from .plots.npde import plot_npde as plot_npde
from .plots.parameters import (
    plot_correlations as plot_correlations,
    plot_parameters as plot_parameters,
    plot_traces as plot_traces,
)
from .plots.positivity import plot_positivity as plot_positivity
from .plots.priors import (
    plot_prior_check as plot_prior_check,
    plot_prior_posterior as plot_prior_posterior,
)
from .plots.random_effects import plot_random_effects as plot_random_effects
from .plots.study import (
    plot_covariates as plot_covariates,
    plot_observations as plot_observations,
)
from .plots.style import save_figure as save_figure
from .plots.vpc import plot_vpc as plot_vpc

# Reports
from .reporting.page import report as report
from .reporting.report_context import ReportOptions as ReportOptions

# Physiology
from .physiology.body import Body as Body
from .physiology.impairment import impair_body as impair_body
from .physiology.kp import DrugChemistry as DrugChemistry, kp_table as kp_table
from .physiology.ontogeny import ontogeny_factor as ontogeny_factor
from .physiology.population import (
    Gene as Gene,
    PopulationSettings as PopulationSettings,
    virtual_population as virtual_population,
)
from .physiology.species import reference_body as reference_body

# Settings and errors
from .engine.solver_settings import SolverSettings as SolverSettings
from .errors import (
    Issues as Issues,
    CheckError as CheckError,
    Issue as Issue,
    PkqspError as PkqspError,
    ToolchainError as ToolchainError,
)
from .fitting.sampling.settings import FitSettings as FitSettings
from .program.bind import BindOptions as BindOptions
