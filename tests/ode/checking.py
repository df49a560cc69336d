"""Every issue of a model, those of composition included."""

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_model"]


def check_model(spec: ModelSpec) -> list[Issue]:
    """Compose a model and check it."""
    try:
        system = compose_model(spec)
    except CheckError as error:
        return list(error.issues)
    return check_system(spec, system)
