"""What the user states: frozen records, TOML in and out. No SymPy here."""

from pkqsp_bayes.spec.body import (
    BodySpec,
    CovariateSpec,
    DrugSpec,
    LumpSpec,
    OrganSpec,
    PoolSpec,
)
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, AntibodySpec, DoseSpec, EliminationSpec
from pkqsp_bayes.spec.mechanism import EquationsSpec, LinkSpec, MetabolismSpec, QspSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationParameterSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.prior import PriorEntry, PriorSpec, PriorTable
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.study import StudySpec
from pkqsp_bayes.spec.toml import format_model, parse_model, read_model

__all__ = [
    "AbsorptionSpec",
    "AntibodySpec",
    "BodySpec",
    "CovariateEffectSpec",
    "CovariateSpec",
    "DoseSpec",
    "DrugSpec",
    "EliminationSpec",
    "EquationsSpec",
    "ErrorSpec",
    "LinkSpec",
    "LumpSpec",
    "MetabolismSpec",
    "ModelSpec",
    "ObservationSpec",
    "OmegaSpec",
    "OrganSpec",
    "PoolSpec",
    "PopulationParameterSpec",
    "PopulationSpec",
    "PriorEntry",
    "PriorSpec",
    "PriorTable",
    "QspSpec",
    "Quantity",
    "StudySpec",
    "format_model",
    "parse_model",
    "read_model",
]
