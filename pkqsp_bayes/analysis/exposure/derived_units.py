"""Units of derived parameters, and the factor between dose and concentration."""

from dataclasses import dataclass

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.subjects import dose_unit
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.units import UnitError, amount_factor, split_log

__all__ = ["DerivedUnits", "derived_units"]

_VOLUME = "L"


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedUnits:
    """Units of concentration, time and volume.

    Parameters
    ----------
    concentration, time, volume : str
        The units.
    factor : float
        Unit of the dose, in units of concentration times volume.
    """

    concentration: str
    time: str
    volume: str
    factor: float

    def of(self, name: str) -> str:
        """Return the unit of a derived parameter.

        Examples
        --------
        >>> units = DerivedUnits(concentration="mg/L", time="h", volume="L", factor=1.0)
        >>> [units.of(name) for name in ("CL/F", "Vz/F", "half_life", "AUC", "Cmax")]
        ['L/h', 'L', 'h', 'mg/L*h', 'mg/L']
        """
        if name.startswith("CL"):
            return f"{self.volume}/{self.time}"
        if name.startswith("V"):
            return self.volume
        named = {"AUC": f"{self.concentration}*{self.time}", "Cmax": self.concentration}
        return named.get(name, self.time)


def derived_units(compiled: CompiledModel, output: str, to: str) -> DerivedUnits:
    """Return the units of derived parameters.

    Parameters
    ----------
    compiled : CompiledModel
        The model.
    output : str
        The output.
    to : str
        Dosing compartment.

    Raises
    ------
    CheckError
        If the output is not a concentration of the amount that is dosed.
    """
    unit, dosed = compiled.output_units.get(output), dose_unit(compiled.spec, to)
    if not unit:
        remedy = f'state it: [observe.{output}] unit = "mg/L"'
        raise CheckError([Issue(where=f"observe.{output}", what="it has no unit", remedy=remedy)])
    base, plain = split_log(unit)
    if base:
        remedy = "give an output on the natural scale; add one to the model if there is none"
        what = f"it is a logarithm ({unit})"
        raise CheckError([Issue(where=f"observe.{output}", what=what, remedy=remedy)])
    try:
        factor = amount_factor(dosed, f"({plain})*{_VOLUME}", compiled.ode.molar_mass)
    except UnitError as error:
        remedy = (
            "give an output that is a concentration of the drug; between mass and moles state "
            "drug.MW, in g/mol, in the model file"
        )
        what = f"clearance needs a concentration of the dose in {dosed}; {error}"
        raise CheckError([Issue(where=f"observe.{output}", what=what, remedy=remedy)]) from None
    return DerivedUnits(
        concentration=plain, time=compiled.spec.time_unit, volume=_VOLUME, factor=factor
    )
