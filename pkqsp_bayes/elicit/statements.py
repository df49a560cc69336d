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
    lower, upper : float
        The summary is between ``lower`` and ``upper`` with probability ``mass``, and below and
        above with equal probabilities.
    mass : float
        Probability of the range.
    times : tuple of float [time]
        Times of the prediction.
    dose : float [amount]
        Amount of each dose.
    duration : float [time]
        Duration of the infusion; 0: a bolus.
    interval : float [time]
        Dosing interval.
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
    factor : str
        Output of the mechanism whose baseline scales the parameter.
    parameter : str
        Parameter of the model to be fitted, log-normal between subjects.
    covariate : str
        Its categorical covariate, whose levels define the groups.
    groups : mapping of str to mapping
        Definition of each level: population parameters or covariates of the mechanism, each with a
        number or a prior. The first level is the reference.
    frequencies : mapping of str to float
        Frequencies of the groups; they weight the pooled omega and the effective sample size. By
        default all are equal.
    scale : float or str
        The parameter is ``scale`` times the factor: a number, or a prior as text.
    parts : tuple of {"typical", "effects", "omega"}
        The quantities that get a prior.
    joint : bool
        Whether to derive one multivariate normal prior; otherwise each quantity gets the family
        that fits it best, and correlations are lost.
    discount : float
        Power of the density of the derived prior: 1 keeps all of its information, 0 none.
    weight : float
        Weight of the derived prior in a mixture with a vague prior; 1: no mixture.
    vague_sd : float
        Standard deviation of the vague prior, on the logarithmic scale.
    outer, inner : int
        Number of draws of the uncertain parameters, and of subjects per draw.
    seed : int
        Seed of the random numbers.
    settle : float [time]
        Time until the mechanism is at baseline; 0: the initial values are the baseline.
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
    quantiles : tuple of QuantilesStatement
        Quantiles of parameters.
    range : tuple of RangeStatement
        Ranges of parameters.
    chips : tuple of ChipsStatement
        Chips in bins of parameters.
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
