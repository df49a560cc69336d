"""Covariates, body, organs, pools and lumping of organs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = [
    "BodySpec",
    "CovariateSpec",
    "LumpSpec",
    "OrganSpec",
    "PoolSpec",
    "level_code",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateSpec:
    """A column of the study that expressions can use.

    In TOML a unit text is sufficient (``WT = "kg"``), or ``SEX = "category"``.

    Parameters
    ----------
    unit : str
        Pint unit text; ``""`` is dimensionless (and every category).
    interpolation : {"fixed", "locf", "nocb", "linear"}
        ``fixed``: one value per subject. ``locf``: the last value is carried forward. ``nocb``: the
        next value is carried backward. ``linear``: linear interpolation.
    category : bool
        Whether the values are codes of levels.
    levels : mapping of str to number
        Code of each level for comparisons in expressions: ``{ female = 0, male = 1 }``.
    reference : float or None [unit]
        Value for simulations without a study, and the default centre of covariate effects.
    lower, upper : float or None [unit]
        Least and greatest valid value in ``unit``: a study with values outside is refused. A mass
        or a length without ``lower`` must be positive.
    """

    unit: str = ""
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    category: bool = False
    levels: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    lower: float | None = None
    upper: float | None = None


def level_code(covariate: CovariateSpec, level: str) -> float:
    """Return the code of a level: the stated one, or the label itself if it is a number.

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
    """Quantities of the whole body.

    Parameters
    ----------
    species : str
        ``human``, ``rat``, ...
    source : str, optional
        Name of a body of the library (``icrp89``), which defines organs, pools, ``CO``, ``Hct`` and
        ``GFR`` as expressions of the covariates WT, HT, AGE and SEX. A covariate that the model
        does not declare has the value of the reference person. Keys that the model states override
        those of the library.
    cardiac_output : Quantity [L/time], optional
        ``CO`` in expressions. Natural unit L per time unit. By default the sum of the organ flows.
    haematocrit : Quantity [1], optional
        ``Hct`` in expressions.
    basis : {"blood", "plasma"}
        Reference of flows and pools. ``blood`` (default): flows are blood flows, pool
        concentrations are whole-blood concentrations, and the tissue-to-plasma ``Kp`` is converted
        to the tissue-to-blood ``Kb = Kp / BP``. ``plasma``: plasma flows and concentrations.
    subset : tuple of str
        Organs to keep; the others are lumped into the organ whose flow is ``"balance"``. By
        default all organs are kept.
    multipliers : mapping of str to Quantity [1]
        Factors of quantities of the body, for instance for an impairment: ``liver.Q = 0.8``,
        ``GFR = "0.3"``. They act as a link with ``mode = "multiply"``.
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
    """A blood pool: ``[pools.arterial]``, ``[pools.venous]``, or one pool ``[pools.blood]``.

    Parameters
    ----------
    volume : Quantity [L]
        Volume; ``<pool>.V`` in expressions.
    """

    volume: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganSpec:
    """One organ.

    Parameters
    ----------
    volume : Quantity [L], optional
        Volume; ``<organ>.V`` in expressions. Like every other key it is optional if the body's
        source (`BodySpec.source`) has the organ.
    flow : Quantity [L/time], optional
        Blood (or plasma, see `BodySpec.basis`) flow; ``<organ>.Q`` in expressions.
        ``"balance"`` is the cardiac output minus all other flows (one organ at most: the rest of
        the body). Not stated for an organ in series (the lung), which receives the whole output.
    flow_kind : {"total", "arterial"}
        For an organ with portal inflow: ``total`` (default): ``flow`` is the total outflow, and the
        arterial inflow is ``flow`` minus the portal flows; ``arterial``: ``flow`` is the arterial
        inflow.
    Kp, Kb, Kpu : Quantity [1], optional
        Partition coefficient: tissue to plasma, tissue to blood, or tissue to unbound plasma. State
        one of them; by default the method of ``[partition]`` gives ``Kp``.
    tissue : str, optional
        Tissue whose composition the method of ``[partition]`` uses; by default the organ's name.
    pH : Quantity [1], optional
        pH of the tissue's cells; ``<organ>.pH`` in expressions. It changes the ``Kp`` of acids and
        bases: by the partition method if it includes ionisation in cells, otherwise by the ratio of
        the ionised fractions (ion trapping) at this pH and at 7.0.
    model : {"perfusion", "permeability"}
        Well-stirred; or vascular, interstitial and cellular space, separated by a membrane.
    position : {"parallel", "series"}
        ``series``: between the venous and the arterial pool (the lung).
    drains_to : str, optional
        Organ that receives the outflow (``liver`` for portal organs) in place of the veins.
    fraction_vascular, fraction_interstitial : Quantity [1], optional
        Volume fractions for ``permeability``; the remainder is cellular.
    PS : Quantity [L/time], optional
        Permeability-surface product of the cell membrane.
    PS_capillary : Quantity [L/time], optional
        The same for the capillary wall; by default vascular and interstitial space are one.
    fu : Quantity [1], optional
        Unbound fraction in the tissue; by default ``fup / Kp``.
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
    """Lumping of several organs into one: ``slow = ["muscle", "skin"]`` in ``[lump]``.

    Volume and flow are sums, the partition coefficient is the volume-weighted mean, unless ``Kp``
    or ``Kb`` is stated.

    Parameters
    ----------
    organs : tuple of str
        Organs to lump; a list of names in place of the table is sufficient.
    Kp, Kb : Quantity [1], optional
        Partition coefficient of the lumped organ: tissue to plasma, or tissue to blood.
    """

    organs: tuple[str, ...]
    Kp: Quantity | None = None
    Kb: Quantity | None = None
