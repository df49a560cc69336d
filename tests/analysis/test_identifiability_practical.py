"""Expected standard errors against closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.identifiability.practical import compare_designs, expected_information
from pkqsp_bayes.analysis.identifiability.variance_df import variance_df
from pkqsp_bayes.spec.reading.toml import parse_model

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


def test_occasions_have_the_errors_of_a_nested_analysis_of_variance() -> None:
    """log y = log m + eta + kappa + e: N subjects of K occasions of n values."""
    N, K, n = 30, 3, 4
    point = {**POINT, "omega_iov[m]": 0.15}
    text = LEVEL.replace("A(0) = m", "A(0) = 1").replace('value = "A"', 'value = "m * A"')
    found = expected_information(parse_model(text), _study(N, n, K), point=point).table()
    between, occasion, within = 0.3**2, 0.15**2, 0.2**2
    means = n * occasion + within  # n times the variance of an occasion's mean
    whole = n * K * between + means
    assert found.se["m"] / 5 == pytest.approx(np.sqrt(whole / (n * K * N)), rel=1e-6)
    square = 2 / n**2 * (means**2 / (N * (K - 1)) + within**2 / (N * K * (n - 1)))
    assert found.se["omega_iov[m]"] == pytest.approx(np.sqrt(square) / (2 * 0.15), rel=1e-6)
    square = 2 / (n * K) ** 2 * (whole**2 / N + means**2 / (N * (K - 1)))
    assert found.se["omega[m]"] == pytest.approx(np.sqrt(square) / (2 * 0.3), rel=1e-6)


TWO_OUTPUTS = """
title = "two outputs"
[equations]
text = "d(A)/dt = 0; A(0) = m"
[population]
m = { typical = "lognormal(log(5), 0.5)" }
[observe.heavy]
value = "A"
error = "student_t"
[observe.relative]
value = "2 * A"
error = "proportional"
"""


def _integrated(scale: float, df: float) -> np.ndarray:
    """Information of one value of Student's t on location, scale and df, by quadrature."""
    step, at = 1e-4, np.array([0.0, scale, df])

    def score(y: float) -> np.ndarray:
        moved = [(at + step * e, at - step * e) for e in np.eye(3)]
        ends = [[stats.t.logpdf(y, v, loc=m, scale=s) for m, s, v in pair] for pair in moved]
        return np.array([(up - down) / (2 * step) for up, down in ends])

    def product(y: float, i: int, j: int) -> float:
        s = score(y)
        return float(s[i] * s[j] * stats.t.pdf(y, df, scale=scale))

    return np.array(
        [[integrate.quad(product, -np.inf, np.inf, args=(i, j))[0] for j in range(3)]
         for i in range(3)]
    )  # fmt: skip


def test_heavy_tails_tell_their_weight_and_endpoints_add_up() -> None:
    times = np.arange(1.0, 6)
    study = pq.regimen([], times, subjects=40, outputs=["heavy", "relative"])
    point = {"sigma[heavy.sigma]": 0.3, "sigma[heavy.df]": 4.0, "sigma[relative]": 0.1}
    found = expected_information(parse_model(TWO_OUTPUTS), study, point=point)
    matrix = pd.DataFrame(found.matrix, index=found.labels, columns=found.labels)
    one, count = _integrated(0.3, 4.0), 40 * times.size
    tails = ["sigma[heavy.sigma]", "sigma[heavy.df]"]
    assert matrix.loc[tails, tails].to_numpy() == pytest.approx(count * one[1:, 1:], rel=1e-5)
    # The relative output tells log m with variance 0.01 (its spread is not asked).
    assert matrix.loc["m", "m"] == pytest.approx(count * (one[0, 0] + 1 / (5 * 0.1) ** 2), rel=1e-5)
    assert found.table().se["sigma[relative]"] == pytest.approx(0.1 / np.sqrt(2 * count), rel=1e-5)


def test_a_value_without_an_error_is_refused() -> None:
    text = TWO_OUTPUTS.replace("d(A)/dt = 0; A(0) = m", "d(A)/dt = -m * A")
    study = pq.regimen([], [1.0], outputs=["relative"])
    with pytest.raises(pq.CheckError, match="no residual error"):
        expected_information(parse_model(text), study)


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
    needs = variance_df(expected_information(model, _study(30, 4, 1), point=point))
    assert needs.loc["omega_iov[m]", "df"] == 0
    assert not needs.loc["omega_iov[m]", "enough"]
    point = {**POINT, "omega_iov[m]": 0.1}
    needs = variance_df(expected_information(model, _study(30, 4, 1), point=point))
    assert list(needs.loc["omega[m]", ["subjects", "informative", "df"]]) == [30, 30, 29]
    # Share of eta in the variance of the mean of the four values of a subject.
    explained = 0.09 / (0.09 + 0.01 + 0.04 / 4)
    assert needs.loc["omega[m]", "shrinkage"] == pytest.approx(1 - explained, rel=1e-6)
    few = variance_df(expected_information(model, _study(2, 4, 1), point=point))
    assert not few.loc["omega[m]", "enough"]


def test_points_that_cannot_be_are_refused_all_at_once() -> None:
    point = {"omega[q]": 1.0, "omega[m]": -0.3, "sigma[y]": -1.0}
    with pytest.raises(pq.CheckError, match="no such parameter") as caught:
        expected_information(parse_model(LEVEL), _study(3, 2), point=point)
    assert [i.where for i in caught.value.issues] == [f"point.{k}" for k in point]


def test_a_correlation_has_one_value_however_it_is_named() -> None:
    text = TWO_OUTPUTS.replace(
        'm = { typical = "lognormal(log(5), 0.5)" }',
        """m = { typical = "lognormal(log(5), 0.5)", iiv = "lognormal" }
k = { typical = "lognormal(log(0.1), 0.5)", iiv = "lognormal" }
omega = { m = "half_normal(1)", k = "half_normal(1)", correlate = ["m", "k"], lkj = 1 }""",
    ).replace("d(A)/dt = 0", "d(A)/dt = -k * A")
    study = pq.regimen([], [1.0, 5, 20], subjects=5, outputs=["heavy"])
    one, other = [
        expected_information(parse_model(text), study, point={f"corr[{name}]": 0.4}).matrix
        for name in ("m,k", "k,m")
    ]
    np.testing.assert_array_equal(one, other)
    with pytest.raises(pq.CheckError, match="is not a correlation"):
        expected_information(parse_model(text), study, point={"corr[k,m]": 1.0})


PAIR = """
title = "two levels"
[covariates]
WT = { unit = "kg", reference = 70 }
[equations]
text = "d(A)/dt = 0; A(0) = m; d(B)/dt = 0; B(0) = k"
[population]
m = { typical = "lognormal(log(5), 0.5)", iiv = "lognormal", covariates = { WT = "power(normal(0, 0.5), 70)" } }
k = { typical = "lognormal(log(2), 0.5)", iiv = "lognormal" }
omega = { m = "half_normal(1)", k = "half_normal(1)", correlate = ["m", "k"], lkj = 1 }
[observe.first]
value = "A"
error = "lognormal"
[observe.second]
value = "B"
error = "lognormal"
"""  # noqa: E501
EXACT = {"omega[m]": 0.3, "omega[k]": 0.2, "sigma[first]": 1e-3, "sigma[second]": 1e-3}


def _pair_study(subjects: int) -> pq.Study:
    weights = {"WT": 70.0 * np.exp(np.resize([-0.2, 0.2], subjects))}
    outputs = ["first", "second"]
    return pq.regimen([], [1.0, 2.0], subjects=subjects, outputs=outputs, covariates=weights)


def test_a_value_of_zero_has_a_standard_error_but_no_relative_one() -> None:
    """Exact individual values: the error of a correlation r is (1 - r^2) / sqrt(N), of a slope
    omega / (SD of log weight sqrt(N))."""
    for at in (0.0, 0.5):
        point = EXACT | {"corr[m,k]": at}
        found = expected_information(parse_model(PAIR), _pair_study(64), point=point).table()
        assert found.se["corr[m,k]"] == pytest.approx((1 - at**2) / 8, rel=1e-3)
        # The other output informs on m where the two are correlated.
        slope = 0.3 * np.sqrt(1 - at**2) / (0.2 * 8)
        assert found.se["beta[m,WT]"] == pytest.approx(slope, rel=1e-3)
        assert np.isnan(found.rse["beta[m,WT]"])
        assert np.isnan(found.rse["corr[m,k]"]) == (at == 0)


@pytest.mark.parametrize(("subjects", "verdict"), [(64, "identified"), (6, "poorly")])
def test_coefficients_and_correlations_of_zero_are_judged_by_their_errors(
    subjects: int, verdict: str
) -> None:
    study = _pair_study(subjects)
    found = pq.identifiability(parse_model(PAIR), study, point=EXACT, starts=0)
    assert found.table.verdict["corr[m,k]"] == verdict
    near = pq.identifiability(
        parse_model(PAIR), study, point=EXACT | {"corr[m,k]": 0.01, "beta[m,WT]": 0.01}, starts=0
    )
    assert near.table.verdict["corr[m,k]"] == verdict
    assert near.table.verdict["beta[m,WT]"] == found.table.verdict["beta[m,WT]"]
    assert "infinite" not in str(found)


def test_a_typical_value_outside_its_prior_is_refused() -> None:
    """The model has no negative clearance: its log-normal prior excludes it."""
    for value in (-3.0, 0.0):
        with pytest.raises(pq.CheckError, match="out of its range") as caught:
            expected_information(parse_model(PAIR), _pair_study(4), point={"m": value, "k": value})
        assert {i.where for i in caught.value.issues} == {"point.m", "point.k"}
        assert {i.remedy for i in caught.value.issues} == {"give a value above 0"}
