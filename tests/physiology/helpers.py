"""Oracle tables, drugs of them, and SymPy as the numbers of a formula."""

import csv
from collections.abc import Sequence
from pathlib import Path

import sympy as sp

from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.kp import DrugChemistry

_FOLDER = Path(__file__).parent.parent / "oracles" / "physiology"


def oracle_rows(name: str) -> list[dict[str, str]]:
    text = (_FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))


def oracle_drug(row: dict[str, str], kind: str) -> DrugChemistry:
    """Return the drug of a row; ``kind`` is the type of its pKa."""
    constants = tuple(float(text) for text in row["pKa"].split("|") if text)
    acid = {"acid": constants, "zwit": constants[:1]}.get(kind, ())
    base = {"base": constants, "zwit": constants[1:]}.get(kind, ())
    return DrugChemistry(
        logP=float(row["logP"]),
        fup=float(row["fup"]),
        BP=float(row.get("BP") or 1.0),
        pKa_acid=acid,
        pKa_base=base,
    )


class SymbolOps:
    """`Ops` of SymPy expressions."""

    exp = staticmethod(sp.exp)
    log = staticmethod(sp.log)
    sqrt = staticmethod(sp.sqrt)
    minimum = staticmethod(sp.Min)
    maximum = staticmethod(sp.Max)
    less = staticmethod(sp.Lt)

    def log10(self, x: Value) -> Value:
        return sp.log(x, 10)

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        return sp.Piecewise((a, condition), (b, True))

    def interpolate(self, x: Value, xs: Sequence[float], ys: Sequence[Value]) -> Value:
        pieces = [(ys[0], x < xs[0])]
        for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
            pieces.append((low + (high - low) * (x - left) / (right - left), x < right))
        return sp.Piecewise(*pieces, (ys[-1], True))
