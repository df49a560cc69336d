"""Joint priors: several parameters that are multivariate normal on transformed scales."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["JointPriorSpec", "Provenance", "Scale"]

Scale = Literal["identity", "log", "logit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a prior came from: all that is needed to make it again.

    Parameters
    ----------
    method : str
        ``"qsp"``, ``"quantiles"``, ``"range"``, ``"chips"``, ``"predictive"``, or any other word.
    source : str
        What was asked: module and factor, or the statement in words.
    model_hash : str
        SHA-256 of the text of the model that was simulated.
    seed, outer, inner : int or None
        Of the simulation: draws of the uncertain parameters, and subjects in each.
    date : str
        As the caller gave it.
    family : str
        The family or transformation that was chosen.
    fit : mapping of str to float
        What the choice went by, and how well the statement is met.
    ess : mapping of str to float
        Effective sample size of the prior, in subjects, by parameter.
    note : str
        Anything else.
    """

    method: str
    source: str = ""
    model_hash: str = ""
    seed: int | None = None
    outer: int | None = None
    inner: int | None = None
    date: str = ""
    family: str = ""
    fit: Mapping[str, float] = field(default_factory=dict)
    ess: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPriorSpec:
    """A multivariate normal prior of transformed parameters, ``[joint_prior.<name>]``.

    With u the vector of transformed parameters, u ~ N(mean, sd C sd / discount) with probability
    ``weight``, else the independent N(mean, vague_sd^2): a robust mixture (Schmidli et al.,
    Biometrics 2014;70:1023) of a power prior (Ibrahim & Chen, Stat Sci 2000;15:46).

    Parameters
    ----------
    targets : tuple of str
        What it is the prior of: ``CL``, ``beta[CL,WT]``, ``beta[CL,SEX,male]``, ``omega[CL]``,
        ``omega_iov[CL]``, ``sigma[cp]``. It takes the place of the priors that these have
        of their own.
    scales : tuple of {"log", "identity", "logit"}
        On which scale each is normal.
    mean, sd : tuple of float
        Of the transformed parameters.
    correlation : tuple of tuples of float
        Their correlation matrix.
    weight : float
        Of the informative part; 1: there is no other.
    vague_sd : tuple of float
        Standard deviations of the vague part.
    discount : float
        Power to which the informative density is raised: between 0 and 1.
    provenance : Provenance, optional
        Where it came from.
    """

    targets: tuple[str, ...]
    scales: tuple[Scale, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    correlation: tuple[tuple[float, ...], ...]
    weight: float = 1.0
    vague_sd: tuple[float, ...] = ()
    discount: float = 1.0
    provenance: Provenance | None = None
