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
    ka : Quantity, optional
        First-order rate constant (``first-order``; for ``transit`` that of the last compartment, by
        default the transit rate).
    duration : Quantity, optional
        ``zero-order``: duration of the input.
    n : int, optional
        ``transit``: number of transit compartments.
    MTT : Quantity, optional
        ``transit``: mean transit time; the transit rate is (n + 1) / MTT.
    volume : Quantity, optional
        ``gut-lumen``: volume of the lumen fluid, L.
    PS : Quantity, optional
        ``gut-lumen``: permeability times surface of the gut wall, L per time unit.
    Rate constant of the transfer to the next segment for ``gut-lumen``; from the last segment the
        drug is lost in faeces.
    segments : int
        ``gut-lumen``: number of segments in series.
    bioavailability, lag : Quantity, optional
        Fraction of the dose that enters the route, and its lag time.
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
    CLint : Quantity, optional
        Linear clearance, L per time unit: rate = CLint times the driving concentration.
    Vmax, Km : Quantity, optional
        Saturable: rate = Vmax C / (Km + C) with the driving concentration C; amount per time and
        concentration.
    GFR : Quantity, optional
        Filtration: rate = fu GFR times the plasma concentration that enters the organ.
    fu : Quantity, optional
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
    bioavailability, lag : Quantity, optional
        ``F`` (default 1) and ``ALAG`` (default 0).
    rate, duration : Quantity, optional
        Infusion rate for RATE = -1 in the study, duration for RATE = -2.
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
    plasma_volume, interstitial_volume, lymph_volume : Quantity
        Volumes, L.
    lymph_flow : Quantity
        Total lymph flow, L per time unit.
    available : Quantity, optional
        Fraction of the interstitial fluid accessible to the antibody (Kp; 0.8 for IgG1).
    fraction_tight : Quantity, optional
        Share of the interstitial fluid in tight tissue; default 0.65.
    lymph_fraction_tight : Quantity, optional
        Share of the lymph flow through tight tissue; default 0.33.
    sigma_tight, sigma_leaky : Quantity
        Vascular reflection coefficients.
    sigma_lymph : Quantity, optional
        Lymphatic reflection coefficient; default 0.2.
    CL_plasma, CL_tissue : Quantity, optional
        Clearance from plasma, and from each tissue class, L per time unit.
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
