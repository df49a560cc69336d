"""Quantities: numbers or expressions with an optional unit."""

from dataclasses import dataclass

__all__ = ["Quantity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """The right-hand side of an assignment in a model file.

    In TOML it is a number (``fup = 0.028``), a text in the equation grammar
    (``volume = "0.0257 * WT / 1.04"``), or a table that also states a unit
    (``volume = { value = "1.8e3", unit = "mL" }``).

    Parameters
    ----------
    value : int, float or str
        A number, or an expression in the equation grammar (`pkqsp_bayes.ode.expressions.grammar`).
    unit : str or None
        Pint unit text; ``""`` is dimensionless. ``None`` means the natural unit at that place, in
        the units of the model: volumes L, flows and clearances L per ``time_unit``, amounts
        ``amount_unit``, concentrations ``amount_unit``/L, rate constants 1 per ``time_unit``.

    Examples
    --------
    >>> Quantity(value=1.8, unit="L").is_number
    True
    """

    value: float | str
    unit: str | None = None

    @property
    def is_number(self) -> bool:
        """Return whether the value is a plain number."""
        return not isinstance(self.value, str)
