"""Prediction of partition coefficients from the properties of drug and tissues."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["PartitionSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSpec:
    """``[partition]``: the method for the ``Kp`` of organs that state no partition coefficient.

    The coefficients are equations in ``fup``, ``BP``, ``logP`` and the pKa in the system. If one
    of these is estimated, varies between subjects or is the target of a link, every ``Kp`` follows.
    ``Vss``, the implied volume of distribution at steady state, is available in expressions.

    Parameters
    ----------
    method : str
        ``rodgers-rowland``, ``poulin-theil``, ``berezhkovskiy``, ``schmitt`` or ``pksim``
        (`pkqsp_bayes.physiology.kp`).
    scale : Quantity, optional
        Factor of all coefficients, for instance a population parameter.
    """

    method: Literal["rodgers-rowland", "poulin-theil", "berezhkovskiy", "schmitt", "pksim"]
    scale: Quantity | None = None
