"""The program of the prior: all parameters drawn from it, and what they predict.

It has generated quantities alone. Its draws have the names of the posterior's, so that the two can
be laid side by side, and simulation-based calibration can fit what it makes (Talts et al. 2018,
arXiv:1804.06788). Priors that bounds cut off are drawn again until they are inside.
"""

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.likelihood import predictive_statements
from pkqsp_bayes.program.text import StanProgram

__all__ = ["prior_program"]


def prior_program(bound: BoundData, stated: Fragment, *, prefix: str) -> StanProgram:
    """Return the program; it takes the same data as the one that is fitted.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    stated : Fragment
        Solver, individual parameters, data, and the features with their draws.
    prefix : str
        Of the solver.
    """
    return StanProgram(
        functions=stated.program.functions,
        data=stated.program.data,
        transformed_data=stated.program.transformed_data,
        generated_quantities=(*stated.draws, *predictive_statements(bound, prefix=prefix)),
    )
