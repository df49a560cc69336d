"""Invalid input and its messages."""

import pytest
import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.kp import DrugChemistry, kp_function, kp_methods, load_composition
from pkqsp_bayes.physiology.kp.rodgers_rowland import is_strong_base


def test_everything_wrong_with_a_drug_at_once():
    with pytest.raises(CheckError) as caught:
        DrugChemistry(logP=1.0, fup=1.2, BP=-1.0, pKa_base=9.4)
    where = {issue.where for issue in caught.value.issues}
    assert where == {"drug.fup", "drug.BP", "drug.pKa_base"}


@pytest.mark.parametrize("fup", [0.0, -0.1, 1.01, float("nan")])
def test_unbound_fraction_outside_its_range(fup):
    with pytest.raises(CheckError, match="fup"):
        DrugChemistry(logP=1.0, fup=fup)


@pytest.mark.parametrize("method", kp_methods())
def test_unknown_tissue_names_the_nearest(method):
    with pytest.raises(ValueError, match="did you mean liver"):
        kp_function(method)("livre", DrugChemistry(logP=1.0, fup=0.5))


def test_unknown_method_and_composition():
    with pytest.raises(ValueError, match="did you mean schmitt"):
        kp_function("schmit")
    with pytest.raises(ValueError, match="did you mean utsey-2020"):
        load_composition("utsey")


def test_which_rodgers_and_rowland_holds_must_be_known():
    drug = DrugChemistry(logP=1.0, fup=0.5, pKa_base=(sp.Symbol("pKa"),))
    with pytest.raises(ValueError, match="pKa_base as numbers"):
        is_strong_base(drug)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"logP": float("nan")}, "logP"),
        ({"logP": 150.0}, "logP"),
        ({"logMA": float("inf")}, "logMA"),
        ({"pKa_base": (94.0,)}, "pKa_base"),
        ({"pKa_acid": (4.0, float("nan"))}, "pKa_acid"),
        ({"BP": 0.3}, "BP"),
        ({"fup": True}, "fup"),
        ({"fup": "0.5"}, "fup"),
    ],
)
def test_numbers_that_no_drug_has(wrong, where):
    """Blood holds the drug of its plasma at least: BP is 1 - haematocrit or more."""
    with pytest.raises(CheckError) as caught:
        DrugChemistry(**{"logP": 1.0, "fup": 0.5, **wrong})
    assert [issue.where for issue in caught.value.issues] == [f"drug.{where}"]


def test_organs_without_figures_use_declared_substitutes():
    figures = load_composition("poulin-theil-human")
    assert figures.source_tissue("rest") == "muscle"
    assert figures.source_tissue("small_intestine") == "gut"
