"""Priors as data: a family and its numbers, and tables of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PriorEntry", "PriorSpec", "PriorTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSpec:
    """One prior distribution, as text ``lognormal(log(20), 0.5)`` in a model file.

    Parameters
    ----------
    family : str
        A name of `pkqsp_bayes.spec.prior_grammar.FAMILIES`.
    args : tuple of float
        Its arguments, evaluated.
    text : str
        The text that the user wrote; it only serves to write the same text again, and does not
        take part in comparisons.
    """

    family: str
    args: tuple[float, ...] = ()
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the text of the prior grammar."""
        return self.text or f"{self.family}({', '.join(repr(a) for a in self.args)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorEntry:
    """A prior with the account of where it came from."""

    prior: PriorSpec
    provenance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorTable:
    """Priors by parameter name, apart from the model: what elicitation hands back."""

    priors: Mapping[str, PriorEntry] = field(default_factory=dict)
