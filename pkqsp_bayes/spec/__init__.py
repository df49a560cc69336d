"""Model specification: frozen dataclasses, read from and written to TOML. No SymPy."""

from pkqsp_bayes.spec.binding import BindingSpec, BloodSpec
from pkqsp_bayes.spec.body import (
    BodySpec,
    CovariateSpec,
    DrugSpec,
    LumpSpec,
    OrganSpec,
    PoolSpec,
)
from pkqsp_bayes.spec.joint import JointPriorSpec, Provenance
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, AntibodySpec, DoseSpec, EliminationSpec
from pkqsp_bayes.spec.mechanism import EquationsSpec, LinkSpec, MetabolismSpec, QspSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.partition import PartitionSpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationParameterSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_table import (
    PriorEntry,
    PriorTable,
    format_priors,
    parse_priors,
    read_priors,
    write_priors,
)
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.study import StudySpec
from pkqsp_bayes.spec.toml import format_model, parse_model, read_model
from pkqsp_bayes.spec.trajectory import TrajectorySpec

__all__ = [
    "AbsorptionSpec",
    "AntibodySpec",
    "BindingSpec",
    "BloodSpec",
    "BodySpec",
    "CovariateEffectSpec",
    "CovariateSpec",
    "DoseSpec",
    "DrugSpec",
    "EliminationSpec",
    "EquationsSpec",
    "ErrorSpec",
    "JointPriorSpec",
    "LinkSpec",
    "LumpSpec",
    "MetabolismSpec",
    "ModelSpec",
    "ObservationSpec",
    "OmegaSpec",
    "OrganSpec",
    "PartitionSpec",
    "PoolSpec",
    "PopulationParameterSpec",
    "PopulationSpec",
    "PriorEntry",
    "PriorSpec",
    "PriorTable",
    "Provenance",
    "QspSpec",
    "Quantity",
    "StudySpec",
    "TrajectorySpec",
    "format_model",
    "format_priors",
    "parse_model",
    "parse_priors",
    "read_model",
    "read_priors",
    "write_priors",
]
