"""The program that draws parameters and predictions from the prior.

It has generated quantities only. Its draws have the same names as those of the posterior, so that
the two can be compared, and simulation-based calibration can fit its replicates (Talts et al. 2018,
arXiv:1804.06788). Draws outside of bounds are repeated until they are inside.
"""

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.likelihood import predictive_statements
from pkqsp_bayes.program.text import StanProgram

__all__ = ["prior_program"]


def prior_program(bound: BoundData, stated: Fragment, *, prefix: str) -> StanProgram:
    """Return the program, which has the same data as the fitted one.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    stated : Fragment
        The joined fragments: solver, individual parameters, data, and features with their draws.
    prefix : str
        Prefix of the solver.
    """
    return StanProgram(
        functions=stated.program.functions,
        data=stated.program.data,
        transformed_data=stated.program.transformed_data,
        generated_quantities=(*stated.draws, *predictive_statements(bound, prefix=prefix)),
    )
