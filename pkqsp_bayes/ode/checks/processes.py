"""Check for metabolism that is counted twice, in a QSP module and as clearance of its organ."""

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.qsp.metabolism import linear_pathways
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_duplication"]


def check_duplication(spec: ModelSpec, _: OdeSystem) -> list[Issue]:
    """Report organs in which both a module and a phenomenological CLint metabolise the drug."""
    issues: list[Issue] = []
    owners: dict[str, str] = {}
    for name, module in spec.qsp.items():
        if module.metabolism is None or module.organ is None:
            continue
        where = f"qsp.{name}.metabolism"
        pathways = [n for n, _ in linear_pathways(spec, module.organ)]
        if pathways and not module.metabolism.replaces_clint:
            what = f"{module.organ} has a CLint (elimination.{pathways[0]}) for the same process"
            remedy = (
                "replaces_clint = true sets it to zero, calibrate = true computes k_met from it"
            )
            issues.append(Issue(where=where, what=what, remedy=remedy))
        if module.metabolism.replaces_clint and module.organ in owners:
            what = f"qsp.{owners[module.organ]} already replaces the clearance of {module.organ}"
            issues.append(Issue(where=where, what=what, remedy="keep the metabolism in one module"))
        owners.setdefault(module.organ, name)
    return issues
