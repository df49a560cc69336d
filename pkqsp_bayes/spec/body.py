"""Drug, body, organs, pools and lumping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = [
    "BodySpec",
    "CovariateSpec",
    "DrugSpec",
    "LumpSpec",
    "OrganSpec",
    "PoolSpec",
    "level_code",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugSpec:
    """The drug.

    Its quantities are names in every expression of the model: ``fup``, ``BP``, ``MW``, ``logP``.

    Parameters
    ----------
    name : str
        What it is called.
    fup : Quantity, optional
        Unbound fraction in plasma.
    BP : Quantity, optional
        Blood-to-plasma concentration ratio.
    MW : Quantity, optional
        Molar mass; natural unit g/mol. Needed where an amount in mg meets one in nmol.
    logP : Quantity, optional
        Octanol-water partition coefficient, decadic logarithm.
    pKa_acid, pKa_base : tuple of float
        Dissociation constants of the acidic and basic groups.
    logMA : Quantity, optional
        Membrane affinity, decadic logarithm, for the methods of partition that use it; without it
        ``logP`` serves.
    """

    name: str
    fup: Quantity | None = None
    BP: Quantity | None = None
    MW: Quantity | None = None
    logP: Quantity | None = None
    pKa_acid: tuple[float, ...] = ()
    pKa_base: tuple[float, ...] = ()
    logMA: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateSpec:
    """A column of the study that expressions may name.

    In TOML a unit text is enough (``WT = "kg"``), or ``SEX = "category"``.

    Parameters
    ----------
    unit : str
        Pint unit text; ``""`` is dimensionless (and every category).
    interpolation : {"fixed", "locf", "nocb", "linear"}
        ``fixed``: one value a subject. ``locf``: the last value holds. ``nocb``: the next value
        holds. ``linear``: straight lines between the values.
    category : bool
        Whether the values are codes of levels.
    levels : mapping of str to number
        Label of a level to the code that expressions compare with, ``{ female = 0, male = 1 }``.
    reference : float or None
        Value for simulation without a study, and the centre of covariate effects that name none.
    lower, upper : float or None
        Least and greatest value that the model holds for, in ``unit``: a study with others is
        refused. A mass or a length without ``lower`` must be positive.
    """

    unit: str = ""
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    category: bool = False
    levels: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    lower: float | None = None
    upper: float | None = None


def level_code(covariate: CovariateSpec, level: str) -> float:
    """Return the code of a level: as stated, or the label itself where none are stated.

    Raises
    ------
    ValueError
        If the label is neither.

    Examples
    --------
    >>> level_code(CovariateSpec(levels={"female": 0, "male": 1}), "male")
    1.0
    >>> level_code(CovariateSpec(category=True), "2")
    2.0
    """
    return float(covariate.levels.get(level, level))


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySpec:
    """The body as a whole.

    Parameters
    ----------
    species : str
        ``human``, ``rat``, ...
    source : str, optional
        Name of a body of the library (``icrp89``): it brings organs, pools, ``CO``, ``Hct`` and
        ``GFR`` as expressions in the covariates WT, HT, AGE and SEX; those that the model does not
        declare stand for the reference person's. What the model states itself comes first, key by
        key.
    cardiac_output : Quantity, optional
        Known in expressions as ``CO``. Natural unit L per time unit. Without it, it is the sum of
        the organ flows.
    haematocrit : Quantity, optional
        Known in expressions as ``Hct``.
    basis : {"blood", "plasma"}
        What the flows carry and the pools hold. ``blood`` (default): flows are blood flows, pool
        concentrations are of whole blood, tissue:plasma ``Kp`` becomes tissue:blood
        ``Kb = Kp / BP``. ``plasma``: plasma flows, plasma concentrations, ``Kp`` as it is.
    subset : tuple of str
        Organs to keep; the others are lumped into the organ whose flow is ``"balance"``.
        Empty: all are kept.
    multipliers : mapping of str to Quantity
        Factors of an impairment, say, on any quantity of the body: ``liver.Q = 0.8``,
        ``GFR = "0.3"``. They act as a link with ``mode = "multiply"`` does.
    """

    species: str = "human"
    source: str | None = None
    cardiac_output: Quantity | None = None
    haematocrit: Quantity | None = None
    basis: Literal["blood", "plasma"] = "blood"
    subset: tuple[str, ...] = ()
    multipliers: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """A blood pool: ``[pools.arterial]``, ``[pools.venous]``, or one pool ``[pools.blood]``."""

    volume: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganSpec:
    """One organ.

    Parameters
    ----------
    volume : Quantity, optional
        Volume, L. In expressions ``<organ>.V``. May be left out where the body's source
        (`BodySpec.source`) knows the organ, as every other key.
    flow : Quantity, optional
        Blood (or plasma, see `BodySpec.basis`) flow, L per time unit; ``<organ>.Q``. The text
        ``"balance"`` takes what is left of the cardiac output (one organ at most: the rest of the
        body). Not stated for an organ in series (the lung), through which all of it passes.
    flow_kind : {"total", "arterial"}
        Whether ``flow`` of an organ with portal inflow is all that leaves it (default), so that
        its artery brings ``flow`` less the portal flows, or what its artery brings.
    Kp, Kb, Kpu : Quantity, optional
        Partition coefficient, one of: tissue to plasma, tissue to blood, tissue to unbound plasma.
        Where ``[partition]`` names a method, it gives the ``Kp`` of organs that state none.
    tissue : str, optional
        Tissue whose composition the method of ``[partition]`` takes; by default the organ's name.
    pH : Quantity, optional
        pH of the tissue's cells. It moves ``Kp`` of acids and bases: by the method of partition
        where that knows ionisation in the cells, else by the ratio of the ionised fractions
        (ion trapping) at this pH and at 7.0. In expressions ``<organ>.pH``.
    model : {"perfusion", "permeability"}
        Well-stirred; or vascular, interstitial and cellular space with a barrier.
    position : {"parallel", "series"}
        ``series``: between venous and arterial pool (the lung).
    drains_to : str, optional
        The organ that receives its outflow (``liver`` for portal organs) in place of the veins.
    fraction_vascular, fraction_interstitial : Quantity, optional
        Volume fractions for ``permeability``; the rest is cellular.
    PS : Quantity, optional
        Permeability-surface product of the cell membrane, L per time unit.
    PS_capillary : Quantity, optional
        The same of the capillary wall; without it vascular and interstitial space are one.
    fu : Quantity, optional
        Unbound fraction in the tissue; without it ``fup / Kp``.
    """

    volume: Quantity | None = None
    flow: Quantity | None = None
    flow_kind: Literal["total", "arterial"] = "total"
    Kp: Quantity | None = None
    Kb: Quantity | None = None
    Kpu: Quantity | None = None
    tissue: str | None = None
    pH: Quantity | None = None
    model: Literal["perfusion", "permeability"] = "perfusion"
    position: Literal["parallel", "series"] = "parallel"
    drains_to: str | None = None
    fraction_vascular: Quantity | None = None
    fraction_interstitial: Quantity | None = None
    PS: Quantity | None = None
    PS_capillary: Quantity | None = None
    fu: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LumpSpec:
    """Several organs made one: ``slow = ["muscle", "skin"]`` in ``[lump]``.

    Volume and flow are sums, the partition coefficient is the volume-weighted mean, unless
    ``Kp`` or ``Kb`` says otherwise.
    """

    organs: tuple[str, ...]
    Kp: Quantity | None = None
    Kb: Quantity | None = None
