"""The compiled model: its composed, checked and lowered system, programs and kernel.

`compile_model` is the only function from a model to its equations. Each part is computed when it is
first needed. It is kept in the process, and on disk by the content of the model and the version of
the code.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from pkqsp_bayes.engine.model_store import ModelStore, format_plain, parse_plain
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.formulas import Formulas
from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.toml import format_model
from pkqsp_bayes.spec.unfold import unfold_trajectories

if TYPE_CHECKING:
    from pkqsp_bayes.engine.kernel import Kernel
    from pkqsp_bayes.ode.lowering.lowered import LoweredOde
    from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["FORMS", "PREFIX", "CompiledModel", "compile_model", "examine_model"]

type Baseline = Literal["zero", "log of zero"]

PREFIX = "ode"
"""Prefix of the solver in Stan, which is ``ode_solve`` for every backend."""

_MOST = 16
_COMPILED: "OrderedDict[tuple[object, ...], CompiledModel]" = OrderedDict()
_LOCK = RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """The result of composition and checks."""

    interface: OdeInterface
    outcomes: dict[str, tuple[Issue, ...]]
    output_units: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Structure:
    """The properties of the structure of the lowered system."""

    reached: dict[str, tuple[int, ...]]
    unread: tuple[str, ...]
    own_inputs: tuple[str, ...]


class CompiledModel:
    """A checked model with its parts, created by `compile_model`; safe in threads.

    Parameters
    ----------
    spec : ModelSpec
        The stated model, with trajectories as covariates and parameters.
    occasions : tuple of str
        Labels of the occasions with random effects.
    individual : tuple of str
        Known parameters that are individual parameters all the same.
    """

    def __init__(
        self, *, spec: ModelSpec, occasions: tuple[str, ...] = (), individual: tuple[str, ...] = ()
    ) -> None:
        self.spec = spec
        self.occasions = occasions
        self.individual = individual
        content = "\0".join((format_model(spec), repr(occasions), repr(individual)))
        self._store = ModelStore(content=content)
        self._parts: dict[str, Any] = {}
        self._lock = RLock()

    @property
    def ode(self) -> OdeInterface:
        """Return names, units and kinds of states, parameters, covariates, outputs and doses."""
        return self._checked.interface

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """Return the warnings of the checks."""
        return tuple(issue for found in self.outcomes.values() for issue in found)

    @property
    def outcomes(self) -> Mapping[str, tuple[Issue, ...]]:
        """Return the warnings of each check by its name."""
        return self._checked.outcomes

    @property
    def output_units(self) -> Mapping[str, str | None]:
        """Return the unit of each output; None if neither the file nor the equations state it."""
        return self._checked.output_units

    @property
    def system(self) -> "OdeSystem":
        """Return the composed flat system of equations."""
        return self._record("system", _system_class, self._compose)

    @property
    def lowered(self) -> "LoweredOde":
        """Return the system sorted into stages, with its derivatives."""
        return self._record("lowered", _lowered_class, self._lower)

    @property
    def header(self) -> str:
        """Return the C++ header of the kernel."""
        return self._text("header", self._emit_header)

    @property
    def kernel(self) -> "Kernel":
        """Return the compiled and loaded kernel.

        Raises
        ------
        ToolchainError
            If there is no C++ compiler, or if it fails.
        """
        from pkqsp_bayes.engine.kernel import build_kernel

        return self._once("kernel", lambda: build_kernel(self.header, self.ode))

    @property
    def formulas(self) -> Formulas:
        """Return the helpers and limits for evaluation at covariates."""
        return self._plain("formulas", Formulas, self._find_formulas)

    @property
    def reached_outputs(self) -> Mapping[str, tuple[int, ...]]:
        """Return the indices of the outputs that depend on each individual parameter."""
        return self._structure.reached

    @property
    def unread_states(self) -> tuple[str, ...]:
        """Return the states that no equation reads, so that they only fill."""
        return self._structure.unread

    @property
    def own_inputs(self) -> tuple[str, ...]:
        """Return the states that change when all states are zero."""
        return self._structure.own_inputs

    def baselines(self, dosed: Iterable[str] = ()) -> Mapping[str, Baseline]:
        """Return the outputs that are zero, or the logarithm of zero, before further doses.

        Parameters
        ----------
        dosed : iterable of str
            States that have just received a bolus.
        """
        states = tuple(sorted(set(dosed)))
        name = "-".join(("baselines", *(str(self.ode.states.index(s)) for s in states)))
        return self._plain(name, dict[str, Baseline], lambda: self._find_baselines(states))

    def stan_functions(self, method: str = "bdf") -> str:
        """Return the functions of the solver in Stan.

        Parameters
        ----------
        method : str
            Name of the Stan solver: ``bdf``, ``rk45``, ``ckrk``, ``adams``.
        """
        return self._text(f"stan-{method}", lambda: self._emit_stan(method))

    def text(self, form: str) -> str:
        r"""Return the text of the model in a form.

        Parameters
        ----------
        form : str
            One of `FORMS`: ``equations``, ``latex``, ``mathml``, ``json``; ``stan`` (functions),
            ``cpp`` (the kernel's header).

        Raises
        ------
        KeyError
            If the form is unknown.

        Examples
        --------
        >>> from pkqsp_bayes.spec.reading.toml import parse_model
        >>> model = parse_model('title = "decay"\nequations = "d(A)/dt = -0.1 * A; A(0) = 1"')
        >>> "d(A)/dt" in compile_model(model).text("equations")
        True
        """
        return FORMS[form](self)

    @property
    def _checked(self) -> _Checked:
        return self._plain("checked", _Checked, self._check)

    @property
    def _structure(self) -> _Structure:
        return self._plain("structure", _Structure, self._find_structure)

    def _once[Part](self, name: str, make: Callable[[], Part]) -> Part:
        with self._lock:
            if name not in self._parts:
                self._parts[name] = make()
            part: Part = self._parts[name]
            return part

    def _plain[Part](self, name: str, kind: type[Part], make: Callable[[], Part]) -> Part:
        def read(text: str) -> Part:
            return parse_plain(text, kind)

        return self._once(
            name, lambda: self._store.fetch(name, make, write=format_plain, read=read)
        )

    def _text(self, name: str, make: Callable[[], str]) -> str:
        return self._once(name, lambda: self._store.fetch(name, make, write=str, read=str))

    def _record[Part](
        self, name: str, kind: Callable[[], type[Part]], make: Callable[[], Part]
    ) -> Part:
        def fetch() -> Part:
            from pkqsp_bayes.ode.expressions.storage import format_record, parse_record

            return self._store.fetch(
                name, make, write=format_record, read=lambda text: parse_record(text, kind())
            )

        return self._once(name, fetch)

    def _compose(self) -> "OdeSystem":
        from pkqsp_bayes.ode.compose import compose_model

        return compose_model(self.spec, occasions=self.occasions, individual=self.individual)

    def _lower(self) -> "LoweredOde":
        from pkqsp_bayes.ode.lowering.lower import lower_system

        return lower_system(self.system)

    def _check(self) -> _Checked:
        from pkqsp_bayes.ode.checks import run_checks
        from pkqsp_bayes.ode.checks.units import output_units
        from pkqsp_bayes.ode.interface import describe_interface

        outcomes = run_checks(self.spec, self.system)
        issues = [issue for found in outcomes.values() for issue in found]
        if any(issue.severity == "error" for issue in issues):
            raise CheckError(issues)
        return _Checked(
            interface=describe_interface(self.system),
            outcomes=outcomes,
            output_units=output_units(self.spec, self.system),
        )

    def _find_structure(self) -> _Structure:
        from pkqsp_bayes.ode.lowering.structure import (
            find_own_inputs,
            find_reached_outputs,
            find_unread_states,
        )

        reached = find_reached_outputs(self.lowered)
        return _Structure(
            reached={name: tuple(sorted(outputs)) for name, outputs in reached.items()},
            unread=find_unread_states(self.lowered),
            own_inputs=find_own_inputs(self.lowered),
        )

    def _find_formulas(self) -> Formulas:
        from pkqsp_bayes.ode.formulas import find_formulas

        return find_formulas(self.system)

    def _find_baselines(self, dosed: tuple[str, ...]) -> dict[str, Baseline]:
        from pkqsp_bayes.ode.checks.baseline import baseline_outputs

        return baseline_outputs(self.system, dosed=dosed)

    def _emit_header(self) -> str:
        from pkqsp_bayes.emit.cpp import emit_cpp

        return emit_cpp(self.lowered)

    def _emit_stan(self, method: str) -> str:
        from pkqsp_bayes.emit.stan import emit_stan
        from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline

        timeline = emit_stan_timeline(self.lowered, prefix=PREFIX, solver=method)
        return emit_stan(self.lowered, prefix=PREFIX) + timeline

    def _emit(self, form: str) -> str:
        from pkqsp_bayes.emit.equations import emit_equations, emit_json, emit_latex
        from pkqsp_bayes.emit.mathml import emit_mathml

        emit = {
            "equations": emit_equations,
            "latex": emit_latex,
            "mathml": emit_mathml,
            "json": emit_json,
        }[form]
        return emit(self.system)


def _system_class() -> "type[OdeSystem]":
    from pkqsp_bayes.ode.system import OdeSystem

    return OdeSystem


def _lowered_class() -> "type[LoweredOde]":
    from pkqsp_bayes.ode.lowering.lowered import LoweredOde

    return LoweredOde


FORMS: Mapping[str, Callable[[CompiledModel], str]] = {
    "equations": lambda model: model._text("equations", lambda: model._emit("equations")),
    "latex": lambda model: model._text("latex", lambda: model._emit("latex")),
    "mathml": lambda model: model._text("mathml", lambda: model._emit("mathml")),
    "stan": lambda model: model.stan_functions(),
    "cpp": lambda model: model.header,
    "json": lambda model: model._text("json", lambda: model._emit("json")),
}
"""The printer of each form."""


def compile_model(
    spec: ModelSpec, *, occasions: Sequence[str] = (), individual: Collection[str] = ()
) -> CompiledModel:
    r"""Compose and check a model; the other parts are computed when they are needed.

    The last sixteen models are kept in the process, and the parts of all models on disk.

    Parameters
    ----------
    spec : ModelSpec
        The stated model.
    occasions : sequence of str
        Labels of the study's occasions for between-occasion variability; without labels it is left
        out.
    individual : collection of str
        Known parameters that must be individual parameters all the same.

    Raises
    ------
    CheckError
        With all problems of composition or of the checks.

    Examples
    --------
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> model = parse_model('title = "decay"\nequations = "d(A)/dt = -0.1 * A; A(0) = 1"')
    >>> compiled = compile_model(model)
    >>> compiled.ode.states, compiled.lowered.linear
    (('A',), True)
    """
    spec = unfold_trajectories(spec)
    if all(p.iov is None for p in spec.population.parameters.values()):
        occasions = ()
    key = (format_model(spec), tuple(occasions), tuple(sorted(individual)))
    with _LOCK:
        compiled = _COMPILED.get(key)
        if compiled is None:
            compiled = CompiledModel(spec=spec, occasions=key[1], individual=key[2])
            _COMPILED[key] = compiled
        _COMPILED.move_to_end(key)
        while len(_COMPILED) > _MOST:
            _COMPILED.popitem(last=False)
    _ = compiled.warnings  # all problems now
    return compiled


def examine_model(spec: ModelSpec) -> tuple[CompiledModel | None, tuple[Issue, ...]]:
    r"""Compile a model and return all issues without raising an error.

    Parameters
    ----------
    spec : ModelSpec
        The stated model.

    Returns
    -------
    CompiledModel or None
        None if there are errors.
    tuple of Issue
        Errors and warnings of composition and of the checks.

    Examples
    --------
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> wrong = parse_model('title = "growth"\nequations = "d(A)/dt = A; A(0) = A"')
    >>> [issue.where for issue in examine_model(wrong)[1]]
    ['equations: d(A)/dt']
    """
    try:
        compiled = compile_model(spec)
    except CheckError as error:
        return None, error.issues
    return compiled, compiled.warnings
