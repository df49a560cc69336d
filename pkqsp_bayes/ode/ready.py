"""From what is stated to what can be solved: composed, checked, lowered, in one call."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import RLock

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.lower import lower_system
from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.toml import format_model
from pkqsp_bayes.spec.unfold import unfold_trajectories

__all__ = ["ReadyModel", "ready_model"]

_MOST = 16
_READY: "OrderedDict[tuple[object, ...], ReadyModel]" = OrderedDict()
_LOCK = RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyModel:
    """A checked model with its flat system and its lowered form.

    Parameters
    ----------
    spec : ModelSpec
        As stated, trajectories as the covariates and parameters that they are.
    system : OdeSystem
        As composed.
    lowered : LoweredOde
        What emission prints.
    warnings : tuple of Issue
        What is odd but no error.
    occasions : tuple of str
        Labels of the occasions that it has deviations for.
    """

    spec: ModelSpec
    system: OdeSystem
    lowered: LoweredOde
    warnings: tuple[Issue, ...]
    occasions: tuple[str, ...] = ()


def ready_model(
    spec: ModelSpec, *, occasions: Sequence[str] = (), individual: Collection[str] = ()
) -> ReadyModel:
    r"""Compose, check and lower a model, once in a process: the last sixteen are kept.

    Parameters
    ----------
    spec : ModelSpec
        As stated.
    occasions, individual
        As `compose_model` takes them.

    Raises
    ------
    CheckError
        With every problem of composition or of the checks.

    Examples
    --------
    >>> from pkqsp_bayes.spec.toml import parse_model
    >>> model = parse_model('title = "decay"\nequations = "d(A)/dt = -0.1 * A; A(0) = 1"')
    >>> ready_model(model).lowered.states
    ('A',)
    """
    spec = unfold_trajectories(spec)
    if all(p.iov is None for p in spec.population.parameters.values()):
        occasions = ()
    key = (format_model(spec), tuple(occasions), tuple(sorted(individual)))
    with _LOCK:
        if key not in _READY:
            _READY[key] = _make_ready(spec, occasions, individual)
        _READY.move_to_end(key)
        while len(_READY) > _MOST:
            _READY.popitem(last=False)
        return _READY[key]


def _make_ready(
    spec: ModelSpec, occasions: Sequence[str], individual: Collection[str]
) -> ReadyModel:
    system = compose_model(spec, occasions=occasions, individual=individual)
    issues = check_system(spec, system)
    if any(issue.severity == "error" for issue in issues):
        raise CheckError(issues)
    return ReadyModel(
        spec=spec,
        system=system,
        lowered=lower_system(system),
        warnings=tuple(issues),
        occasions=tuple(occasions),
    )
