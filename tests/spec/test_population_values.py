"""Values of population parameters: texts of priors, numbers outside the range of a form."""

import dataclasses
import math

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.library import load_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.reading.toml import format_model, parse_model


def with_typical(model: ModelSpec, prior: PriorSpec) -> ModelSpec:
    population = model.population
    changed = dataclasses.replace(population.parameters["CL"], typical=prior)
    parameters = {**population.parameters, "CL": changed}
    return dataclasses.replace(
        model, population=dataclasses.replace(population, parameters=parameters)
    )


def test_a_changed_prior_has_a_text_and_a_model_of_its_own() -> None:
    model = load_model("one-compartment")
    stated = model.population.parameters["CL"].typical
    assert isinstance(stated, PriorSpec)
    assert stated.text
    compile_model(model)
    changed = with_typical(model, dataclasses.replace(stated, args=(5.0, 0.5)))
    assert format_model(changed) != format_model(model)
    values = {p.name: p.value for p in compile_model(changed).ode.quantities}
    assert math.isclose(values["CL"], math.exp(5.0))


@pytest.mark.parametrize(
    ("value", "form"),
    [("2.0", "logitnormal"), ("0.0", "logitnormal"), ("1.0", "logitnormal"), ("-2", "lognormal"),
     ("0", "boxcox")],
)  # fmt: skip
def test_a_number_outside_the_range_of_its_random_effect_is_refused(value: str, form: str) -> None:
    text = (
        'title = "decay"\nequations = "d(A)/dt = -k * A; A(0) = 1"\n'
        f'[population]\nk = {{ typical = {value}, unit = "1/h", iiv = "{form}" }}\n'
    )
    with pytest.raises(pq.CheckError, match="is not inside the range"):
        parse_model(text)
