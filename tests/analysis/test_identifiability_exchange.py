"""Flip-flop kinetics: the other solution is found, and it is the exchange of two rates."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.identifiability.alternative_solutions import other_solutions
from pkqsp_bayes.engine.compiled_model import compile_model
from tests.analysis.test_identifiability_structural import INTO_CENTRAL, ORAL, PLAIN, _model

STUDY = pq.regimen(pq.Dose(amount=100), [1.0, 2.0])


def test_absorption_and_elimination_change_places() -> None:
    model = compile_model(_model(ORAL, PLAIN, dose='[dose.oral]\nto = "depot"\n'))
    (found,) = other_solutions(model, STUDY)
    rate = np.exp(PLAIN["CL"] - PLAIN["V"])
    assert found.other["ka"] == pytest.approx(rate, rel=1e-6)
    assert found.other["V"] == pytest.approx(np.exp(PLAIN["CL"] - PLAIN["ka"]), rel=1e-6)
    assert set(found.other) == {"ka", "V"}
    assert "ka = 0.4966" in found.text


def test_nothing_to_search_is_no_solution() -> None:
    text = "cp = central / 30\nd(central)/dt = -0.1 * central"
    assert other_solutions(compile_model(_model(text, {}, dose=INTO_CENTRAL)), STUDY) == ()


def test_a_bolus_has_no_other_solution() -> None:
    equations = "cp = central / V\nd(central)/dt = -CL * cp"
    model = compile_model(_model(equations, {"CL": 0.3, "V": 1.0}, dose=INTO_CENTRAL))
    assert other_solutions(model, STUDY) == ()


def test_what_the_series_hardly_sees_is_no_solution() -> None:
    """Feedback on the marrow: it moves coefficients of high order by less than they agree to."""
    model = compile_model(pq.load_model("myelosuppression"))
    study = pq.regimen(pq.Dose(amount=100, duration=1.0), [24.0, 100.0])
    assert other_solutions(model, study, starts=5, order=20) == ()
