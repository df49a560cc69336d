"""Names of the program, and identifiers for the names of users that do not clash with them."""

from collections.abc import Sequence

from pkqsp_bayes.emit.safe_names import identifiers
from pkqsp_bayes.program.data.study_data import COLUMNS, table_arguments
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from pkqsp_bayes.statistics.stan import FUNCTIONS

__all__ = ["RESULT_NAMES", "program_identifiers"]

# All names that are declared or called in the scope of users' names. Names that are built from
# users' names have two underscores in a row, which users cannot write.
_KEYWORDS = """
omega omega_sampled sigma sigma_sampled omega_iov omega_iov_sampled eta z kappa z_iov theta f i s
lprior log_lik prediction replicate subjects records pieces observations occasions each slice_size
individual_parameters residual_lpdf interval_lpdf residual_draw_rng residual_is_possible
is_distribution possible log_lik_of correlated_lpdf standard
ode_advance ode_after ode_amount ode_between ode_boluses ode_change ode_dose ode_doses ode_driven
ode_equilibrium ode_frozen ode_hold ode_implied ode_initial ode_limit ode_next ode_outputs
ode_phase ode_rate ode_records ode_rhs ode_running ode_segment ode_solve ode_state ode_steady
ode_subject ode_time ode_timing
"""
# Stan functions that are called with a user's name as an argument.
_CALLED = """
abs diag_post_multiply diag_pre_multiply diagonal exp expm1 hypot inv_logit log1p log2 log_mix
linspaced_int_array log log1m logit mdivide_left_tri_low multiply_lower_tri_self_transpose
negative_infinity not_a_number positive_infinity pow reduce_sum_static rep_matrix rep_vector rows
sum to_matrix to_vector
"""
_FAMILIES = """
bernoulli beta cauchy exponential gamma inv_gamma lkj_corr_cholesky lognormal
multi_normal_cholesky normal std_normal student_t
uniform
"""
_SUFFIXES = ("lpdf", "lcdf", "lccdf", "rng")
_DISTRIBUTIONS = (*_FAMILIES.split(), *(e.distribution.stan for e in RESIDUAL_ERRORS.values()))
_OWN = (
    *_KEYWORDS.split(),
    *_CALLED.split(),
    *FUNCTIONS,
    *(f"{name}_{suffix}" for name in _DISTRIBUTIONS for suffix in _SUFFIXES),
)
RESULT_NAMES = frozenset(
    [
        "chain",
        "corr",
        "correlation",
        "draw",
        "effect",
        "effect_iov",
        "effect_pair",
        "eta",
        "kappa",
        "log_lik",
        "lprior",
        "observation",
        "occasion",
        "omega",
        "omega_iov",
        "prediction",
        "replicate",
        "residual",
        "sigma",
        "subject",
    ]
)
"""Variables and dimensions of a fit, which are not valid names of parameters."""


def program_identifiers(names: Sequence[str]) -> dict[str, str]:
    """Return an identifier for each user name that differs from the names of the program.

    Parameters
    ----------
    names : sequence of str
        Parameters and covariates.

    Examples
    --------
    >>> program_identifiers(["CL", "records", "eta"])
    {'CL': 'CL', 'records': 'records_2', 'eta': 'eta_2'}
    """
    blocks = [f"{kind}_{k}" for k in range(1, len(names) + 1) for kind in ("L", "correlation")]
    table = [
        *(name for _, name in table_arguments(intervals=True)),
        *(name for name, *_ in COLUMNS),
    ]
    return identifiers(names, taken=[*_OWN, *blocks, *table])
