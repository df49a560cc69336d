"""Settings of a virtual population, and their checks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from pkqsp_bayes.arguments import TEXT, instance, mapping, number, record, sequence
from pkqsp_bayes.arguments.rule import shown, simple
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.physiology.human_reference import HUMAN_ORGANS
from pkqsp_bayes.physiology.population.draws import correlation_matrix
from pkqsp_bayes.physiology.tables import read_table
from pkqsp_bayes.spec.identifiers import suggest

__all__ = [
    "POPULATION",
    "Gene",
    "PopulationSettings",
    "correlated_names",
    "examine_settings",
    "hardy_weinberg",
]

type Range = tuple[float, float]

_ANY: Range = (0.0, math.inf)
_CLOSURE = 1e-9


def _enzyme_spread() -> Mapping[str, float]:
    """Return geometric SDs of liver enzymes in adults (PK-Sim Ontogeny Database 7.3)."""
    rows = [row for row in read_table("ontogeny_hill") if row["organ"] == "liver"]
    return {row["protein"]: float(row["geometric_sd"]) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gene:
    """Genotypes of one gene.

    Parameters
    ----------
    frequencies : mapping of str to float
        Frequency of each genotype; the sum is one. `hardy_weinberg` computes them from alleles.
    enzyme : str
        Column whose abundance the genotype multiplies; empty if there is none.
    activity : mapping of str to float
        Activity by genotype; 1 for those that are not named.
    """

    frequencies: Mapping[str, float]
    enzyme: str = ""
    activity: Mapping[str, float] = field(default_factory=dict)


def hardy_weinberg(alleles: Mapping[str, float]) -> Mapping[str, float]:
    """Return frequencies of genotypes ``a/b`` in Hardy-Weinberg equilibrium from those of alleles.

    Examples
    --------
    >>> hardy_weinberg({"*1": 0.75, "*3": 0.25})
    {'*1/*1': 0.5625, '*1/*3': 0.375, '*3/*3': 0.0625}
    """
    names = list(alleles)
    return {
        f"{a}/{b}": alleles[a] * alleles[b] * (1.0 if a == b else 2.0)
        for i, a in enumerate(names)
        for b in names[i:]
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationSettings:
    """Demography, inclusion criteria and variability of a virtual population.

    Parameters
    ----------
    age : (low, high)
        Years, uniform.
    female : float
        Fraction of women.
    weight, height, bmi : (low, high)
        Inclusion criteria: kg, cm, kg/m2.
    height_cv, bmi_cv : (female, male)
        Height is normal, body mass index lognormal, around the reference person of the age. By
        default those of de la Grandmaison et al. 2001 as in Huisinga et al. 2012: 7.5 cm of 161
        and 172 cm; 4.5 of 22.5 and 3.3 of 22.8 kg/m2.
    enzymes : mapping of str to float
        Geometric SD of abundance among individuals of one age.
    genes : mapping of str to Gene
        Genes by the name of the column.
    correlations : mapping of (str, str) to float
        Between height, bmi, organ volumes, blood, gfr, albumin, aag and enzymes, on the scale where
        each is normal.
    weight_cv : float
        CV of the weight of animals (lognormal); it has no known source.
    """

    age: Range = (20.0, 50.0)
    female: float = 0.5
    weight: Range = _ANY
    height: Range = _ANY
    bmi: Range = _ANY
    height_cv: tuple[float, float] = (7.5 / 161.0, 7.5 / 172.0)
    bmi_cv: tuple[float, float] = (4.5 / 22.5, 3.3 / 22.8)
    enzymes: Mapping[str, float] = field(default_factory=_enzyme_spread)
    genes: Mapping[str, Gene] = field(default_factory=dict)
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    weight_cv: float = 0.0


def correlated_names(settings: PopulationSettings) -> tuple[str, ...]:
    """Return the quantities that can be correlated, in the order of drawing."""
    organs = [name for name in HUMAN_ORGANS if name != "adipose"]
    return ("height", "bmi", *organs, "rest", "blood", "gfr", "albumin", "aag", *settings.enzymes)


def examine_settings(settings: PopulationSettings) -> list[Issue]:
    """Return all problems of the settings."""
    issues: list[Issue] = []
    if not 0.0 <= settings.female <= 1.0:
        issues.append(_issue("female", f"share {settings.female:g}", "it must be from 0 to 1"))
    for name in ("age", "weight", "height", "bmi"):
        low, high = getattr(settings, name)
        if not 0.0 <= low <= high:
            issues.append(
                _issue(name, f"from {low:g} to {high:g}", "it must be at least 0, and not decrease")
            )
    for name, spread in settings.enzymes.items():
        if not spread >= 1.0:
            what = f"geometric SD {spread:g}"
            issues.append(_issue(f"enzymes.{name}", what, "it must be 1 (no variability) or more"))
    for name, gene in settings.genes.items():
        issues += _gene_issues(f"genes.{name}", gene, settings)
    return issues + _correlation_issues(settings)


def _gene_issues(where: str, gene: Gene, settings: PopulationSettings) -> list[Issue]:
    issues = []
    total = sum(gene.frequencies.values())
    if any(f < 0.0 for f in gene.frequencies.values()) or abs(total - 1.0) > _CLOSURE:
        what = f"the frequencies add up to {total:g}"
        issues.append(_issue(where, what, "they must be 0 or more and add up to 1"))
    if gene.enzyme and gene.enzyme not in settings.enzymes:
        what = f"enzyme {gene.enzyme!r} is not in the population"
        issues.append(_issue(where, what, suggest(gene.enzyme, sorted(settings.enzymes))))
    for genotype, factor in gene.activity.items():
        if genotype not in gene.frequencies:
            remedy = suggest(genotype, sorted(gene.frequencies))
            issues.append(_issue(where, f"genotype {genotype!r} has no frequency", remedy))
        if not factor >= 0.0:
            issues.append(
                _issue(where, f"activity {factor:g} of {genotype!r}", "it must be 0 or more")
            )
    return issues


def _correlation_issues(settings: PopulationSettings) -> list[Issue]:
    names = correlated_names(settings)
    issues = [
        _issue("correlations", f"{name!r} is not drawn", suggest(name, sorted(names)))
        for pair in settings.correlations
        for name in pair
        if name not in names
    ]
    if issues:
        return issues
    matrix = correlation_matrix(names, settings.correlations)
    if np.linalg.eigvalsh(matrix)[0] <= 0.0:
        what = "the matrix of all correlations is not positive definite"
        issues.append(
            _issue("correlations", what, "use smaller correlations, or state more of them")
        )
    return issues


def _issue(where: str, what: str, remedy: str) -> Issue:
    return Issue(where=f"population.{where}", what=what, remedy=remedy)


def _no_range(value: object) -> str | None:
    """Return why a value is not a pair of numbers; the upper one may be infinite."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return f"it is {shown(value)}, not a pair"
    wrong = [v for v in value if isinstance(v, bool) or not isinstance(v, Real) or math.isnan(v)]
    return f"{shown(wrong[0])} is not a number" if wrong else None


_RANGE = simple("give (low, high)", _no_range)
_SPREAD = sequence(number(least=0.0), least=2, wanted="give (female, male)")
_NUMBERS = mapping(number(), wanted="give a mapping of names to numbers")
_GENE = record(Gene, frequencies=_NUMBERS, enzyme=TEXT, activity=_NUMBERS)

POPULATION = record(
    PopulationSettings,
    age=_RANGE,
    female=number(),
    weight=_RANGE,
    height=_RANGE,
    bmi=_RANGE,
    height_cv=_SPREAD,
    bmi_cv=_SPREAD,
    enzymes=_NUMBERS,
    weight_cv=number(least=0.0),
    genes=mapping(_GENE, wanted="give a mapping of names to Genes"),
    correlations=instance(Mapping, wanted="give a mapping of pairs of names to numbers"),
)
"""Rules of the fields; `examine_settings` checks the rest."""
