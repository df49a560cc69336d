"""Laplace residual errors where an analysis needs more than a density."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.decisions.individualise import individualise
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.analysis.posteriors import hand_made
from tests.analysis.test_individualise import LINE, OMEGA, SIGMA, TIMES, VALUES, observed
from tests.emit.stanc import check
from tests.program.studies import study_of

MODEL = LINE.replace('error = "additive"', 'error = "laplace"')


def test_individual_values_have_the_exact_posterior() -> None:
    """Against sums over a grid of base and slope."""
    typical = {"base": np.full(500, 10.0), "slope": np.full(500, 2.0)}
    tree = hand_made(
        MODEL, typical, omega=dict(zip(typical, OMEGA, strict=True)), sigma={"y": SIGMA}
    )
    found = individualise(tree, observed(VALUES, TIMES), draws=500, seed=2).dataset
    base, slope = np.meshgrid(np.linspace(2, 18, 321), np.linspace(-2, 6, 321), indexing="ij")
    for s, y in enumerate(VALUES):
        misses = sum(abs(v - base - slope * t) for v, t in zip(y, TIMES, strict=True))
        prior = ((base - 10) / OMEGA[0]) ** 2 + ((slope - 2) / OMEGA[1]) ** 2
        weight = np.exp(-misses / SIGMA - prior / 2)
        weight /= weight.sum()
        own = found.individual[:, s].to_numpy()
        for k, values in enumerate((base, slope)):
            mean = (weight * values).sum()
            sd = np.sqrt((weight * (values - mean) ** 2).sum())
            assert own[:, k].mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(150))
            assert own[:, k].std() == pytest.approx(sd, rel=0.25)
    assert found.reliable.all()


def test_the_program_has_the_distribution_with_its_tails() -> None:
    model = parse_model(MODEL)
    study = study_of(model)
    seen = study.table.index[study.table.EVID == 0]
    study.table.loc[seen[:1], ["BLQ", "LLOQ"]] = [1, 0.5]
    bound = bind_model(model, study)
    check(bound.program, "--allow-undefined")
    for term in ("lpdf", "lcdf", "lccdf"):
        assert f"double_exponential_{term}(y | f, sigma[1])" in bound.program
    assert "double_exponential_rng(f, sigma[1])" in bound.program


def test_the_expected_error_of_the_scale_is_that_of_its_information() -> None:
    """Where nothing varies its relative error is 1 / sqrt(n), of a normal SD 1 / sqrt(2 n)."""
    alone = MODEL.replace('iiv = "normal"', "").replace('"normal(2, 0.2)"', "2.0")
    design = pq.regimen([], np.linspace(1, 5, 25), subjects=4)
    errors = {}
    for form in ("laplace", "additive"):
        model = parse_model(alone.replace('"laplace"', f'"{form}"'))
        table = pq.expected_information(model, design, point={"sigma[y]": SIGMA}).table()
        errors[form] = table.loc["sigma[y]", "se"], table.loc["base", "se"]
    assert errors["laplace"][0] == pytest.approx(SIGMA / np.sqrt(100), rel=1e-3)
    assert errors["additive"][0] == pytest.approx(SIGMA / np.sqrt(200), rel=1e-3)
    assert errors["laplace"][1] == pytest.approx(SIGMA / np.sqrt(100), rel=1e-3)
