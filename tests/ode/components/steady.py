"""Steady states of composed models, where they are linear in the drug."""

from collections.abc import Mapping

import numpy as np

from tests.ode.components.models import compose
from tests.ode.numeric import Numeric

__all__ = ["Rest"]


class Rest:
    """A composed model under constant infusion: what its helpers are when nothing moves."""

    def __init__(self, text: str, inflow: Mapping[str, float], **covariates: float) -> None:
        system = compose(text)
        self.numeric = numeric = Numeric(system, covariates=covariates)
        self.names = [s.name for s in system.states]
        zero = np.zeros(len(self.names))
        fixed = numeric.rhs(0.0, zero)
        columns = [numeric.rhs(0.0, unit) - fixed for unit in np.eye(len(self.names))]
        rates = np.array([inflow.get(name, 0.0) for name in self.names])
        self.amounts = np.linalg.solve(np.array(columns).T, -fixed - rates)
        self.outputs = dict(
            zip((o.name for o in system.outputs), numeric.outputs(0.0, self.amounts), strict=True)
        )
