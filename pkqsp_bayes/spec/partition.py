"""How partition coefficients follow from what the drug and the tissues are made of."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["PartitionSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSpec:
    """``[partition]``: the ``Kp`` of every organ that states no coefficient of its own.

    They are equations in ``fup``, ``BP``, ``logP`` and the pKa, inside the system: where one of
    these is estimated, differs between subjects, or is driven by a link, every ``Kp`` follows.
    ``Vss`` is known in expressions: the volume of distribution at steady state that they imply.

    Parameters
    ----------
    method : str
        ``rodgers-rowland``, ``poulin-theil``, ``berezhkovskiy``, ``schmitt`` or ``pksim``
        (`pkqsp_bayes.physiology.kp`).
    scale : Quantity, optional
        Factor on all of them, a population parameter, say.
    """

    method: Literal["rodgers-rowland", "poulin-theil", "berezhkovskiy", "schmitt", "pksim"]
    scale: Quantity | None = None
