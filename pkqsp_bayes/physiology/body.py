"""Bodies: organs, blood and flows as functions of the covariates of an individual."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import Value, is_number
from pkqsp_bayes.physiology.formula_ranges import ABOVE_ZERO, Limit, limit_issues

__all__ = ["FEMALE", "MALE", "Body", "Organ", "check_body"]

# SEX is a number in formulas; values between the two are interpolated linearly.
FEMALE, MALE = 0.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Organ:
    """One organ, without the blood of the pools.

    Parameters
    ----------
    volume : Value
        Volume, L.
    mass : Value
        Mass, kg.
    flow : Value or None
        Total outflow of blood, L/h; for the liver arterial and portal. None for the lungs, which
        receive the whole cardiac output.
    position : {"parallel", "series"}
        ``series``: between the venous and the arterial pool.
    drains_to : str or None
        ``liver`` for portal organs.
    fraction_vascular, fraction_interstitial : float or None
        Volume fractions of the organ in vivo, including its blood.
    functional : Value
        Functional share of the tissue: a factor of the activity of enzymes and transporters.
    """

    volume: Value
    mass: Value
    flow: Value = None
    position: Literal["parallel", "series"] = "parallel"
    drains_to: str | None = None
    fraction_vascular: float | None = None
    fraction_interstitial: float | None = None
    functional: Value = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of one species.

    The masses of the organs and of the blood add up to the weight. The flows of the organs that
    drain into the veins add up to the cardiac output.

    Parameters
    ----------
    species : str
        One of `pkqsp_bayes.physiology.species.species_names`.
    organs : mapping of str to Organ
        Organs by name; ``rest`` is the remainder of the body.
    arterial_volume, venous_volume : Value
        Blood volumes of the pools, L.
    weight : Value
        Weight, kg.
    cardiac_output : Value
        Cardiac output, L/h.
    haematocrit : Value
        Haematocrit, a fraction.
    gfr : Value
        Glomerular filtration rate, L/h.
    height : Value or None
        Height of humans, cm.
    albumin, aag : Value or None
        Concentrations in plasma, g/L; None where no source states them.
    sources : tuple of str
        Citations and assumptions.
    """

    species: str
    organs: Mapping[str, Organ]
    arterial_volume: Value
    venous_volume: Value
    weight: Value
    cardiac_output: Value
    haematocrit: Value
    gfr: Value
    height: Value = None
    albumin: Value = None
    aag: Value = None
    sources: tuple[str, ...] = field(default=())

    @property
    def blood_volume(self) -> Value:
        """Total blood volume, L."""
        return self.arterial_volume + self.venous_volume

    @property
    def plasma_volume(self) -> Value:
        """Total plasma volume, L."""
        return self.blood_volume * (1.0 - self.haematocrit)

    @property
    def portal_organs(self) -> tuple[str, ...]:
        """Names of the organs that drain into the liver."""
        return tuple(name for name, organ in self.organs.items() if organ.drains_to == "liver")


# Relative rounding error of sums of tabulated figures.
_CLOSURE = 1e-9


def check_body(body: Body) -> Body:
    """Return the body if its numbers (or arrays of them) are valid; symbols are not checked.

    Raises
    ------
    CheckError
        With every organ that is negative or empty, portal flows above the flow of the liver, flows
        that do not add up to the cardiac output, or a haematocrit outside (0, 1).

    Examples
    --------
    >>> from pkqsp_bayes.physiology.species import reference_body
    >>> check_body(reference_body("human", WT=73.0)).species
    'human'
    """
    issues = [*_signs(body), *_flows(body)]
    if is_number(body.haematocrit) and not 0.0 < body.haematocrit < 1.0:
        what = f"haematocrit is {body.haematocrit:g}"
        issues.append(Issue(where="body.haematocrit", what=what, remedy="in (0, 1)"))
    if issues:
        raise CheckError(issues)
    return body


def _signs(body: Body) -> list[Issue]:
    stated: dict[str, Value] = {
        "body.arterial_volume": body.arterial_volume,
        "body.venous_volume": body.venous_volume,
        "body.weight": body.weight,
        "body.cardiac_output": body.cardiac_output,
    }
    for name, organ in body.organs.items():
        stated[f"organs.{name}.volume"] = organ.volume
        if organ.flow is not None:
            stated[f"organs.{name}.flow"] = organ.flow
    remedy = "it must be above 0: weight, height and the stated organs are inconsistent"
    return limit_issues(
        Limit(name="it", value=value, low=ABOVE_ZERO, high=float("inf"), where=where, remedy=remedy)
        for where, value in stated.items()
    )


def _flows(body: Body) -> list[Issue]:
    flows = {name: organ.flow for name, organ in body.organs.items() if organ.flow is not None}
    if not all(map(is_number, [*flows.values(), body.cardiac_output])):
        return []
    issues = []
    total = sum(flow for name, flow in flows.items() if body.organs[name].drains_to is None)
    if abs(total - body.cardiac_output) > _CLOSURE * body.cardiac_output:
        what = (
            f"the flows add up to {total:g} L/h, but the cardiac output is {body.cardiac_output:g}"
        )
        issues.append(Issue(where="body.cardiac_output", what=what, remedy="make them equal"))
    portal = sum(flows[name] for name in body.portal_organs)
    if portal > flows.get("liver", portal):
        what = f"portal organs contribute {portal:g} L/h of a total of {flows['liver']:g} L/h"
        issues.append(
            Issue(
                where="organs.liver.flow",
                what=what,
                remedy="state the total flow, including the portal flows",
            )
        )
    return issues
