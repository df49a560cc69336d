"""One attempt to draw each subject of a virtual population.

Size is drawn first, then the organs around the values for that age, sex and size; fat is the
remainder of the weight (Willmann et al., J Pharmacokinet Pharmacodyn 2007;34:401-31).
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.physiology.body import FEMALE, MALE, Body, Organ
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.human_reference import BLOOD_DENSITY, HUMAN_ORGANS, human_reference
from pkqsp_bayes.physiology.ontogeny import ontogeny_factor, ontogeny_proteins
from pkqsp_bayes.physiology.population.draws import (
    correlate,
    correlation_matrix,
    standard_normals,
)
from pkqsp_bayes.physiology.population.settings import (
    Gene,
    PopulationSettings,
    correlated_names,
)
from pkqsp_bayes.physiology.size import body_mass_index

__all__ = [
    "SUBJECT_SOURCES",
    "Columns",
    "body_columns",
    "draw_subjects",
    "label_genotypes",
    "numbers_needed",
]

type FloatArray = NDArray[np.float64]
type Columns = dict[str, Any]

SUBJECT_SOURCES = (
    "height and body mass index: de la Grandmaison et al. 2001, as in Huisinga et al. 2012",
    "organ volumes: Willmann et al., J Pharmacokinet Pharmacodyn 2007;34:401-31",
    "specific blood flow, GFR: PK-Sim; enzymes, albumin, AAG: PK-Sim Ontogeny Database 7.3",
)

# Willmann 2007: CV of the rest of the body and of the blood; PK-Sim: of blood flow per kg of organ.
_REST_CV, _BLOOD_CV, _FLOW_CV = 0.05, 0.05, 0.05

# PK-Sim: SD 0.026708 of 0.11704 L/min; geometric SDs of its ontogeny database in adults.
_GFR_CV, _ALBUMIN_GSD, _AAG_GSD = 0.026708 / 0.11704, 1.177, 1.441

# Fat beyond three of Willmann's geometric SDs is considered impossible.
_FAT_FACTOR = 1.65**3

# Organs whose arterial flow is drawn: all except the lungs and the rest.
_PERFUSED = (*(name for name, organ in HUMAN_ORGANS.items() if organ.flow), "rest")


def numbers_needed(settings: PopulationSettings) -> int:
    """Return the number of uniform numbers per subject."""
    return 2 + len(settings.genes) + len(correlated_names(settings)) + len(_PERFUSED)


def draw_subjects(
    uniforms: FloatArray, settings: PopulationSettings
) -> tuple[Columns, NDArray[np.bool_]]:
    """Return columns of subjects, and which of them are possible and meet the criteria.

    Parameters
    ----------
    uniforms : array
        (subjects, `numbers_needed`), in (0, 1).
    settings : PopulationSettings
        Settings of the population.
    """
    age_u, sex_u, rest = uniforms[:, 0], uniforms[:, 1], uniforms[:, 2:]
    genotype_u, rest = np.split(rest, [len(settings.genes)], axis=1)
    z, flow_z = _normals(rest, settings)
    age = settings.age[0] + (settings.age[1] - settings.age[0]) * age_u
    sex = np.where(sex_u < settings.female, FEMALE, MALE)
    weight, height = _draw_size(age, sex, z, settings)
    usual = human_body(WT=weight, HT=height, AGE=age, SEX=sex)
    body = _draw_body(usual, z, flow_z)
    columns = {"AGE": age, "SEX": sex, "WT": weight, "HT": height}
    columns["BMI"] = body_mass_index(weight, height)
    columns |= body_columns(body)
    columns |= _draw_enzymes(age, z, genotype_u, settings)
    return columns, _possible(columns, body, usual, settings)


def _normals(
    uniforms: FloatArray, settings: PopulationSettings
) -> tuple[Mapping[str, FloatArray], FloatArray]:
    names = correlated_names(settings)
    normals = standard_normals(uniforms)
    drawn = correlate(normals[:, : len(names)], correlation_matrix(names, settings.correlations))
    return dict(zip(names, drawn.T, strict=True)), normals[:, len(names) :]


def _draw_size(
    age: FloatArray, sex: FloatArray, z: Mapping[str, FloatArray], settings: PopulationSettings
) -> tuple[FloatArray, FloatArray]:
    reference = human_reference(age, sex)
    height_cv, bmi_cv = (
        np.where(sex == MALE, male, female)
        for female, male in (settings.height_cv, settings.bmi_cv)
    )
    height = reference.height * (1.0 + height_cv * z["height"])
    # The reference person has the mean, not the median, of the body mass index.
    spread = np.log1p(bmi_cv**2)
    usual = body_mass_index(reference.weight, reference.height)
    index = usual * np.exp(np.sqrt(spread) * z["bmi"] - spread / 2.0)
    return index * (height / 100.0) ** 2, height


def _draw_body(usual: Body, z: Mapping[str, FloatArray], flow_z: FloatArray) -> Body:
    factor = {name: _volume_factor(name, z[name]) for name in usual.organs if name in z}
    blood = usual.blood_volume * (1.0 + _BLOOD_CV * z["blood"])
    others = sum(usual.organs[name].mass * f for name, f in factor.items())
    fat = usual.weight - others - blood * BLOOD_DENSITY
    factor["adipose"] = fat / usual.organs["adipose"].mass
    organs, output = _perfused(usual, factor, flow_z)
    share = usual.arterial_volume / usual.blood_volume
    return replace(
        usual,
        organs=organs,
        cardiac_output=output,
        arterial_volume=share * blood,
        venous_volume=(1.0 - share) * blood,
        gfr=usual.gfr * (1.0 + _GFR_CV * z["gfr"]),
        albumin=usual.albumin * _ALBUMIN_GSD ** z["albumin"],
        aag=usual.aag * _AAG_GSD ** z["aag"],
    )


def _volume_factor(name: str, z: FloatArray) -> FloatArray:
    """Return the factor of a volume: normal or lognormal, depending on the organ."""
    figures = HUMAN_ORGANS.get(name)
    if figures is not None and figures.volume_geometric_sd is not None:
        lognormal: FloatArray = figures.volume_geometric_sd**z
        return lognormal
    cv = _REST_CV if figures is None or figures.volume_cv is None else figures.volume_cv
    return 1.0 + cv * z


def _perfused(
    usual: Body, factor: Mapping[str, FloatArray], flow_z: FloatArray
) -> tuple[Mapping[str, Organ], FloatArray]:
    """Return organs with flows that follow from their size, and the resulting cardiac output."""
    arterial = {
        name: _arterial_flow(usual, name) * factor[name] * (1.0 + _FLOW_CV * z)
        for name, z in zip(_PERFUSED, flow_z.T, strict=True)
    }
    portal = sum(arterial[name] for name in usual.portal_organs)
    organs = {}
    for name, organ in usual.organs.items():
        flow = arterial.get(name)
        organs[name] = replace(
            organ,
            volume=organ.volume * factor[name],
            mass=organ.mass * factor[name],
            flow=flow + portal if name == "liver" else flow,
        )
    return organs, np.asarray(sum(arterial.values()))


def _arterial_flow(body: Body, name: str) -> FloatArray:
    portal = body.portal_organs if name == "liver" else ()
    return np.asarray(body.organs[name].flow - sum(body.organs[n].flow for n in portal))


def body_columns(body: Body) -> Columns:
    """Return the figures of a body by column."""
    columns: Columns = {}
    for name, organ in body.organs.items():
        columns[f"{name}.V"] = organ.volume
        if organ.flow is not None:
            columns[f"{name}.Q"] = organ.flow
    whole = ("arterial_volume", "venous_volume", "cardiac_output", "haematocrit")
    return columns | {name: getattr(body, name) for name in (*whole, "gfr", "albumin", "aag")}


def _draw_enzymes(
    age: FloatArray,
    z: Mapping[str, FloatArray],
    genotype_u: FloatArray,
    settings: PopulationSettings,
) -> Columns:
    """Return enzyme abundances with ontogeny and genotype, and genotypes as numbers."""
    known = ontogeny_proteins("pksim")
    columns: Columns = {}
    for name, spread in settings.enzymes.items():
        mature = ontogeny_factor(name, age) if name in known else 1.0
        columns[name] = mature * spread ** z[name]
    for (name, gene), u in zip(settings.genes.items(), genotype_u.T, strict=True):
        bounds = np.cumsum(list(gene.frequencies.values()))
        columns[name] = np.minimum(np.searchsorted(bounds, u), len(bounds) - 1)
        if gene.enzyme:
            columns[gene.enzyme] = columns[gene.enzyme] * _activities(gene)[columns[name]]
    return columns


def _activities(gene: Gene) -> FloatArray:
    return np.array([gene.activity.get(genotype, 1.0) for genotype in gene.frequencies])


def label_genotypes(columns: Columns, settings: PopulationSettings) -> Columns:
    """Return the columns with names of genotypes in place of numbers."""
    labelled = {
        name: pd.Categorical.from_codes(columns[name], categories=pd.Index([*gene.frequencies]))
        for name, gene in settings.genes.items()
    }
    return {**columns, **labelled}


def _possible(
    columns: Columns, body: Body, usual: Body, settings: PopulationSettings
) -> NDArray[np.bool_]:
    fat = body.organs["adipose"].mass / usual.organs["adipose"].mass
    accepted = (fat > 1.0 / _FAT_FACTOR) & (fat < _FAT_FACTOR) & (columns["gfr"] > 0.0)
    for name in body.organs:
        accepted &= (columns[f"{name}.V"] > 0.0) & (columns.get(f"{name}.Q", math.inf) > 0.0)
    ranges = {"WT": settings.weight, "HT": settings.height, "BMI": settings.bmi}
    for name, (low, high) in ranges.items():
        accepted &= (columns[name] >= low) & (columns[name] <= high)
    return np.asarray(accepted)
