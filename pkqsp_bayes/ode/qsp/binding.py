"""Receptor turnover with drug binding (Mager & Jusko 2001), full and approximated.

``dR/dt = ksyn - kdeg R - kon R C + koff RC`` and ``dRC/dt = kon R C - koff RC - kint RC``. In an
organ, binding removes drug from the organ, and internalisation of the complex eliminates the bound
drug: target-mediated disposition. The approximations are those of Gibiansky et al., J Pharmacokinet
Pharmacodyn 2008;35:573. With them the state of the organ holds free and bound drug, and its
concentration is that of free drug wherever it is read.
"""

import sympy as sp

from pkqsp_bayes.ode.components.draft import Place
from pkqsp_bayes.ode.components.numbers import amount_conversion
from pkqsp_bayes.ode.expressions.symbols import Piecewise
from pkqsp_bayes.ode.qsp.module import Module

__all__ = ["add_binding"]


def add_binding(module: Module) -> None:
    """Add receptor turnover in the variant that the module states (``full`` by default)."""
    variant = module.spec.variant or "full"
    if variant == "full":
        _add_full(module)
    elif variant in ("qe", "qss"):
        _add_equilibrium(module, variant)
    elif variant == "mm":
        _add_michaelis_menten(module)
    else:
        what = f"{variant!r} is not a form of binding"
        module.draft.problem(f"{module.where}.variant", what, "use full, qe, qss or mm")


def _turnover(module: Module) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Return synthesis, degradation and baseline; two of ksyn, kdeg, R0 determine the third."""
    time = module.draft.spec.time_unit
    kdeg = module.parameter("kdeg", module.draft.rate_unit)
    if module.has("R0") and not module.has("ksyn"):
        baseline = module.parameter("R0", module.unit)
        return kdeg * baseline, kdeg, baseline
    ksyn = module.parameter("ksyn", f"{module.unit}/{time}")
    return ksyn, kdeg, module.optional("R0", ksyn / kdeg, module.unit)


def _add_full(module: Module) -> None:
    draft, unit = module.draft, module.unit
    ksyn, kdeg, baseline = _turnover(module)
    kon = module.parameter("kon", f"1/({unit})/{draft.spec.time_unit}")
    koff = module.parameter("koff", draft.rate_unit)
    kint = module.parameter("kint", draft.rate_unit)
    c = module.concentration()
    place = module.organ()
    content = sp.Integer(0) if place is None else _space(module, place) * module.to_amount()
    r = module.state("R", initial=baseline, unit=unit)
    rc = module.state("RC", initial=sp.Integer(0), unit=unit, drug=content)
    bound = kon * r * c - koff * rc
    module.rate("R", ksyn, -kdeg * r, -bound)
    module.rate("RC", bound, -kint * rc)
    module.helper("occupancy", rc / (r + rc))
    if place is not None:
        per_time = f"{draft.amount_unit}/{draft.spec.time_unit}"
        draft.gain(place, -module.helper("uptake", content * bound, per_time))
        draft.eliminated.append(module.helper("internalised", content * kint * rc, per_time))
    module.check_parameters({"ksyn", "kdeg", "R0", "kon", "koff", "kint", "C", "V"})


def _space(module: Module, place: Place) -> sp.Expr:
    """Return the volume that the receptor's concentration refers to: ``V``, or the organ's."""
    assert place.volume is not None  # noqa: S101 - Module.organ checked it
    return module.optional("V", place.volume, "L")


def _half_saturation(module: Module, variant: str) -> tuple[sp.Expr, sp.Expr]:
    """Return the constant of the approximation, KD or Kss, and kint."""
    draft, unit = module.draft, module.unit
    kint = module.parameter("kint", draft.rate_unit)
    name = "KD" if variant == "qe" else "Kss"
    if module.has(name):
        return module.parameter(name, unit), kint
    koff = module.parameter("koff", draft.rate_unit)
    kon = module.parameter("kon", f"1/({unit})/{draft.spec.time_unit}")
    leaving = koff if variant == "qe" else koff + kint
    return module.helper(name, leaving / kon, unit), kint


def _add_equilibrium(module: Module, variant: str) -> None:
    """Add the total receptor; free drug is the positive root of the binding equilibrium."""
    unit, place = module.unit, module.organ()
    ksyn, kdeg, baseline = _turnover(module)
    half, kint = _half_saturation(module, variant)
    r = module.state("Rtot", initial=baseline, unit=unit)
    c = _free_concentration(module, place, r, half) if place else module.concentration()
    bound = module.helper("RC", r * c / (half + c), unit)
    module.rate("Rtot", ksyn, -kdeg * r, -(kint - kdeg) * bound)
    module.helper("occupancy", bound / r)
    _internalise(module, place, kint, bound)
    names = {"ksyn", "kdeg", "R0", "kon", "koff", "kint", "KD" if variant == "qe" else "Kss", "V"}
    module.check_parameters(names if place is not None else names | {"C"})


def _internalise(module: Module, place: Place | None, kint: sp.Expr, bound: sp.Expr) -> None:
    """Eliminate bound drug from the organ, if there is one, with the receptor."""
    if place is not None:
        per_time = f"{module.draft.amount_unit}/{module.draft.spec.time_unit}"
        loss = _space(module, place) * module.to_amount() * kint * bound
        module.draft.eliminate(place, module.helper("internalised", loss, per_time))


def _free_concentration(module: Module, place: Place, r: sp.Expr, half: sp.Expr) -> sp.Expr:
    """Replace the concentration of the organ by that of free drug wherever it is read."""
    draft, unit = module.draft, module.unit
    if place.total is None or not place.total.is_Symbol:
        what = f"{place.name} is not an organ or pool with a concentration of free drug"
        draft.problem(f"{module.where}.variant", what, "use variant full, or an organ")
        return module.concentration()
    target = str(place.total)
    if target in draft.driven:
        what = f"{target} is already driven by another link"
        draft.problem(
            module.where, what, "keep one equilibrium binding per organ, or use variant full"
        )
    factor = amount_conversion(draft, draft.concentration_unit, unit, where=module.where)
    base = module.helper("Ctot", draft.base_of(target) * factor, unit)
    excess = base - r - half
    free = module.helper("Cfree", _positive_root(module.helper("excess", excess, unit), half, base))
    draft.define(f"{target}.free", free / factor, unit=draft.concentration_unit, where=module.where)
    draft.driven[target] = f"{target}.free"
    return free


def _positive_root(excess: sp.Expr, half: sp.Expr, base: sp.Expr) -> sp.Expr:
    """Solve ``C^2 - excess C - half base = 0`` without subtracting nearly equal numbers."""
    root = sp.sqrt(excess**2 + 4 * half * base)
    return Piecewise(((excess + root) / 2, excess > 0), (2 * half * base / (root - excess), True))


def _add_michaelis_menten(module: Module) -> None:
    """Add saturable elimination with Vmax = kint R0 and Km = Kss; the receptor stays constant."""
    unit, place = module.unit, module.organ()
    half, kint = _half_saturation(module, "qss")
    if module.has("R0"):
        baseline = module.parameter("R0", unit)
    else:
        _, _, baseline = _turnover(module)
    c = module.concentration()
    bound = module.helper("RC", baseline * c / (half + c), unit)
    module.helper("occupancy", bound / baseline)
    _internalise(module, place, kint, bound)
    module.check_parameters({"ksyn", "kdeg", "R0", "kon", "koff", "kint", "Kss", "C", "V"})
