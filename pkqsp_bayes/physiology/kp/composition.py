"""Tissue compositions: one named set of figures per source."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, fields

from pkqsp_bayes.physiology.organ_names import canonical_organ
from pkqsp_bayes.physiology.tables import read_table, table_sources
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["Composition", "Tissue", "composition_names", "load_composition"]

# Not organs: the methods compare the tissues with them.
_FLUIDS = frozenset({"plasma", "erythrocytes"})

# Sources with one gut use it for all its parts; organs without figures use a similar organ.
_STAND_INS = {
    "stomach": "gut",
    "small_intestine": "gut",
    "large_intestine": "gut",
    "gut": "small_intestine",
    "pancreas": "spleen",
    "thymus": "spleen",
    "rest": "muscle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """Composition of one tissue as fractions of its volume unless stated otherwise; NaN if unknown.

    Parameters
    ----------
    water, lipid, protein : float
        Totals.
    neutral_lipid, phospholipid, neutral_phospholipid, acidic_phospholipid : float
        Classes of lipid; `phospholipid` is the sum of neutral and acidic ones.
    acidic_phospholipid_mg_per_g : float
        Concentration, mg/g tissue.
    extracellular_water, intracellular_water : float
        Distribution of the water.
    albumin_ratio, lipoprotein_ratio : float
        Ratio of the concentrations in tissue and plasma.
    binding_ratio : float
        Ratio of the binding sites in tissue and plasma, over all proteins.
    pH : float
        pH of the tissue's water.
    cell_pH : float
        pH of the intracellular water, if the source distinguishes the two waters.
    """

    water: float
    lipid: float
    protein: float
    neutral_lipid: float
    phospholipid: float
    neutral_phospholipid: float
    acidic_phospholipid: float
    acidic_phospholipid_mg_per_g: float
    extracellular_water: float
    intracellular_water: float
    albumin_ratio: float
    lipoprotein_ratio: float
    binding_ratio: float
    pH: float
    cell_pH: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Tissue compositions of one source.

    Parameters
    ----------
    name, species, citation, status : str
        Origin of the figures.
    rows : mapping of str to Tissue
        Tissues by name (`pkqsp_bayes.physiology.organ_names`); also ``plasma`` and
        ``erythrocytes``.
    """

    name: str
    species: str
    citation: str
    status: str
    rows: Mapping[str, Tissue]

    @property
    def tissues(self) -> tuple[str, ...]:
        """Names of the tissues that the source describes."""
        return tuple(name for name in self.rows if name not in _FLUIDS)

    def source_tissue(self, name: str) -> str:
        """Return the tissue whose figures apply to an organ: its own, or those of a substitute.

        Raises
        ------
        ValueError
            If there is no such tissue.

        Examples
        --------
        >>> load_composition("poulin-theil-human").source_tissue("stomach")
        'gut'
        """
        wanted = canonical_organ(name)
        for candidate in (wanted, _STAND_INS.get(wanted, "")):
            if candidate in self.rows:
                return candidate
        remedy = suggest(wanted, sorted([*self.tissues, *_STAND_INS]))
        raise ValueError(f"tissue {name!r} is not in composition {self.name!r}: {remedy}")

    def tissue(self, name: str) -> Tissue:
        """Return the figures of an organ.

        Raises
        ------
        ValueError
            If the tissue is unknown.
        """
        return self.rows[self.source_tissue(name)]


def composition_names() -> tuple[str, ...]:
    """Return the names of all tissue compositions.

    Examples
    --------
    >>> "pksim-schmitt" in composition_names()
    True
    """
    return tuple(table_sources()["composition"]["sets"])


@functools.cache
def load_composition(name: str) -> Composition:
    """Return a set of tissue compositions.

    Parameters
    ----------
    name : str
        One of `composition_names`.

    Raises
    ------
    ValueError
        If there is no such set.

    Examples
    --------
    >>> load_composition("rodgers-rowland-2006").tissue("kidney").extracellular_water
    0.273
    """
    if name not in composition_names():
        raise ValueError(
            f"composition {name!r} is unknown: {suggest(name, sorted(composition_names()))}"
        )
    about = table_sources()["composition"]["sets"][name]
    rows = {row["tissue"]: _tissue(row) for row in read_table("composition") if row["set"] == name}
    return Composition(
        name=name,
        species=about["species"],
        citation=about["citation"],
        status=about["status"],
        rows=rows,
    )


def _tissue(row: Mapping[str, str]) -> Tissue:
    return Tissue(**{f.name: float(row[f.name] or "nan") for f in fields(Tissue)})
