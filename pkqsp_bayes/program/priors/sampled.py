"""Parameters with a prior: scalars, and vectors of which some are sampled and some are fixed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pkqsp_bayes.program.fragment import Fragment, Place, StanProgram, Term
from pkqsp_bayes.program.priors.prior_text import (
    bounds_text,
    prior_bounds,
    prior_centre,
    prior_draw,
    prior_note,
    prior_term,
)
from pkqsp_bayes.program.program_inits import InitialValue, unconstrained_point
from pkqsp_bayes.spec.labels import Kind, Label
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["positive_vector", "sampled_scalar"]


def sampled_scalar(
    identifier: str,
    prior: PriorSpec,
    *,
    name: str,
    note: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    init: float | None = None,
    drawn: str = "",
) -> Fragment:
    """Declare ``real identifier`` with its prior.

    Parameters
    ----------
    identifier, name : str
        Its identifier in the program and its readable name.
    prior : PriorSpec
        Its prior.
    note : str
        Comment on the declaration.
    low, high : float
        Bounds in addition to those of the prior.
    init : float, optional
        Initial value, if it is within the bounds; the default is the median of the prior.
    drawn : str
        Its draw as Stan text, if it has a joint prior.

    Examples
    --------
    >>> prior = PriorSpec(family="normal", args=(0.0, 1.0))
    >>> sampled_scalar("b", prior, name="b", high=1.0).program.parameters
    ('real<upper=1> b;',)
    """
    support = prior_bounds(prior)
    low, high = max(low, support[0]), min(high, support[1])
    value = prior_centre(prior, low, high)
    if init is not None and low < init < high:
        value = init
    comment = f" // {note}" if note else ""
    term = Term(variable=identifier, text=prior_term(identifier, prior), note=prior_note(prior))
    draw = [f"{identifier} = {drawn};"] if drawn else prior_draw(identifier, prior, low, high)
    return Fragment(
        program=StanProgram(parameters=(f"real{bounds_text(low, high)} {identifier};{comment}",)),
        dims={identifier: ()},
        names={identifier: name},
        inits={identifier: _scalar_init(prior, value, low, high)},
        types={identifier: "real"},
        places={name: Place(variable=identifier, text=identifier, low=low, high=high)},
        priors=() if drawn else (term,),
        draws=(f"real {identifier};{comment}", *draw),
    )


def _scalar_init(prior: PriorSpec, value: float, low: float, high: float) -> InitialValue:
    """Return the initial value; its width is half of the central 68 % of the prior."""
    dist = distribution(prior, low, high)
    ends = [
        unconstrained_point(
            {"": InitialValue(value=np.array(dist.quantile(p)), low=low, high=high)}
        )[0]
        for p in (0.16, 0.84)
    ]
    return InitialValue(
        value=np.array(value), low=low, high=high, width=float(ends[1] - ends[0]) / 2
    )


def positive_vector(
    name: Kind,
    values: Sequence[PriorSpec | float],
    labels: Sequence[str],
    comment: str,
    *,
    drawn: Mapping[str, str],
) -> Fragment:
    """Declare ``vector[n] name``; only elements with a prior are parameters.

    Parameters
    ----------
    name : str
        Identifier of the vector, and kind of its labels.
    values : sequence of PriorSpec or float
        Prior or fixed number of each element.
    labels : sequence of str
        Label of each element, for comments.
    comment : str
        Description of the vector, for comments.
    drawn : mapping of str to str
        Draw of each element, such as ``omega[CL]``, that has a joint prior.

    Examples
    --------
    >>> prior = PriorSpec(family="half_normal", args=(1.0,))
    >>> fragment = positive_vector("omega", [prior, 0.3], ["CL", "V"], "SD", drawn={})
    >>> print(fragment.program.transformed_parameters[0])
    vector[2] omega = [omega_sampled[1], 0.3]';
    """
    sampled = [i for i, value in enumerate(values) if isinstance(value, PriorSpec)]
    whole = len(sampled) == len(values)
    source = name if whole else f"{name}_sampled"
    parts = [
        _Element.of(f"{source}[{k}]", prior, label, drawn.get(str(Label(name, (label,))), ""))
        for k, (prior, label) in enumerate(_with_priors(values, labels), start=1)
    ]
    place = dict(zip(sampled, parts, strict=True))
    elements = [place[i].variable if i in place else repr(v) for i, v in enumerate(values)]
    description = f"{comment}: {', '.join(part.label for part in parts)}"
    bounds = _bounds(parts)
    return Fragment(
        program=StanProgram(
            parameters=(f"vector{bounds}[{len(parts)}] {source}; // {description}",)
            if parts
            else (),
            transformed_parameters=(
                () if whole else (f"vector[{len(values)}] {name} = [{', '.join(elements)}]';",)
            ),
        ),
        inits={source: _vector_init(parts)} if parts else {},
        types={source: "vector"} if whole else {source: "vector", name: "vector"},
        places={str(Label(name, (part.label,))): part.place() for part in parts},
        priors=tuple(part.term() for part in parts if not part.drawn),
        draws=tuple(_draws(name, values, place)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """A sampled element with its place, prior and bounds."""

    variable: str
    prior: PriorSpec
    label: str
    low: float
    high: float
    drawn: str

    @classmethod
    def of(cls, variable: str, prior: PriorSpec, label: str, drawn: str) -> "_Element":
        low, high = prior_bounds(prior)
        low = max(low, 0.0)
        return cls(variable=variable, prior=prior, label=label, low=low, high=high, drawn=drawn)

    def place(self) -> Place:
        vector = self.variable.partition("[")[0]
        return Place(variable=vector, text=self.variable, low=self.low, high=self.high)

    def draw(self, variable: str) -> Iterator[str]:
        if self.drawn:
            yield f"{variable} = {self.drawn};"
        else:
            yield from prior_draw(variable, self.prior, self.low, self.high)

    def term(self) -> Term:
        note = ": ".join(part for part in (self.label, prior_note(self.prior)) if part)
        vector = self.variable.partition("[")[0]
        return Term(variable=vector, text=prior_term(self.variable, self.prior), note=note)


def _with_priors(
    values: Sequence[PriorSpec | float], labels: Sequence[str]
) -> Iterator[tuple[PriorSpec, str]]:
    for value, label in zip(values, labels, strict=True):
        if isinstance(value, PriorSpec):
            yield value, label


def _bounds(parts: Sequence[_Element]) -> str:
    """Return the constraint of all elements, as vectors if bounds differ."""
    limits = dict.fromkeys((part.low, part.high) for part in parts)
    if len(limits) <= 1:
        return bounds_text(*next(iter(limits), (0.0, math.inf)))
    low = ", ".join(repr(part.low) for part in parts)
    if all(math.isinf(part.high) for part in parts):
        return f"<lower=[{low}]'>"
    high = ", ".join(
        "positive_infinity()" if math.isinf(part.high) else repr(part.high) for part in parts
    )
    return f"<lower=[{low}]', upper=[{high}]'>"


def _vector_init(parts: Sequence[_Element]) -> InitialValue:
    middle = np.array([prior_centre(part.prior, part.low, part.high) for part in parts])
    low, high = (np.array([getattr(part, end) for part in parts]) for end in ("low", "high"))
    return InitialValue(value=middle, low=low, high=high)


def _draws(
    name: str, values: Sequence[PriorSpec | float], place: dict[int, _Element]
) -> Iterator[str]:
    yield f"vector[{len(values)}] {name};"
    for i, value in enumerate(values):
        variable = f"{name}[{i + 1}]"
        if isinstance(value, PriorSpec):
            yield from place[i].draw(variable)
        else:
            yield f"{variable} = {float(value)!r};"
