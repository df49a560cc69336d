"""Components of a system: the steps of composition, with what each needs and provides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pkqsp_bayes.ode.components.draft import Draft

__all__ = ["Component", "check_order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One step of composition.

    Parameters
    ----------
    name : str
        Name in messages.
    build : callable
        Adds to the draft what the model states, if anything.
    needs : tuple of str
        Sections of the draft that must be complete before.
    gives : tuple of str
        Sections of the draft that it completes.
    """

    name: str
    build: Callable[[Draft], None]
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


def check_order(components: Sequence[Component]) -> None:
    """Raise an error if a component needs a section that no earlier component gives.

    Parameters
    ----------
    components : sequence of Component
        In the order in which they build.

    Raises
    ------
    ValueError
        If a component lacks a section, or if two components give the same section.

    Examples
    --------
    >>> pools = Component(name="pools", build=lambda draft: None, gives=("places",))
    >>> doses = Component(name="doses", build=lambda draft: None, needs=("places",))
    >>> check_order((pools, doses))
    >>> check_order((doses, pools))
    Traceback (most recent call last):
    ...
    ValueError: 'doses' needs places, which no component before it gives
    """
    given: set[str] = set()
    for component in components:
        missing = [section for section in component.needs if section not in given]
        if missing:
            lacks = ", ".join(missing)
            msg = f"{component.name!r} needs {lacks}, which no component before it gives"
            raise ValueError(msg)
        twice = given.intersection(component.gives)
        if twice:
            msg = f"{component.name!r} gives {', '.join(sorted(twice))} a second time"
            raise ValueError(msg)
        given.update(component.gives)
