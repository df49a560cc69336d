"""A spec that was built in Python with numbers of NumPy or pandas."""

import dataclasses

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.spec.library import as_model
from pkqsp_bayes.spec.model import ModelSpec

DESIGN = pq.regimen(pq.Dose(amount=100, to="iv"), [1.0, 5.0], subjects=1, covariates={"WT": 70.0})


def with_volume(value: object) -> ModelSpec:
    model = pq.load_model("one-compartment")
    parameters = dict(model.population.parameters)
    parameters["V"] = dataclasses.replace(parameters["V"], typical=value)
    population = dataclasses.replace(model.population, parameters=parameters)
    return dataclasses.replace(model, population=population)


@pytest.mark.parametrize("value", [np.int64(25), np.float32(25), np.float64(25), np.int8(25)])
def test_numbers_of_numpy_are_taken_as_numbers(value: np.generic) -> None:
    assert not pq.check(with_volume(value))
    found, wanted = (pq.simulate(with_volume(v), DESIGN).cp.to_numpy() for v in (value, 25))
    np.testing.assert_array_equal(found, wanted)


def test_a_model_without_them_stays_as_it_is() -> None:
    model = with_volume(25)
    assert as_model(model) is model
