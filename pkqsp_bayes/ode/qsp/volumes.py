"""Sub-volumes of an organ that a QSP module uses, rescaled if the model states it."""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import Piecewise
from pkqsp_bayes.ode.qsp.module import Module

__all__ = ["add_volumes"]


def add_volumes(module: Module) -> None:
    """Define ``<module>.<volume>`` for each sub-volume and put it into the module's scope.

    With ``rescale_volumes`` all are multiplied by lambda = V_organ / sum V_sub if lambda is below
    one; their ratios do not change.
    """
    spec = module.spec
    if not spec.volumes:
        return
    sizes = {
        key: module.draft.read(q, "L", where=f"{module.where}.volumes.{key}", scope=module.scope)
        for key, q in spec.volumes.items()
    }
    scale = _scale(module, sp.Add(*sizes.values()))
    for key, size in sizes.items():
        module.scope[key] = module.draft.define(
            f"{module.name}.{key}", size * scale, unit="L", where=f"{module.where}.volumes.{key}"
        )


def _scale(module: Module, total: sp.Expr) -> sp.Expr:
    place = module.organ()
    if not module.spec.rescale_volumes:
        return sp.Integer(1)
    where = f"{module.where}.rescale_volumes"
    if place is None or place.volume is None:
        module.draft.problem(where, "there is no organ to fit the volumes to", "state organ")
        return sp.Integer(1)
    ratio = module.draft.define(f"{module.name}.fit", place.volume / total, where=where)
    module.draft.notes.append(
        f"sub-volumes of {module.name} are multiplied by {module.name}.lambda = "
        f"V_organ / sum(V_sub), if that is below 1, to fit into {place.name}"
    )
    scale = Piecewise((ratio, ratio < 1), (sp.Integer(1), True))
    return module.draft.define(f"{module.name}.lambda", scale, where=where)
