"""Scalar parameters with a prior."""

import math

import numpy as np

from pkqsp_bayes.program.fragment import Fragment, Place, Term
from pkqsp_bayes.program.prior_text import (
    bounds_text,
    prior_bounds,
    prior_centre,
    prior_draw,
    prior_note,
    prior_term,
)
from pkqsp_bayes.program.program_inits import Start, unconstrained_point
from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["sampled_scalar"]


def sampled_scalar(
    identifier: str,
    prior: PriorSpec,
    *,
    name: str,
    note: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    start: float | None = None,
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
    start : float, optional
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
    if start is not None and low < start < high:
        value = start
    comment = f" // {note}" if note else ""
    term = Term(variable=identifier, text=prior_term(identifier, prior), note=prior_note(prior))
    draw = [f"{identifier} = {drawn};"] if drawn else prior_draw(identifier, prior, low, high)
    return Fragment(
        program=StanProgram(parameters=(f"real{bounds_text(low, high)} {identifier};{comment}",)),
        dims={identifier: ()},
        names={identifier: name},
        starts={identifier: _start(prior, value, low, high)},
        types={identifier: "real"},
        places={name: Place(variable=identifier, text=identifier, low=low, high=high)},
        priors=() if drawn else (term,),
        draws=(f"real {identifier};{comment}", *draw),
    )


def _start(prior: PriorSpec, value: float, low: float, high: float) -> Start:
    """Return the initial value; its width is half of the central 68 % of the prior."""
    dist = distribution(prior, low, high)
    ends = [
        unconstrained_point({"": Start(value=np.array(dist.quantile(p)), low=low, high=high)})[0]
        for p in (0.16, 0.84)
    ]
    return Start(value=np.array(value), low=low, high=high, width=float(ends[1] - ends[0]) / 2)
