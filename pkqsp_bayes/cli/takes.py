"""Options that several commands share are stated once, and handed on as one argument."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["takes"]


def takes(name: str, build: Callable[..., object]) -> Callable[[Callable[..., None]], Any]:
    """Give a command the options of `build` in place of its argument `name`.

    Parameters
    ----------
    name : str
        Argument of the command; it becomes what `build` returns of the options.
    build : callable
        Its parameters are annotated as those of a command.

    Examples
    --------
    >>> def amount(*, dose: int, n: int = 1) -> int:
    ...     return dose * n
    >>> @takes("given", amount)
    ... def show(model: str, *, given: int, quiet: bool = False) -> None:
    ...     print(model, given)
    >>> str(inspect.signature(show))
    '(model: str, *, dose: int, n: int = 1, quiet: bool = False) -> None'
    >>> show(model="x", dose=5, n=2)
    x 10
    """
    own = inspect.signature(build).parameters

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def call(**values: Any) -> None:
            mine = {key: values.pop(key) for key in own if key in values}
            function(**{name: build(**mine)}, **values)

        signature = _joined(inspect.signature(function), name, list(own.values()))
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
        return call

    return decorate


def _joined(
    signature: inspect.Signature, name: str, own: list[inspect.Parameter]
) -> inspect.Signature:
    """Return the signature with other parameters where `name` was, positional ones first."""
    found: list[inspect.Parameter] = []
    for key, parameter in signature.parameters.items():
        found += own if key == name else [parameter]
    return signature.replace(parameters=sorted(found, key=lambda p: p.kind))
