"""Table of partition coefficients for the comparison of methods."""

from collections.abc import Sequence

import pandas as pd

from pkqsp_bayes.arguments import TEXT, checked, either, sequence
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.methods import default_composition, kp_function, kp_methods

__all__ = ["kp_table"]

_TISSUES = (
    "adipose", "bone", "brain", "gut", "heart", "kidneys", "liver", "lungs", "muscle", "pancreas",
    "skin", "spleen", "stomach", "rest",
)  # fmt: skip


_NAMES = either(TEXT, sequence(TEXT, least=1, wanted="give a name, or a list of names"))


@checked(methods=_NAMES, tissues=_NAMES)
def kp_table(
    drug: DrugChemistry,
    *,
    methods: Sequence[str] | str | None = None,
    tissues: Sequence[str] | str = _TISSUES,
) -> pd.DataFrame:
    """Return tissue-to-plasma partition coefficients, with tissues as rows and methods as columns.

    Parameters
    ----------
    drug : DrugChemistry
        Drug whose properties are numbers.
    methods : str or sequence of str, optional
        By default all of `pkqsp_bayes.physiology.kp.kp_methods`.
    tissues : str or sequence of str
        By default the organs of the human body.

    Returns
    -------
    pandas.DataFrame
        With the citation of each column's composition in ``attrs["sources"]``.

    Raises
    ------
    CheckError
        With every unknown method and tissue; if the drug is not a `DrugChemistry` of numbers.

    Examples
    --------
    >>> table = kp_table(DrugChemistry(logP=1.48, fup=0.87), tissues=["liver", "muscle"])
    >>> table.round(2).loc["liver", "berezhkovskiy"]
    np.float64(1.72)
    """
    chosen = kp_methods() if methods is None else _several(methods)
    tissues = _several(tissues)
    _check(drug, chosen, tissues)
    columns = {m: [float(kp_function(m)(t, drug)) for t in tissues] for m in chosen}
    table = pd.DataFrame(columns, index=pd.Index(tissues, name="tissue"))
    table.attrs["sources"] = {m: default_composition(m, drug).citation for m in chosen}
    return table


def _several(names: Sequence[str] | str) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _check(drug: DrugChemistry, methods: Sequence[str], tissues: Sequence[str]) -> None:
    if not isinstance(drug, DrugChemistry):
        what = f"{type(drug).__name__} is not a DrugChemistry"
        remedy = "DrugChemistry(logP=..., fup=..., pKa_base=(...,))"
        raise CheckError([Issue(where="drug", what=what, remedy=remedy)])
    issues = []
    for method in methods:
        try:
            figures = default_composition(method, drug)
        except ValueError as error:
            issues.append(Issue(where="methods", what=str(error), remedy="use one of kp_methods()"))
            continue
        for tissue in tissues:
            try:
                figures.source_tissue(tissue)
            except ValueError as error:
                issues.append(Issue(where="tissues", what=str(error), remedy="leave it out"))
    if issues:
        raise CheckError(dict.fromkeys(issues))
