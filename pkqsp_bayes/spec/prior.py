"""Priors as data: a family and its arguments."""

from dataclasses import dataclass, field, replace

__all__ = ["PriorSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorSpec:
    """One prior distribution, as text ``lognormal(log(20), 0.5)`` in a model file.

    Parameters
    ----------
    family : str
        A name of `pkqsp_bayes.spec.prior_grammar.FAMILIES`, or ``mixture``.
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
