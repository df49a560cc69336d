"""The same formulas over SymPy expressions and over arrays."""

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.physiology.kp import DrugChemistry, kp_function, kp_methods
from tests.physiology.helpers import SymbolOps

_CLASSES = {
    "neutral": {},
    "acid": {"pKa_acid": (4.5,)},
    "weak base": {"pKa_base": (5.0,)},
    "strong base": {"pKa_base": (9.0,)},
    "zwitterion": {"pKa_acid": (6.0,), "pKa_base": (9.0,)},
}


@pytest.mark.parametrize("kind", _CLASSES)
@pytest.mark.parametrize("method", kp_methods())
def test_expressions_have_the_value_of_numbers(method, kind):
    names = sp.symbols("logP fup BP", positive=True)
    numbers = (2.1, 0.15, 0.9)
    kp, constants = kp_function(method), _CLASSES[kind]
    symbolic = DrugChemistry(**dict(zip(("logP", "fup", "BP"), names, strict=True)), **constants)
    numeric = DrugChemistry(**dict(zip(("logP", "fup", "BP"), numbers, strict=True)), **constants)
    for tissue in ("adipose", "liver", "muscle", "lung"):
        expr = kp(tissue, symbolic, ops=SymbolOps())
        value = float(expr.subs(dict(zip(names, numbers, strict=True))))
        assert value == pytest.approx(float(kp(tissue, numeric)), rel=1e-12)


@pytest.mark.parametrize("method", kp_methods())
def test_arrays_go_through_whole(method):
    fup = np.array([0.1, 0.5, 1.0])
    kp = kp_function(method)
    together = kp("brain", DrugChemistry(logP=2.0, fup=fup, pKa_base=(8.0,)))
    apart = [kp("brain", DrugChemistry(logP=2.0, fup=f, pKa_base=(8.0,))) for f in fup]
    np.testing.assert_allclose(together, apart, rtol=1e-14)
