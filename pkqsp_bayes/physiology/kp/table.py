"""Partition coefficients side by side: what a user prints before choosing a method."""

from collections.abc import Sequence

import pandas as pd

from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.methods import default_composition, kp_function, kp_methods

__all__ = ["kp_table"]

_TISSUES = (
    "adipose", "bone", "brain", "gut", "heart", "kidneys", "liver", "lungs", "muscle", "pancreas",
    "skin", "spleen", "stomach", "rest",
)  # fmt: skip


def kp_table(
    drug: DrugChemistry,
    *,
    methods: Sequence[str] | None = None,
    tissues: Sequence[str] = _TISSUES,
) -> pd.DataFrame:
    """Return tissue-to-plasma partition coefficients, tissues by methods.

    Parameters
    ----------
    drug : DrugChemistry
        In numbers.
    methods : sequence of str, optional
        By default all of `pkqsp_bayes.physiology.kp.kp_methods`.
    tissues : sequence of str
        By default the organs of the human body.

    Returns
    -------
    pandas.DataFrame
        With the citation of each column's composition in ``attrs["sources"]``.

    Raises
    ------
    ValueError
        If a method or a tissue is unknown.

    Examples
    --------
    >>> table = kp_table(DrugChemistry(logP=1.48, fup=0.87), tissues=["liver", "muscle"])
    >>> table.round(2).loc["liver", "berezhkovskiy"]
    np.float64(1.72)
    """
    chosen = kp_methods() if methods is None else tuple(methods)
    columns = {m: [float(kp_function(m)(t, drug)) for t in tissues] for m in chosen}
    table = pd.DataFrame(columns, index=pd.Index(tissues, name="tissue"))
    table.attrs["sources"] = {m: default_composition(m, drug).citation for m in chosen}
    return table
