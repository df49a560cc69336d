"""A process counted twice: metabolism in a QSP module and the organ's own clearance."""

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.qsp.metabolism import linear_pathways
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_duplication"]


def check_duplication(spec: ModelSpec, _: OdeSystem) -> list[Issue]:
    """Report an organ where drug is metabolised by a module and by a phenomenological CLint."""
    issues: list[Issue] = []
    owners: dict[str, str] = {}
    for name, module in spec.qsp.items():
        if module.metabolism is None or module.organ is None:
            continue
        where = f"qsp.{name}.metabolism"
        pathways = [n for n, _ in linear_pathways(spec, module.organ)]
        if pathways and not module.metabolism.replaces_clint:
            what = f"{module.organ} has a CLint (elimination.{pathways[0]}) for the same process"
            remedy = "replaces_clint = true sets it to zero, calibrate = true takes k_met from it"
            issues.append(Issue(where=where, what=what, remedy=remedy))
        if module.metabolism.replaces_clint and module.organ in owners:
            what = f"qsp.{owners[module.organ]} replaces the clearance of {module.organ} already"
            issues.append(Issue(where=where, what=what, remedy="let one module metabolise"))
        owners.setdefault(module.organ, name)
    return issues
