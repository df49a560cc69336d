"""Statements of experts, as dataclasses and TOML: quantiles, ranges, chips, predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pkqsp_bayes.arguments import PATH, checked
from pkqsp_bayes.spec.reading.documents import parse_record, read_text

__all__ = [
    "ChipsStatement",
    "MechanismStatement",
    "PredictiveStatement",
    "QuantilesStatement",
    "RangeStatement",
    "Statements",
    "parse_statements",
    "read_statements",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantilesStatement:
    """Quantiles of a parameter, ``[[quantiles]]``.

    Parameters
    ----------
    of : str
        Name of the parameter in prior tables.
    at : mapping of str to float
        Values by probability (as text, ``"0.05"``).
    family : str
        Family of the prior; by default the one that fits best.
    """

    of: str
    at: Mapping[str, float]
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeStatement:
    """A range of a parameter and its probability, ``[[range]]``.

    Parameters
    ----------
    of : str
        Name of the parameter.
    lower, upper : float
        The range.
    mass : float
        Probability of the range.
    family : str
        Family of the prior; by default the first one that supports the values (lognormal, normal,
        logit-normal).
    """

    of: str
    lower: float
    upper: float
    mass: float = 0.9
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipsStatement:
    """Chips in bins of a parameter, as in the roulette method, ``[[chips]]``.

    Parameters
    ----------
    of : str
        Name of the parameter.
    edges : tuple of float
        Edges of the bins, one more than bins.
    chips : tuple of float
        Number of chips in each bin.
    family : str
        Family of the prior; by default the one that fits best.
    """

    of: str
    edges: tuple[float, ...]
    chips: tuple[float, ...]
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveStatement:
    """A statement on the prediction for a new subject, ``[[predictive]]``.

    Parameters
    ----------
    output : str
        Output of the model, without residual error.
    summary : {"max", "min", "mean", "last"}
        Summary of the values at ``times``.
    lower, upper, mass : float
        The summary is between ``lower`` and ``upper`` with probability ``mass``, and below and
        above with equal probabilities.
    times : tuple of float
        Times of the prediction, in the model's unit.
    dose, duration, interval : float
        Amount, duration of the infusion (0: bolus), and dosing interval.
    doses : int
        Number of doses.
    to : str
        Dosing compartment; ``""`` if there is only one.
    covariates : mapping of str to float
        Covariates of the subject; by default their references.
    """

    output: str
    lower: float
    upper: float
    times: tuple[float, ...]
    summary: Literal["max", "min", "mean", "last"] = "max"
    mass: float = 0.9
    dose: float = 0.0
    duration: float = 0.0
    interval: float = 0.0
    doses: int = 1
    to: str = ""
    covariates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismStatement:
    """Derivation of priors from a mechanism, ``[[mechanism]]``.

    Parameters
    ----------
    model : str
        The mechanism: name of a library model, or a file.
    discount, weight, vague_sd : float
        As for `pkqsp_bayes.Robustness`.
    factor, parameter, covariate, groups, scale, parts, joint, outer, inner, seed, settle,
    frequencies
        As for `pkqsp_bayes.derive_priors`.
    """

    model: str
    factor: str
    parameter: str
    covariate: str = ""
    groups: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)
    frequencies: Mapping[str, float] = field(default_factory=dict)
    scale: float | str = 1.0
    parts: tuple[Literal["typical", "effects", "omega"], ...] = ("typical", "effects", "omega")
    joint: bool = True
    discount: float = 1.0
    weight: float = 1.0
    vague_sd: float = 1.0
    outer: int = 256
    inner: int = 256
    seed: int = 1
    settle: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All statements on one model.

    Parameters
    ----------
    title : str
        Text for display: the experts and the date.
    date : str
        Date for the provenance.
    quantiles, range, chips : tuple of statements
        Statements on parameters.
    predictive : tuple of PredictiveStatement
        Statements on predictions.
    mechanism : tuple of MechanismStatement
        Mechanisms to derive priors from.
    adjust : tuple of str
        Parameters whose priors are adjusted to predictions; by default all typical values without a
        statement.
    """

    title: str = ""
    date: str = ""
    quantiles: tuple[QuantilesStatement, ...] = ()
    range: tuple[RangeStatement, ...] = ()
    chips: tuple[ChipsStatement, ...] = ()
    predictive: tuple[PredictiveStatement, ...] = ()
    mechanism: tuple[MechanismStatement, ...] = ()
    adjust: tuple[str, ...] = ()


def parse_statements(text: str, *, where: str = "statements") -> Statements:
    r"""Parse the text of a file of statements.

    Raises
    ------
    CheckError
        Each problem with its path in the file.

    Examples
    --------
    >>> parse_statements('[[range]]\nof = "CL"\nlower = 1\nupper = 10').range[0].mass
    0.9
    """
    return parse_record(text, Statements, where)


@checked(path=PATH)
def read_statements(path: str | Path) -> Statements:
    """Read a file of statements.

    Raises
    ------
    CheckError
        As `parse_statements`; also if the file cannot be read.
    """
    return parse_statements(read_text(path), where=Path(path).name)
