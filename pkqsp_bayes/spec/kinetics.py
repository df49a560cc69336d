"""Absorption, elimination, dosing compartments and antibody disposition."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["AbsorptionSpec", "AntibodySpec", "DoseSpec", "EliminationSpec"]

# Cao, Balthasar & Jusko 2013 (see AntibodySpec).
_SIGMA_LYMPH = Quantity(value=0.2)
_AVAILABLE = Quantity(value=0.8)
_FRACTION_TIGHT = Quantity(value=0.65)
_LYMPH_FRACTION_TIGHT = Quantity(value=0.33)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorptionSpec:
    """One absorption route, ``[absorption.<route>]``, which is also a dosing compartment.

    Parameters
    ----------
    kind : {"first-order", "zero-order", "transit", "gut-lumen"}
        The mechanism.
    into : str
        The organ or pool that receives the drug.
    ka : Quantity [1/time], optional
        First-order rate constant (``first-order``; for ``transit`` that of the last compartment, by
        default the transit rate).
    duration : Quantity [time], optional
        ``zero-order``: duration of the input.
    n : int, optional
        ``transit``: number of transit compartments.
    MTT : Quantity [time], optional
        ``transit``: mean transit time; the transit rate is (n + 1) / MTT.
    volume : Quantity [L], optional
        ``gut-lumen``: volume of the lumen fluid.
    PS : Quantity [L/time], optional
        ``gut-lumen``: permeability times surface of the gut wall.
    k_transit : Quantity [1/time], optional
        ``gut-lumen``: rate constant of the transfer to the next segment; from the last segment
        the drug is lost in faeces. By default no drug is lost.
    segments : int
        ``gut-lumen``: number of segments in series.
    bioavailability : Quantity [1], optional
        Fraction of the dose that enters the route. By default 1.
    lag : Quantity [time], optional
        Lag time of the dose. By default 0.
    """

    kind: Literal["first-order", "zero-order", "transit", "gut-lumen"] = "first-order"
    into: str
    ka: Quantity | None = None
    duration: Quantity | None = None
    n: int | None = None
    MTT: Quantity | None = None
    volume: Quantity | None = None
    PS: Quantity | None = None
    k_transit: Quantity | None = None
    segments: int = 1
    bioavailability: Quantity | None = None
    lag: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EliminationSpec:
    """One elimination pathway, ``[elimination.<organ>]`` or ``[elimination.<name>]``.

    Parameters
    ----------
    organ : str, optional
        Organ or pool of the elimination; by default the name of the table.
    CLint : Quantity [L/time], optional
        Linear clearance: rate = CLint times the driving concentration.
    Vmax : Quantity [amount/time], optional
        Saturable: rate = Vmax C / (Km + C) with the driving concentration C.
    Km : Quantity [amount/L], optional
        Driving concentration at half of ``Vmax``.
    GFR : Quantity [L/time], optional
        Filtration: rate = fu GFR times the plasma concentration that enters the organ.
    fu : Quantity [1], optional
        Unbound fraction for filtration; by default the drug's ``fup``.
    driving : {"tissue", "unbound", "emergent"}
        ``tissue`` (default): total concentration C of the organ. ``unbound``: unbound
        concentration, C fup / Kp. ``emergent``: concentration in the blood that leaves, C / Kb.
        In a pool ``tissue`` and ``emergent`` are the pool's concentration.
    """

    organ: str | None = None
    CLint: Quantity | None = None
    Vmax: Quantity | None = None
    Km: Quantity | None = None
    GFR: Quantity | None = None
    fu: Quantity | None = None
    driving: Literal["tissue", "unbound", "emergent"] = "tissue"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseSpec:
    """A dosing compartment, ``[dose.<name>]``; CMT in the study is its name or number.

    By default the ``[dose.*]`` are numbered in the order of the file, followed by the absorption
    routes without a ``[dose.*]``; ``cmt`` overrides the number.

    Parameters
    ----------
    to : str
        Organ, pool, absorption route, or state that receives the dose.
    bioavailability : Quantity [1], optional
        Fraction of the dose that enters, NONMEM's F. By default 1.
    lag : Quantity [time], optional
        Lag time of the dose, NONMEM's ALAG. By default 0.
    rate : Quantity [amount/time], optional
        Infusion rate for RATE = -1 in the study.
    duration : Quantity [time], optional
        Infusion duration for RATE = -2 in the study.
    unit : str, optional
        Unit of amounts for this compartment; by default the model's ``amount_unit``. AMT is
        converted from the unit in its header; without a unit it is taken to be in this unit.
    cmt : int, optional
        Number of this compartment in CMT.
    """

    to: str
    bioavailability: Quantity | None = None
    lag: Quantity | None = None
    rate: Quantity | None = None
    duration: Quantity | None = None
    unit: str | None = None
    cmt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AntibodySpec:
    """Minimal PBPK of an antibody: plasma, tight and leaky tissue, lymph.

    Cao, Balthasar & Jusko, J Pharmacokinet Pharmacodyn 2013;40:597-607. States ``plasma.C``,
    ``tight.C``, ``leaky.C``, ``lymph.C``; the dosing compartment is ``plasma``.

    Parameters
    ----------
    plasma_volume, interstitial_volume, lymph_volume : Quantity [L]
        Volume of plasma, of the interstitial fluid, and of lymph.
    lymph_flow : Quantity [L/time]
        Total lymph flow.
    sigma_tight, sigma_leaky : Quantity [1]
        Vascular reflection coefficient of tight and of leaky tissue.
    sigma_lymph : Quantity [1]
        Lymphatic reflection coefficient.
    available : Quantity [1]
        Fraction of the interstitial fluid accessible to the antibody (Kp; 0.8 for IgG1).
    fraction_tight : Quantity [1]
        Share of the interstitial fluid in tight tissue.
    lymph_fraction_tight : Quantity [1]
        Share of the lymph flow through tight tissue.
    CL_plasma, CL_tissue : Quantity [L/time], optional
        Clearance from plasma, and from each tissue class. By default 0.
    """

    plasma_volume: Quantity
    interstitial_volume: Quantity
    lymph_volume: Quantity
    lymph_flow: Quantity
    sigma_tight: Quantity
    sigma_leaky: Quantity
    sigma_lymph: Quantity = _SIGMA_LYMPH
    available: Quantity = _AVAILABLE
    fraction_tight: Quantity = _FRACTION_TIGHT
    lymph_fraction_tight: Quantity = _LYMPH_FRACTION_TIGHT
    CL_plasma: Quantity | None = None
    CL_tissue: Quantity | None = None
