"""Turnover of an enzyme or transporter with induction, suppression and inactivation.

``dE/dt = kdeg E0 s - kdeg d E - kinact C / (KI + C) E`` with E in units of its baseline. A signal S
(such as a cytokine) acts on synthesis, ``s = 1 + (top - 1) S^h / (EC50^h + S^h)``, or on
degradation, with the same form of ``d``. ``top`` is the limit of the factor for a strong signal:
Emin below one (suppression) or Emax above one (induction). Machavaram et al., Clin Pharmacol Ther
2013;94:260-8 for suppression; Mayhew, Jones & Hall, Drug Metab Dispos 2000;28:1031-7 for
mechanism-based inactivation.
"""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import Piecewise
from pkqsp_bayes.ode.qsp.module import Module

__all__ = ["add_enzyme_turnover"]

_TARGETS = ("synthesis", "degradation")


def add_enzyme_turnover(module: Module) -> None:
    """Add ``E`` with turnover kdeg and baseline ``E0`` (1 if not stated) before the signal.

    It starts at ``start`` (for a signal that has been present for long), else at the baseline.
    """
    variant = module.spec.variant or _TARGETS[0]
    if variant not in _TARGETS:
        what = f"{variant!r} is not a process that a signal acts on"
        module.draft.problem(f"{module.where}.variant", what, "use synthesis or degradation")
        return
    kdeg = module.parameter("kdeg", module.draft.rate_unit)
    baseline = module.optional("E0", sp.Integer(1), "")
    start = module.optional("start", baseline, "")
    enzyme = module.state("E", initial=start, unit="dimensionless")
    factor = _factor(module)
    loss = _inactivation(module)
    on_synthesis = variant == "synthesis"
    synthesis = kdeg * baseline * (factor if on_synthesis else 1)
    module.rate("E", synthesis, -(kdeg * (1 if on_synthesis else factor) + loss) * enzyme)
    taken = {"kdeg", "E0", "start", "signal", "EC50", "Emin", "Emax", "hill", "kinact", "KI", "C"}
    module.check_parameters(taken)


def _factor(module: Module) -> sp.Expr:
    """Return the factor of the signal on synthesis or degradation; 1 without a signal."""
    tops = [key for key in ("Emin", "Emax") if module.has(key)]
    if not module.has("signal"):
        if tops or module.has("EC50"):
            module.parameter("signal")  # reports it as missing
        elif not module.has("kinact"):
            what = "nothing acts on the enzyme"
            module.draft.problem(module.where, what, "state signal with EC50, or kinact with KI")
        return sp.Integer(1)
    if len(tops) != 1:
        what = "the effect of the signal has " + ("two limits" if tops else "no limit")
        module.draft.problem(f"{module.where}.parameters", what, "state one of Emin and Emax")
        return sp.Integer(1)
    signal, middle = module.parameter("signal"), module.parameter("EC50")
    share = signal / (middle + signal)
    if module.has("hill"):
        power = (signal / middle) ** module.parameter("hill", "")
        # Guarded: the derivative of S^h by h is not finite at S = 0.
        share = Piecewise((power / (1 + power), signal > 0), (sp.Integer(0), True))
    return module.helper("factor", 1 + (module.parameter(tops[0], "") - 1) * share)


def _inactivation(module: Module) -> sp.Expr:
    if not module.has("kinact"):
        return sp.Integer(0)
    c = module.concentration()
    rate = module.parameter("kinact", module.draft.rate_unit)
    return module.helper("inactivation", rate * c / (module.parameter("KI", module.unit) + c),
                         module.draft.rate_unit)  # fmt: skip
