"""Priors as data: a family and its arguments, and joint priors of several parameters."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

__all__ = ["SCALE_RANGES", "JointPriorSpec", "PriorSpec", "Provenance", "Scale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSpec:
    """One prior distribution, as text ``lognormal(log(20), 0.5)`` in a model file.

    Parameters
    ----------
    family : str
        A name of `pkqsp_bayes.spec.priors.prior_grammar.FAMILIES`, or ``mixture``.
    args : tuple of float
        Evaluated arguments; for a mixture the weight of its first part.
    parts : tuple of PriorSpec
        The two parts of a mixture.

    Attributes
    ----------
    text : str
        The text that the user wrote, if it was parsed; it is only used to write the same text
        again. `dataclasses.replace` drops it, since the new prior is another one.

    Examples
    --------
    >>> narrow = PriorSpec(family="lognormal", args=(3.0, 0.2))
    >>> wide = PriorSpec(family="lognormal", args=(3.0, 2.0))
    >>> print(PriorSpec(family="mixture", args=(0.8,), parts=(narrow, wide)))
    mixture(0.8, lognormal(3.0, 0.2), lognormal(3.0, 2.0))
    """

    family: str
    args: tuple[float, ...] = ()
    parts: tuple["PriorSpec", ...] = ()
    text: str = field(default="", compare=False, init=False)

    def with_text(self, text: str) -> "PriorSpec":
        """Return the same prior with the text that states it."""
        prior = replace(self)
        object.__setattr__(prior, "text", text.strip())
        return prior

    def __str__(self) -> str:
        """Return the prior in the prior grammar."""
        arguments = [*(repr(a) for a in self.args), *(str(part) for part in self.parts)]
        return self.text or f"{self.family}({', '.join(arguments)})"


Scale = Literal["identity", "log", "logit"]

SCALE_RANGES: Mapping[str, tuple[float, float]] = {
    "identity": (-math.inf, math.inf),
    "log": (0.0, math.inf),
    "logit": (0.0, 1.0),
}
"""Values that each scale of a joint prior can transform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Origin of a prior: all information that is needed to derive it again.

    Parameters
    ----------
    method : str
        ``"qsp"``, ``"quantiles"``, ``"range"``, ``"chips"``, ``"predictive"``, or any other text.
    source : str
        The source: module and factor, or the statement as text.
    model_hash : str
        SHA-256 of the text of the simulated model.
    seed, outer, inner : int or None
        Settings of the simulation: draws of the uncertain parameters, and subjects per draw.
    date : str
        Date as given by the caller.
    family : str
        The selected family or transformation.
    fit : mapping of str to float
        Criteria of the selection, and agreement with the statement.
    ess : mapping of str to float
        Effective sample size of the prior, in subjects, by parameter.
    note : str
        Any further text.
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

    The vector u of transformed parameters has the distribution N(mean, sd C sd / discount) with
    probability ``weight``, and otherwise independent N(mean, vague_sd^2). This is a robust mixture
    (Schmidli et al., Biometrics 2014;70:1023) of a power prior (Ibrahim & Chen, Stat Sci
    2000;15:46).

    Parameters
    ----------
    targets : tuple of str
        Parameters: ``CL``, ``beta[CL,WT]``, ``beta[CL,SEX,male]``, ``omega[CL]``,
        ``omega_iov[CL]``, ``sigma[cp]``. The joint prior replaces their own priors.
    scales : tuple of {"log", "identity", "logit"}
        Scale on which each parameter is normal.
    mean, sd : tuple of float
        Means and standard deviations of the transformed parameters.
    correlation : tuple of tuples of float
        Correlation matrix of the transformed parameters.
    weight : float
        Weight of the informative part; 1 means that there is no vague part.
    vague_sd : tuple of float
        Standard deviations of the vague part.
    discount : float
        Power of the informative density, between 0 and 1.
    provenance : Provenance, optional
        Origin of the prior.
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
