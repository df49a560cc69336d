"""Pharmacodynamic models: indirect responses, transduction, effect compartment, Friberg.

Dayneka, Garg & Jusko, J Pharmacokinet Biopharm 1993;21:457 (indirect responses); Friberg et al.,
J Clin Oncol 2002;20:4713 (myelosuppression).
"""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import Piecewise
from pkqsp_bayes.ode.qsp.module import Module

__all__ = [
    "add_effect_compartment",
    "add_friberg",
    "add_indirect_response",
    "add_transduction_chain",
]

_ZERO = sp.Integer(0)
_MOST_COMPARTMENTS = 50


def _sigmoid(module: Module, top: str, half: str) -> sp.Expr:
    """Return ``top C^h / (half^h + C^h)`` with h from ``hill`` (1 if not stated)."""
    c, middle = module.concentration(), module.parameter(half, module.unit)
    if not module.has("hill"):
        return module.parameter(top) * c / (middle + c)
    # Guarded: the derivative of C^h by h is not finite at C = 0, the start of every study.
    power = (c / middle) ** module.parameter("hill", "")
    return Piecewise((module.parameter(top) * power / (1 + power), c > 0), (_ZERO, True))


def add_indirect_response(module: Module) -> None:
    """Add ``R`` with production kin and loss kout, one of them inhibited or stimulated."""
    variant = module.spec.variant or "inhibit-input"
    action, _, target = variant.partition("-")
    if action not in ("inhibit", "stimulate") or target not in ("input", "loss"):
        what = f"{variant!r} is not an indirect response"
        remedy = "use inhibit-input, inhibit-loss, stimulate-input or stimulate-loss"
        module.draft.problem(f"{module.where}.variant", what, remedy)
        return
    inhibits = action == "inhibit"
    top, half = ("Imax", "IC50") if inhibits else ("Emax", "EC50")
    effect = module.helper("effect", _sigmoid(module, top, half))
    factor = 1 - effect if inhibits else 1 + effect
    kout = module.parameter("kout", module.draft.rate_unit)
    kin, baseline = _production(module, kout)
    r = module.state("R", initial=baseline)
    on_input = target == "input"
    module.rate("R", kin * factor if on_input else kin, -kout * r * (1 if on_input else factor))
    module.check_parameters({"kin", "kout", "R0", top, half, "hill", "C"})


def _production(module: Module, kout: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    if module.has("R0") and not module.has("kin"):
        baseline = module.parameter("R0")
        return kout * baseline, baseline
    kin = module.parameter("kin")
    return kin, module.optional("R0", kin / kout)


def _drug_effect(module: Module) -> tuple[sp.Expr, set[str]]:
    """Return the effect of the drug, ``linear`` or ``emax``, and its parameters."""
    variant = module.spec.variant or "linear"
    if variant == "emax":
        return _sigmoid(module, "Emax", "EC50"), {"Emax", "EC50", "hill", "C"}
    if variant != "linear":
        what = f"{variant!r} is not a drug effect of {module.spec.template}"
        module.draft.problem(f"{module.where}.variant", what, "use linear or emax")
    return module.parameter("slope") * module.concentration(), {"slope", "C"}


def _count(module: Module, default: int) -> int:
    n = module.spec.n if module.spec.n is not None else default
    if 1 <= n <= _MOST_COMPARTMENTS:
        return n
    what = f"{n} compartments (1 to {_MOST_COMPARTMENTS})"
    module.draft.problem(f"{module.where}.n", what, "state a number in this range")
    return default


def add_transduction_chain(module: Module) -> None:
    """Add ``E1`` to ``En``: each follows the one before it with mean time ``tau``."""
    effect, names = _drug_effect(module)
    tau = module.parameter("tau", module.draft.spec.time_unit)
    signal: sp.Expr = module.helper("effect", effect)
    for i in range(_count(module, 3)):
        state = module.state(f"E{i + 1}", initial=sp.Integer(0))
        module.rate(f"E{i + 1}", (signal - state) / tau)
        signal = state
    module.check_parameters(names | {"tau"})


def add_effect_compartment(module: Module) -> None:
    """Add ``Ce``, which follows the concentration with rate constant ``ke0``."""
    ke0 = module.parameter("ke0", module.draft.rate_unit)
    c = module.concentration()
    ce = module.state("Ce", initial=sp.Integer(0), unit=module.unit)
    module.rate("Ce", ke0 * (c - ce))
    module.check_parameters({"ke0", "C"})


def add_friberg(module: Module) -> None:
    """Add ``Prol``, ``T1`` to ``Tn`` and ``Circ`` of myelosuppression with feedback."""
    effect, names = _drug_effect(module)
    kill = module.helper("effect", effect)
    n = _count(module, 3)
    mtt = module.parameter("MTT", module.draft.spec.time_unit)
    ktr = module.helper("ktr", (n + 1) / mtt, module.draft.rate_unit)
    baseline, gamma = module.parameter("Circ0"), module.parameter("gamma", "")
    shorts = ["Prol", *(f"T{i + 1}" for i in range(n)), "Circ"]
    states = [module.state(short, initial=baseline) for short in shorts]
    feedback = (baseline / states[-1]) ** gamma
    module.rate("Prol", ktr * states[0] * (1 - kill) * feedback, -ktr * states[0])
    for short, source, state in zip(shorts[1:], states, states[1:], strict=False):
        module.rate(short, ktr * (source - state))
    module.check_parameters(names | {"MTT", "Circ0", "gamma"})
