"""Expected standard errors against closed forms."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.omega_needs import omega_needs
from pkqsp_bayes.analysis.practical import compare_designs, expected_information
from pkqsp_bayes.spec.toml import parse_model

LEVEL = """
title = "level"
[equations]
text = "d(A)/dt = 0; A(0) = m"
[population]
m = { typical = "lognormal(log(5), 0.5)", iiv = "lognormal", iov = "lognormal" }
omega = { m = "half_normal(0.5)", occasion = { m = "half_normal(0.5)" } }
[observe.y]
value = "A"
error = "lognormal"
"""
POINT = {"omega[m]": 0.3, "omega_iov[m]": 1e-9, "sigma[y]": 0.2}


def _study(subjects: int, times: int, occasions: int = 1) -> pq.Study:
    study = pq.regimen([], np.arange(1.0, 1 + times * occasions), subjects=subjects)
    moment = np.tile(np.repeat(np.arange(occasions), times), subjects)
    study.table["OCC"] = [str(k + 1) for k in moment]
    return study


def test_a_balanced_design_has_the_errors_of_an_analysis_of_variance() -> None:
    """log y = log m + eta + e: the closed forms of a one-way layout, N subjects of n values."""
    N, n = 40, 5
    found = expected_information(parse_model(LEVEL), _study(N, n), point=POINT).table()
    between, within = 0.3**2, 0.2**2
    assert found.rse["m"] == pytest.approx(100 * np.sqrt((between + within / n) / N), rel=1e-6)
    # Var(omega^2) = 2/n^2 [(n b + w)^2 / N + w^2 / (N (n - 1))] at large N; omega = sqrt(omega^2)
    square = 2 / n**2 * ((n * between + within) ** 2 / N + within**2 / (N * (n - 1)))
    alone = expected_information(
        parse_model(LEVEL.replace(', iov = "lognormal"', "").replace(
            ', occasion = { m = "half_normal(0.5)" }', "")),
        _study(N, n), point={k: v for k, v in POINT.items() if "iov" not in k},
    ).table()  # fmt: skip
    assert alone.se["omega[m]"] == pytest.approx(np.sqrt(square) / (2 * 0.3), rel=1e-6)
    assert alone.se["sigma[y]"] == pytest.approx(0.2 / np.sqrt(2 * N * (n - 1)), rel=1e-6)


def test_one_occasion_cannot_tell_its_variance_from_that_of_subjects() -> None:
    model, point = parse_model(LEVEL), {**POINT, "omega_iov[m]": 0.2}
    one = expected_information(model, _study(30, 4, 1), point=point)
    assert np.isinf(one.table().se[["omega[m]", "omega_iov[m]"]]).all()
    assert np.isfinite(one.table().se[["m", "sigma[y]"]]).all()
    assert one.condition == np.inf
    direction = one.weakest()[0]
    assert abs(direction[["omega[m]", "omega_iov[m]"]]).min() > 0.5
    twice = expected_information(model, _study(60, 4, 1), point=point)
    both = compare_designs({"30": one, "60": twice})
    assert both["60"]["m"] == pytest.approx(both["30"]["m"] / np.sqrt(2))
    assert list(both.loc["condition number"]) == [np.inf, np.inf]


def test_what_each_variance_needs() -> None:
    model, point = parse_model(LEVEL), {**POINT, "omega_iov[m]": 0.2}
    needs = omega_needs(expected_information(model, _study(30, 4, 1), point=point))
    assert needs.loc["omega_iov[m]", "df"] == 0
    assert not needs.loc["omega_iov[m]", "enough"]
    point = {**POINT, "omega_iov[m]": 0.1}
    needs = omega_needs(expected_information(model, _study(30, 4, 1), point=point))
    assert list(needs.loc["omega[m]", ["subjects", "informative", "df"]]) == [30, 30, 29]
    # Of the mean of a subject's four values, eta's share of the variance is told.
    told = 0.09 / (0.09 + 0.01 + 0.04 / 4)
    assert needs.loc["omega[m]", "shrinkage"] == pytest.approx(1 - told, rel=1e-6)
    few = omega_needs(expected_information(model, _study(2, 4, 1), point=point))
    assert not few.loc["omega[m]", "enough"]


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(pq.CheckError, match="no such parameter"):
        expected_information(parse_model(LEVEL), _study(3, 2), point={"omega[q]": 1.0})
