"""IL-6 and CYP3A4 at published concentrations; CRP."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pkqsp_bayes.physiology.enzymes import (
    MACHAVARAM_2013,
    clearance_by_crp,
    crp_under_antibody,
    suppressed_activity,
    turnover_rate,
)

# Machavaram et al., Clin Pharmacol Ther 2013;94:260-8, as encoded in nlmixr2lib; percent.
_PRINTED = {50.0: 69.2, 73.2: 62.0, 100.0: 56.1, 200.0: 44.4, 500.0: 33.7}


@pytest.mark.parametrize(("il6", "percent"), _PRINTED.items())
def test_activity_at_steady_state(il6, percent):
    assert 100 * suppressed_activity(il6) == pytest.approx(percent, abs=0.1)


def test_turnover_reaches_the_steady_state_at_the_pace_of_degradation():
    """Half-life ln 2 / 0.0193 = 35.91 h; 99.03 % of the change after ten days."""
    assert math.log(2) / MACHAVARAM_2013.kdeg == pytest.approx(35.91, abs=0.01)
    solved = solve_ivp(
        lambda _, y: [turnover_rate(y[0], 500.0)], (0, 240), [1.0], rtol=1e-10, atol=1e-12
    )
    steady = suppressed_activity(500.0)
    reached = (1.0 - solved.y[0, -1]) / (1.0 - steady)
    assert reached == pytest.approx(0.9903, abs=1e-4)


def test_without_cytokine_the_enzyme_is_constant():
    assert turnover_rate(1.0, 0.0) == 0.0
    assert suppressed_activity(1e12) == pytest.approx(0.24)


def test_crp_under_an_antibody():
    """Li et al. 2018, healthy: baseline 1.16 mg/L, Imax 0.881, IC50 391 ng/mL."""
    assert crp_under_antibody(0.0, 1.16, 391.0, 0.881) == 1.16
    assert crp_under_antibody(391.0, 1.16, 391.0, 0.881) == pytest.approx(1.16 * (1 - 0.881 / 2))
    lupus = crp_under_antibody(np.array([388.0]), 2.42, 388.0, 0.932, hill=1.55)
    assert lupus[0] == pytest.approx(2.42 * (1 - 0.932 / 2))


def test_midazolam_in_critically_ill_children():
    """Vet et al. 2016: CRP 300 mg/L, factor 0.4974."""
    assert clearance_by_crp(300.0) == pytest.approx(0.4974, abs=5e-5)
