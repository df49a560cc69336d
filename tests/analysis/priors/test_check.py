"""Box's check: uniform under the priors, small under a conflict, honest about its limits."""

import dataclasses
import logging

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.fitting.conftest import TEXT

SILENT = TEXT.replace(', sigma = "half_normal(0.5)"', "")
SCALED = SILENT.replace('form = "lognormal"', 'form = "additive"')


CHEAP = {
    "mean": lambda table: float(np.log(table.DV).mean()),
    "sd": lambda table: float(np.log(table.DV).std()),
    "last": lambda table: float(table.DV.iloc[-1]),
}


def seen(study: pq.Study, values: np.ndarray) -> pq.Study:
    """The same design with other observations."""
    table = study.table.copy()
    table.loc[table.EVID == 0, "DV"] = values
    return dataclasses.replace(study, table=table)


def test_studies_of_the_prior_have_uniform_p(prior: xr.DataTree, study: pq.Study) -> None:
    drawn = prior["prior_predictive"].DV.values[0]
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    found = [
        pq.prior_check(prior, seen(study, values), statistics=CHEAP, draws=150)
        for values in drawn[:60]
    ]
    joint = [float(check.box_p[0]) for check in found]
    alone = [float(check.p_value.sel(statistic="mean")[0]) for check in found]
    assert stats.kstest(joint, "uniform").pvalue > 0.01
    assert stats.kstest(alone, "uniform").pvalue > 0.01


def test_a_study_like_the_prior_passes(prior: xr.DataTree, study: pq.Study) -> None:
    found = pq.prior_check(prior, study, draws=200)
    assert float(found.box_p[0]) > 0.05
    assert (found.p_value.dropna("statistic") > 0.05).all()
    impossible = float(prior["sample_stats_prior"].impossible.mean())  # log-normal around 0
    assert found.attrs["failed"] == pytest.approx(impossible)
    assert found.attrs["looked_at_data"] == []
    assert "autocorrelation of residuals" not in found.statistic


def test_a_conflict_is_flagged(prior: xr.DataTree, study: pq.Study) -> None:
    """Thirty times the concentrations: the prior of V would have to be far off."""
    values = 30 * prior["observed_data"].DV.values
    found = pq.prior_check(prior, seen(study, values), draws=200)
    assert float(found.box_p[0]) < 0.01
    assert float(found.p_value.sel(statistic="median Cmax")[0]) < 0.05


def test_a_conflict_of_two_statistics_together(prior: xr.DataTree, study: pq.Study) -> None:
    """Each lies in the middle of its replicates; that they are alike does not."""
    # Every replicate's first value is above its last: here it is not.
    rows = prior["observed_data"].DV
    values = np.where(rows.TIME < 4, np.quantile(rows, 0.25), np.quantile(rows, 0.75))
    statistics = {
        "early": lambda t: float(np.log(t.DV[t.TIME < 4]).mean()),
        "late": lambda t: float(np.log(t.DV[t.TIME >= 4]).mean()),
        "difference": lambda t: float(
            np.log(t.DV[t.TIME < 4]).mean() - np.log(t.DV[t.TIME >= 4]).mean()
        ),
    }
    found = pq.prior_check(prior, seen(study, values), statistics=statistics, draws=200)
    assert float(found.box_p[0]) < 0.02


def test_failed_draws_are_left_out_and_counted(prior: xr.DataTree, study: pq.Study) -> None:
    tree = prior.copy()
    drawn = prior["prior_predictive"].to_dataset().copy(deep=True)
    drawn.DV.values[0, :100, 3] = np.nan
    lost = drawn.DV.isnull().any("observation").mean().item()
    tree["prior_predictive"] = xr.DataTree(drawn)
    assert pq.prior_check(tree, study, draws=50).attrs["failed"] == pytest.approx(lost)
    drawn.DV.values[0, 10:, 3] = np.nan
    with pytest.raises(pq.CheckError, match="only 0 of 400 draws predict every observation"):
        pq.prior_check(tree, study)


def test_another_study_is_refused(prior: xr.DataTree, study: pq.Study) -> None:
    turned = study.table.iloc[::-1].reset_index(drop=True)
    with pytest.raises(pq.CheckError, match="drawn for another study"):
        pq.prior_check(prior, dataclasses.replace(study, table=turned))


def test_values_times_100_change_the_answer(prior: xr.DataTree, study: pq.Study) -> None:
    values = study.table.loc[study.table.EVID == 0, "DV"].to_numpy()
    once, often = (
        float(pq.prior_check(prior, seen(study, c * values), draws=200).box_p[0]) for c in (1, 100)
    )
    assert often < 0.02 < once


def test_another_dose_is_another_study(prior: xr.DataTree, study: pq.Study) -> None:
    table = study.table.assign(AMT=2 * study.table.AMT)
    with pytest.raises(pq.CheckError, match="drawn for another study"):
        pq.prior_check(prior, dataclasses.replace(study, table=table))


def test_other_values_are_refused_where_a_default_prior_is_scaled_by_them(
    prior: xr.DataTree, study: pq.Study
) -> None:
    tree = prior.copy()
    silent = parse_model(SCALED)
    tree.attrs["model"] = format_model(silent)
    values = study.table.loc[study.table.EVID == 0, "DV"].to_numpy()
    with pytest.raises(pq.CheckError, match=r"default priors of sigma\[cp\] were scaled"):
        pq.prior_check(tree, seen(study, 100 * values), draws=50)


def test_a_limit_on_censored_rows_alone_censors_all_replicates(
    prior: xr.DataTree, study: pq.Study
) -> None:
    table = study.table.copy()
    limit = float(table.DV.quantile(0.3))
    low = (table.EVID == 0) & (limit > table.DV)
    table.loc[low, ["DV", "LLOQ", "BLQ"]] = [limit, limit, 1]
    everywhere = table.assign(LLOQ=np.where(table.EVID == 0, limit, np.nan))
    found = [
        pq.prior_check(prior, dataclasses.replace(study, table=t)) for t in (table, everywhere)
    ]
    share = found[0].replicated.sel(statistic="share below LLOQ")
    drawn = prior["prior_predictive"].DV.values[0]
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    wanted = np.sort((drawn < limit).mean(axis=1))
    np.testing.assert_allclose(np.sort(share.values[0]), wanted)
    xr.testing.assert_equal(found[0], found[1])


def test_a_default_that_looks_at_the_data_is_named(
    prior: xr.DataTree, study: pq.Study, caplog: pytest.LogCaptureFixture
) -> None:
    silent = parse_model(SCALED)
    tree = prior.copy()
    tree.attrs["model"] = format_model(silent)
    with caplog.at_level(logging.WARNING):
        found = pq.prior_check(tree, study, draws=50)
    assert found.attrs["looked_at_data"] == ["sigma[cp]"]
    assert "scaled by the data" in caplog.text


def test_a_default_that_ignores_the_data_is_not_named(prior: xr.DataTree, study: pq.Study) -> None:
    tree = prior.copy()
    tree.attrs["model"] = format_model(parse_model(SILENT))
    other = dataclasses.replace(study, table=study.table.assign(DV=study.table.DV * 1.5))
    found = pq.prior_check(tree, other, draws=50)
    assert found.attrs["looked_at_data"] == []
