"""The quinidine model: its clearance and volume against formulas by hand, AAG on and off."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.reading.toml import read_model
from tests.library.quinidine import Patient, oral_clearance, unbound, volume
from tests.ode.numeric import Numeric

PARAMETERS = {"CLint": 50.0, "ka": 0.6, "Kp_scale": 0.9, "share": 0.6}


@pytest.fixture(scope="module")
def system() -> OdeSystem:
    return compose_model(read_model(path("quinidine")))


def areas(numeric: Numeric, dose: float = 1.0) -> np.ndarray:
    """Return the area under each state from a dose on: the system is linear."""
    size = len(numeric.system.states)
    matrix = np.array([numeric.rhs(0.0, unit) for unit in np.eye(size)]).T
    return np.linalg.solve(matrix, -numeric.dosed(dose))


def clearance_of(system: OdeSystem, **covariates: float) -> float:
    """Return dose over the area under the plasma concentration."""
    numeric = Numeric(system, PARAMETERS, covariates)
    return 1 / numeric.outputs(0.0, areas(numeric))[0]


@pytest.mark.parametrize("level", [0.4, 0.8, 1.23, 3.0])
def test_unbound_fraction_by_hand(system: OdeSystem, level: float) -> None:
    numeric = Numeric(system, PARAMETERS, {"AAG": level})
    bound = (1 - 0.197) / 0.197
    expected = 1 / (1 + bound * (0.4 + 0.6 * level / 0.8))
    assert numeric.helper("fup.driven") == pytest.approx(expected, rel=1e-12)
    assert unbound(level, 0.6) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("level", "crcl"), [(0.4, 1), (1.23, 0), (2.5, 1)])
def test_oral_clearance_is_that_of_well_stirred_organs(
    system: OdeSystem, level: float, crcl: int
) -> None:
    patient = Patient(WT=63.0, HT=170.0, AGE=71.0, CRCL=crcl)
    expected = oral_clearance(patient, AAG=level, CLint=50.0, share=0.6)
    found = clearance_of(system, AAG=level, CRCL=crcl, WT=63, HT=170, AGE=71)
    assert found == pytest.approx(expected, rel=1e-9)


def test_volume_is_the_sum_of_tissues_by_rodgers_and_rowland(system: OdeSystem) -> None:
    patient = Patient(WT=63.0, HT=170.0, AGE=71.0, CRCL=1)
    numeric = Numeric(system, PARAMETERS, {"AAG": 1.5, "WT": 63, "HT": 170, "AGE": 71})
    expected = volume(patient, AAG=1.5, share=0.6, scale=0.9)
    assert numeric.helper("Vss") == pytest.approx(expected, rel=1e-9)


def test_without_a_share_glycoprotein_moves_nothing(system: OdeSystem) -> None:
    off = PARAMETERS | {"share": 0.0}
    low, high = (Numeric(system, off, {"AAG": level}) for level in (0.4, 3.0))
    np.testing.assert_allclose(areas(low), areas(high), rtol=1e-12)
    assert clearance_of(system, AAG=0.4) > 2 * clearance_of(system, AAG=3.0)


def test_half_life_hardly_moves_as_clearance_and_volume_fall_together(system: OdeSystem) -> None:
    """Drug leaves plasma for tissue and for elimination by the one unbound fraction."""
    slowest = []
    for level in (0.8, 2.5):
        numeric = Numeric(system, PARAMETERS | {"ka": 50.0}, {"AAG": level})
        matrix = np.array([numeric.rhs(0.0, unit) for unit in np.eye(len(numeric.states))]).T
        slowest.append(-np.linalg.eigvals(matrix).real.max())
    assert slowest[1] == pytest.approx(slowest[0], rel=0.1)


def test_a_fifth_is_filtered_or_secreted_in_health(system: OdeSystem) -> None:
    clearances = [clearance_of(system, AAG=0.8, CRCL=crcl) for crcl in (0, 1)]
    fall = np.log(clearances[1] / clearances[0])
    assert 0.05 < fall < 0.2  # nlme: 0.21, of which the mechanism explains half


def test_the_study_fits_the_model() -> None:
    model, study = pq.load_model("quinidine"), pq.load_dataset("quinidine")
    assert pq.check(model, study) == []
    assert len(study.subjects) == 136
