"""Tissue-to-plasma partition coefficients from a drug's physicochemical properties, by method."""

from pkqsp_bayes.physiology.kp.composition import (
    Composition,
    Tissue,
    composition_names,
    load_composition,
)
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.methods import (
    KpFunction,
    default_composition,
    kp_function,
    kp_methods,
    steady_state_volume,
)
from pkqsp_bayes.physiology.kp.table import kp_table

__all__ = [
    "Composition",
    "DrugChemistry",
    "KpFunction",
    "Tissue",
    "composition_names",
    "default_composition",
    "kp_function",
    "kp_methods",
    "kp_table",
    "load_composition",
    "steady_state_volume",
]
