"""The order of composition: what a component needs is given before it."""

from collections import Counter

import pytest

from pkqsp_bayes.ode.components.component import Component, check_order
from pkqsp_bayes.ode.compose import COMPONENTS


def test_the_order_is_one_in_which_needs_are_met() -> None:
    check_order(COMPONENTS)
    given = [section for component in COMPONENTS for section in component.gives]
    assert max(Counter(given).values()) == 1
    assert {section for c in COMPONENTS for section in c.needs} <= set(given)


@pytest.mark.parametrize("component", [c for c in COMPONENTS if c.needs], ids=lambda c: c.name)
def test_a_component_before_what_it_needs_is_refused(component: Component) -> None:
    others = [c for c in COMPONENTS if c is not component]
    last = max(i for i, c in enumerate(others) if set(c.gives) & set(component.needs))
    check_order([*others[: last + 1], component])
    with pytest.raises(ValueError, match=f"'{component.name}' needs {component.needs[0]}"):
        check_order([component, *others])
    for i in range(last + 1):
        with pytest.raises(ValueError, match="which no component before it gives"):
            check_order([*others[:i], component, *others[i:]])


def test_a_section_has_one_giver() -> None:
    twice = Component(name="again", build=COMPONENTS[0].build, gives=("names",))
    with pytest.raises(ValueError, match="'again' gives names a second time"):
        check_order([*COMPONENTS, twice])
