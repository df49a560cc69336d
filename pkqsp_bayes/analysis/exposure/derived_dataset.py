"""The result of `derived_parameters`: values, units, and reasons for missing ones."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.exposure.derived_units import DerivedUnits
from pkqsp_bayes.analysis.exposure.reference_dose import (
    describe_dose,
    is_intravenous,
    states_bioavailability,
)
from pkqsp_bayes.analysis.exposure.single_dose import SingleDose
from pkqsp_bayes.engine.compiled_model import CompiledModel

__all__ = ["MISSING", "derived_names", "describe_linearity", "make_dataset", "without_values"]

FloatArray = NDArray[np.float64]
MISSING = 0.05
"""Largest share of draws, or of subjects, without a value."""
_LINEAR = 0.01
"""Change of CL at half of the dose from which the model is called nonlinear."""


def derived_names(compiled: CompiledModel, case: SingleDose) -> list[str]:
    """Return the names of the derived parameters, which depend on the route."""
    vein = is_intravenous(compiled, case.dose.to, case.output)
    per = "/F" if not vein or states_bioavailability(compiled, case.dose.to) else ""
    volumes = [f"Vss{per}", f"Vz{per}"] if vein else [f"Vz{per}"]
    return [f"CL{per}", *volumes, "half_life", "MRT", "AUC", "Cmax", "tmax"]


def describe_linearity(
    case: SingleDose, compiled: CompiledModel, ratio: float
) -> dict[str, str | int]:
    """Return whether CL is the same at half of the dose, and a note."""
    dose = describe_dose(compiled, case.dose)
    linear = abs(ratio - 1) < _LINEAR
    if linear:
        text = f"Single dose of {dose}. CL is the same at half of the dose"
    else:
        text = (
            f"At the reference dose, {dose}: the model is nonlinear, and CL at half of this dose "
            f"is {ratio:.3g} times as large; other doses have other values"
        )
    return {"linear": int(linear), "note": text}


def _reasons(case: SingleDose, values: Mapping[str, FloatArray]) -> dict[str, str]:
    """Return why a parameter has no values; it is empty where it has."""
    found = {}
    for name, each in values.items():
        lost = float(np.mean(~np.isfinite(each)))
        text = ""
        if lost > MISSING:
            terminal = name == "half_life" or name.startswith("Vz")
            why = (
                "the slope of the logarithm does not become constant: no terminal phase"
                if terminal
                else f"more than 1 % of the AUC of {case.output} is after the last time"
            )
            text = f"{why} (in {lost:.0%} of the draws)"
        found[name] = text
    return found


def make_dataset(
    case: SingleDose,
    compiled: CompiledModel,
    units: DerivedUnits,
    typical: Mapping[str, FloatArray],
    cv: Mapping[str, float],
) -> xr.Dataset:
    """Return the result; values that most draws lack are left out, with the reason."""
    reasons = _reasons(case, typical)
    kept = [np.where(reasons[n] == "", values, np.nan) for n, values in typical.items()]
    names = list(typical)
    return xr.Dataset(
        {
            "typical": (("draw", "parameter"), np.column_stack(kept)),
            "cv": ("parameter", [np.nan if reasons[n] else cv[n] for n in names]),
        },
        coords={
            "parameter": names,
            "unit": ("parameter", [units.of(name) for name in names]),
            "reason": ("parameter", [reasons[name] for name in names]),
        },
        attrs={
            "model": compiled.spec.title, "output": case.output,
            "dose": describe_dose(compiled, case.dose), "time_unit": compiled.spec.time_unit,
        },
    )  # fmt: skip


def without_values(
    case: SingleDose, compiled: CompiledModel, units: DerivedUnits, draws: int, reason: str
) -> xr.Dataset:
    """Return a result that has no value, with the reason."""
    names = derived_names(compiled, case)
    empty = {name: np.full(draws, np.nan) for name in names}
    result = make_dataset(case, compiled, units, empty, dict.fromkeys(names, float("nan")))
    result["reason"] = ("parameter", [reason] * len(names))
    return result.set_coords("reason").assign_attrs(note=f"Not given: {reason}")
