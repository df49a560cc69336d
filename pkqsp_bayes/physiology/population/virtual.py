"""Virtual populations: subjects whose organs, flows and proteins vary as in the sources.

A subject with an impossible body, or outside the inclusion criteria, is drawn again; values are
never clipped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from pkqsp_bayes.arguments import SEED, TEXT, checked, count
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.physiology.population.draws import standard_normals, subject_uniforms
from pkqsp_bayes.physiology.population.settings import (
    POPULATION,
    PopulationSettings,
    examine_settings,
)
from pkqsp_bayes.physiology.population.subjects import (
    SUBJECT_SOURCES,
    Columns,
    body_columns,
    draw_subjects,
    label_genotypes,
    numbers_needed,
)
from pkqsp_bayes.physiology.species import reference_body

__all__ = ["virtual_population"]

_MOST_ATTEMPTS = 200

_UNITS = {"AGE": "year", "WT": "kg", "HT": "cm", "BMI": "kg/m^2", "cardiac_output": "L/h"}
_UNITS |= {"gfr": "L/h", "albumin": "g/L", "aag": "g/L"}
_UNITS |= {"arterial_volume": "L", "venous_volume": "L"}


def _together(given: Mapping[str, Any]) -> list[Issue]:
    if "settings" not in given:
        return []
    settings = given["settings"] or PopulationSettings()
    return examine_settings(settings) or list(_unused(given.get("species", "human"), settings))


def _unused(species: str, settings: PopulationSettings) -> Iterator[Issue]:
    """Yield an issue for each setting that has no effect in a species."""
    human, usual = species == "human", PopulationSettings()
    for field in fields(settings):
        stated = getattr(settings, field.name) != getattr(usual, field.name)
        if stated and human == (field.name == "weight_cv"):
            what = "the weight of humans follows from height and BMI" if human else (
                f"a {species} has no such variability; its weight alone varies"
            )  # fmt: skip
            yield Issue(where=f"population.{field.name}", what=what, remedy="leave it out")


@checked(_together, n=count(), seed=SEED, species=TEXT, settings=POPULATION, first=count(0))
def virtual_population(
    n: int,
    seed: int,
    *,
    species: str = "human",
    settings: PopulationSettings | None = None,
    first: int = 0,
) -> pd.DataFrame:
    """Return virtual subjects, one per row.

    Parameters
    ----------
    n : int
        Number of subjects.
    seed : int
        Seed; the same seed gives the same subjects, also in chunks.
    species : str
        Species; in animals only weight varies, by ``settings.weight_cv``.
    settings : PopulationSettings, optional
        Demography and variability.
    first : int
        Number of the first subject: the rows of a chunk equal those of the whole population.

    Returns
    -------
    pandas.DataFrame
        AGE, SEX (0 female, 1 male), WT, HT, BMI, ``<organ>.V``, ``<organ>.Q``, the pools,
        ``cardiac_output``, ``haematocrit``, ``gfr``, ``albumin``, ``aag``, enzymes as fractions of
        an adult's median, genotypes; units by column in ``attrs["units"]``, citations in
        ``attrs["sources"]``.

    Raises
    ------
    CheckError
        With all problems of the settings, or if almost no subject meets the criteria.

    Examples
    --------
    >>> subjects = virtual_population(3, seed=1)
    >>> subjects.index.tolist(), subjects.attrs["units"]["liver.V"]
    ([0, 1, 2], 'L')
    """
    chosen = settings or PopulationSettings()
    reference = reference_body(species)
    human = species == "human"
    columns = (
        _draw_humans(n, seed, first, chosen)
        if human
        else _draw_animals(species, n, seed, first, chosen)
    )
    frame = pd.DataFrame(columns, index=pd.RangeIndex(first, first + n, name="subject"))
    frame.attrs["units"] = {name: _unit(name) for name in frame.columns}
    frame.attrs["seed"] = seed
    frame.attrs["sources"] = reference.sources + (SUBJECT_SOURCES if human else ())
    return frame


def _draw_humans(n: int, seed: int, first: int, settings: PopulationSettings) -> Columns:
    """Draw until all subjects are possible; each attempt draws the impossible ones again."""
    result: Columns = {}
    missing = np.arange(n)
    size = numbers_needed(settings)
    for attempt in range(_MOST_ATTEMPTS):
        uniforms = subject_uniforms(seed, attempt, first, n, size)[missing]
        columns, accepted = draw_subjects(uniforms, settings)
        for name, values in columns.items():
            whole = result.setdefault(name, np.empty(n, dtype=values.dtype))
            whole[missing[accepted]] = values[accepted]
        missing = missing[~accepted]
        if not missing.size:
            return label_genotypes(result, settings)
    what = (
        f"{missing.size} of {n} subjects do not meet the criteria after {_MOST_ATTEMPTS} attempts"
    )
    raise CheckError([Issue(where="population", what=what, remedy="widen the ranges")])


def _draw_animals(
    species: str, n: int, seed: int, first: int, settings: PopulationSettings
) -> Columns:
    spread = np.log1p(settings.weight_cv**2)
    z = standard_normals(subject_uniforms(seed, 0, first, n, 1))[:, 0]
    usual = reference_body(species).weight
    weight = usual * np.exp(np.sqrt(spread) * z - spread / 2.0)
    columns = {"WT": weight, **body_columns(reference_body(species, WT=weight))}
    return {name: np.broadcast_to(values, n) for name, values in columns.items()}


def _unit(column: str) -> str:
    if column.endswith(".V"):
        return "L"
    return "L/h" if column.endswith(".Q") else _UNITS.get(column, "")
