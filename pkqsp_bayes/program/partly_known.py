"""A vector of positive parameters of which some are sampled and some are numbers."""

from collections.abc import Sequence

import numpy as np

from pkqsp_bayes.ode.components.typical import prior_median
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.priors import prior_program
from pkqsp_bayes.program.starts import Start
from pkqsp_bayes.program.text import StanProgram, join_programs
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["positive_vector"]


def positive_vector(
    name: str, values: Sequence[PriorSpec | float], labels: Sequence[str], comment: str
) -> Fragment:
    """Declare ``vector[n] name``; only what has a prior is a parameter.

    Parameters
    ----------
    name : str
        Identifier of the vector.
    values : sequence of PriorSpec or float
        Prior or number of each element.
    labels : sequence of str
        What each element is, for comments.
    comment : str
        What the vector is.

    Examples
    --------
    >>> prior = PriorSpec(family="half_normal", args=(1.0,))
    >>> fragment = positive_vector("omega", [prior, 0.3], ["CL", "V"], "SD")
    >>> print(fragment.program.transformed_parameters[0])
    vector[2] omega = [omega_sampled[1], 0.3]';
    """
    sampled = [i for i, value in enumerate(values) if isinstance(value, PriorSpec)]
    whole = len(sampled) == len(values)
    source = name if whole else f"{name}_sampled"
    place = {i: f"{source}[{k}]" for k, i in enumerate(sampled, start=1)}
    elements = [place.get(i, repr(value)) for i, value in enumerate(values)]
    priors = [
        prior_program(place[i], value, labels[i])
        for i, value in enumerate(values)
        if isinstance(value, PriorSpec)
    ]
    told = f"{comment}: {', '.join(labels[i] for i in sampled)}"
    declared = StanProgram(
        parameters=(f"vector<lower=0>[{len(sampled)}] {source}; // {told}",) if sampled else (),
        transformed_parameters=(
            () if whole else (f"vector[{len(values)}] {name} = [{', '.join(elements)}]';",)
        ),
    )
    middle = [prior_median(v) or 1.0 for v in values if isinstance(v, PriorSpec)]
    return Fragment(
        program=join_programs([declared, *priors]),
        starts={source: Start(value=np.array(middle), low=0.0)} if sampled else {},
    )
