"""Model specification: frozen dataclasses, read from and written to TOML. No SymPy."""

from pkqsp_bayes.spec.body import BodySpec, CovariateSpec, LumpSpec, OrganSpec, PoolSpec
from pkqsp_bayes.spec.drug import BindingSpec, BloodSpec, DrugSpec, PartitionSpec
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, AntibodySpec, DoseSpec, EliminationSpec
from pkqsp_bayes.spec.mechanism import (
    EquationsSpec,
    LinkSpec,
    MetabolismSpec,
    QspSpec,
    TrajectorySpec,
)
from pkqsp_bayes.spec.model import ModelSpec, StudySpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationParameterSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.prior_table import (
    PriorEntry,
    PriorTable,
    format_priors,
    parse_priors,
    read_priors,
    write_priors,
)
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec, Provenance
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.reading.toml import format_model, parse_model, read_model

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
