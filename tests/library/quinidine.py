"""What the quinidine model comes to in closed form, written by hand.

Well-stirred organs: what enters an organ leaves it with blood, or is eliminated there. Oral doses
enter the liver, so that what the liver takes appears in the apparent clearance as ``fu CLint``, and
what the kidneys take is magnified by the first pass.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

import pkqsp_bayes as pq
from pkqsp_bayes.physiology.body import Body

__all__ = ["Patient", "bioavailability", "oral_clearance", "unbound", "volume"]

FUP, REFERENCE, RED_CELLS, PASSED = 0.197, 0.8, 4.16, 0.85

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Weight (kg), height (cm), age (years); creatinine class, 1 for 50 mL/min or more."""

    WT: ArrayLike
    HT: ArrayLike
    AGE: ArrayLike
    CRCL: ArrayLike

    def body(self) -> Body:
        return pq.reference_body("human", WT=self.WT, HT=self.HT, AGE=self.AGE, SEX=1.0)


def unbound(AAG: ArrayLike, share: ArrayLike) -> FloatArray:
    """Return fu: AAG binds its share of the bound drug in proportion, the rest does not change."""
    bound, part = (1 - FUP) / FUP, np.asarray(share, dtype=float)
    return 1 / (1 + bound * (1 - part + part * np.asarray(AAG) / REFERENCE))


def oral_clearance(
    patient: Patient, *, AAG: ArrayLike, CLint: ArrayLike, share: ArrayLike
) -> FloatArray:
    """Return dose over area under the plasma curve, L/h."""
    body, fu = patient.body(), unbound(AAG, share)
    blood = 1 + body.haematocrit * (RED_CELLS * fu - 1)
    liver, kidneys = body.organs["liver"].flow, body.organs["kidneys"].flow
    gfr = body.gfr * (0.375 + 0.625 * np.asarray(patient.CRCL))
    left = (kidneys - fu / blood * gfr) / (kidneys + 2 * gfr * fu / blood)
    renal = kidneys * (1 - left) * blood
    hepatic = fu * np.asarray(CLint)
    return (hepatic + renal * (1 + hepatic / blood / liver)) / PASSED


def bioavailability(
    patient: Patient, *, AAG: ArrayLike, CLint: ArrayLike, share: ArrayLike
) -> FloatArray:
    """Return what the gut wall and the liver let through."""
    body, fu = patient.body(), unbound(AAG, share)
    blood = 1 + body.haematocrit * (RED_CELLS * fu - 1)
    flow = body.organs["liver"].flow
    return PASSED * flow / (flow + np.asarray(CLint) * fu / blood)


def volume(patient: Patient, *, AAG: ArrayLike, share: ArrayLike, scale: ArrayLike) -> FloatArray:
    """Return the volume of distribution in plasma, L."""
    body, fu = patient.body(), unbound(AAG, share)
    blood = 1 + body.haematocrit * (RED_CELLS * fu - 1)
    chemistry = pq.DrugChemistry(logP=2.3, fup=1.0, BP=RED_CELLS, haematocrit=1.0, pKa_base=(8.6,))
    kpu = pq.kp_table(chemistry)["rodgers-rowland"]
    tissue = sum(organ.volume * kpu[name] for name, organ in body.organs.items())
    return blood * 5.3 * np.asarray(patient.WT) / 73 + np.asarray(scale) * fu * tissue
