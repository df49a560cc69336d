"""A design with enough data for each library model without a study of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pkqsp_bayes.fitting.sampling.settings import Begin
from pkqsp_bayes.library import load_model
from pkqsp_bayes.study.simulated import Dose, regimen
from pkqsp_bayes.study.study import Study

__all__ = ["DESIGNS", "SUBJECTS", "GalleryDesign", "planned_study"]

SUBJECTS = 24
_FEW = SUBJECTS // 2
_DAY = (0.25, 0.5, 1, 2, 4, 8, 12, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryDesign:
    """Doses and samples of all subjects.

    Parameters
    ----------
    text : str
        The design in words.
    doses : Dose or sequence of Dose
        Doses; an amount per subject is allowed.
    times : sequence of float
        Times of the samples of each output, in hours.
    covariates : mapping of str to array
        Values by subject.
    subjects : int
        Number of subjects; fewer where the model is slow.
    stratify : str, optional
        Covariate with one panel of the predictive check for each value.
    begin : {"priors", "estimate"}
        Where the chains begin.
    """

    text: str
    doses: Dose | Sequence[Dose]
    times: Sequence[float]
    covariates: Mapping[str, Any] = field(default_factory=dict)
    subjects: int = SUBJECTS
    stratify: str | None = None
    begin: Begin = "priors"


def _weights(subjects: int = SUBJECTS) -> dict[str, np.ndarray]:
    return {"WT": np.linspace(50.0, 100.0, subjects)}


_IL6_DOSES = np.linspace(10.0, 150.0, _FEW)
_TWO_LEVELS = (10.0, 300.0)

DESIGNS: Mapping[str, GalleryDesign] = {
    "two-compartment": GalleryDesign(
        text="a bolus of 100 mg, 8 samples over 48 h",
        doses=Dose(amount=100.0),
        times=(0.1, 0.5, 1, 2, 4, 8, 24, 48),
    ),
    "transit-absorption": GalleryDesign(
        text="an oral dose of 100 mg, 8 samples over 24 h", doses=Dose(amount=100.0), times=_DAY
    ),
    "permeability-limited": GalleryDesign(
        text="an infusion of 25 mg over 20 min, 8 samples over 24 h",
        doses=Dose(amount=25.0, duration=1 / 3),
        times=_DAY,
        covariates=_weights(),
    ),
    "time-varying": GalleryDesign(
        text="an oral dose of 100 mg every 24 h for 5 days while CRP falls; 10 samples",
        doses=Dose(amount=100.0, n=5, interval=24.0, to="oral"),
        times=(1, 3, 8, 23, 49, 56, 71, 97, 104, 119),
        covariates={"CRP": np.zeros(SUBJECTS), "ALB": np.linspace(25.0, 45.0, SUBJECTS)},
    ),
    "midazolam": GalleryDesign(
        text="an oral dose of 5 mg, an intravenous one of 2 mg a day later, 16 samples",
        doses=(Dose(amount=5.0, to="oral"), Dose(amount=2.0, time=24.0, to="iv")),
        times=(*_DAY[:-1], 23.9, *(24 + t for t in _DAY)),
        covariates=_weights(),
    ),
    "tmdd-antibody": GalleryDesign(
        text="an infusion of 10 or 300 mg, 8 samples of drug and of total target over 6 weeks",
        doses=Dose(amount=np.repeat(_TWO_LEVELS, _FEW // 2), duration=1.0),
        times=(1.5, 8, 24, 72, 168, 336, 672, 1008),
        covariates={"DOSE": np.repeat(_TWO_LEVELS, _FEW // 2)},
        subjects=_FEW,
        stratify="DOSE",
    ),
    "mab-tmdd": GalleryDesign(
        text="an infusion of 10 or 300 mg, 8 samples of drug and of total target over 6 weeks",
        doses=Dose(amount=np.repeat(_TWO_LEVELS, SUBJECTS // 2), duration=1.0),
        times=(1.5, 8, 24, 72, 168, 336, 672, 1008),
        covariates={"DOSE": np.repeat(_TWO_LEVELS, SUBJECTS // 2)},
        stratify="DOSE",
    ),
    "myelosuppression": GalleryDesign(
        text="an infusion of 100 mg over 1 h, 10 white blood cell counts over 5 weeks",
        doses=Dose(amount=100.0, duration=1.0),
        times=(0, 48, 96, 144, 192, 240, 312, 408, 600, 840),
        begin="estimate",
    ),
    "il6-cyp3a4": GalleryDesign(
        text="3 days of inflammation, 5 mg of oral midazolam before, during and after it, and 2 mg "
        "intravenously before it",
        doses=(
            Dose(
                amount=_IL6_DOSES,
                time=24.0,
                duration=72.0,
                to="inflammation",
            ),
            Dose(amount=5.0, to="oral"),
            Dose(amount=2.0, time=12.0, to="iv"),
            Dose(amount=5.0, time=72.0, to="oral"),
            Dose(amount=5.0, time=240.0, to="oral"),
        ),
        times=tuple(s + t for s in (0.0, 12.0, 72.0, 240.0) for t in (0.5, 1, 3, 8)),
        covariates={**_weights(_FEW), "IL6": np.full(_FEW, 4.0)},
        subjects=_FEW,
    ),
}


def planned_study(name: str) -> Study:
    """Return the doses and samples of a design, before anything is measured.

    Parameters
    ----------
    name : str
        Name of a library model.
    """
    design, model = DESIGNS[name], load_model(name)
    outputs = [key for key, observed in model.observe.items() if observed.error is not None]
    study = regimen(
        design.doses, design.times, subjects=design.subjects, covariates=dict(design.covariates),
        outputs=outputs if len(outputs) > 1 else [""],
    )  # fmt: skip
    return _falling(study) if name == "time-varying" else study


def _falling(study: Study) -> Study:
    """Let CRP fall from 20 to 200 mg/L by half every two days, as after surgery."""
    peak = pd.Series(np.geomspace(20.0, 200.0, SUBJECTS), index=study.subjects)
    crp = study.table["ID"].map(peak) * 0.5 ** (study.table["TIME"] / 48.0)
    return Study(
        table=study.table.assign(CRP=crp.to_numpy()), source=study.source,
        covariates=study.covariates, units=study.units,
    )  # fmt: skip
