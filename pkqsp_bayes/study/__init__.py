"""Studies: NONMEM-style tables, their checks, and one timeline per subject."""

from pkqsp_bayes.study import datasets
from pkqsp_bayes.study.datasets import load as load_dataset
from pkqsp_bayes.study.read import examine_study, read_study, study_from_frame
from pkqsp_bayes.study.simulated import Dose, regimen
from pkqsp_bayes.study.stack import stack_studies
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import (
    CovariateColumn,
    DoseColumn,
    Timeline,
    covariate_columns,
    timelines,
)

__all__ = [
    "CovariateColumn",
    "Dose",
    "DoseColumn",
    "Study",
    "Timeline",
    "covariate_columns",
    "datasets",
    "examine_study",
    "load_dataset",
    "read_study",
    "regimen",
    "stack_studies",
    "study_from_frame",
    "timelines",
]
