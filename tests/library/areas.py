"""Areas under curves of drug that is handled linearly, without integrating anything."""

import numpy as np

from tests.ode.numeric import Numeric

__all__ = ["area", "state_after"]


def area(model: Numeric, amount: float, target: str) -> float:
    """Return the area under the first output after one dose, whatever holds no drug being at rest.

    There ``dA/dt = M A``, so the integral of ``A`` over all time is ``-M^-1 A(0)``.
    """
    states, rest = model.system.states, model.initial()
    drug = np.array([s.drug != 0 for s in states])
    still = model.rhs(0.0, rest)
    np.testing.assert_allclose(still, 0.0, atol=1e-14)
    matrix = np.array([model.rhs(0.0, rest + unit)[drug] for unit in np.eye(len(states))[drug]]).T
    start = state_after(model, amount, target) - rest
    whole = rest.copy()
    whole[drug] -= np.linalg.solve(matrix, start[drug])
    return float(model.outputs(0.0, whole)[0])


def state_after(model: Numeric, amount: float, target: str) -> np.ndarray:
    """Return the initial state with a bolus in a dosing compartment, called by name."""
    return model.dosed(amount, [d.name for d in model.system.doses].index(target))
