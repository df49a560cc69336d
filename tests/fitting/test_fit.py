"""A fit from end to end: results, resuming, and what happens when something dies."""

import json
import os
import shutil
import signal
from pathlib import Path

import arviz as az
import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.manifest import Manifest, read_manifest, write_manifest
from pkqsp_bayes.fitting.sampling.run_chains import adopt_finished
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.conftest import SETTINGS, TEXT, TRUTH
from tests.fitting.processes import sampler_of, start, wait_for


def test_the_truth_lies_in_the_posterior(done: tuple[Path, xr.DataTree]) -> None:
    table = pq.summary_table(done[1])
    assert list(table.index) == ["CL", "V", "omega[CL]", "sigma[cp]"]
    for row, name in zip(table.index, TRUTH, strict=True):
        gap = abs(table.loc[row, "mean"] - TRUTH[name]) / table.loc[row, "sd"]
        assert gap < 4, f"{row} is {gap:.1f} standard deviations off"
    assert (table.r_hat < 1.05).all()


def test_every_group_is_there_and_labelled(done: tuple[Path, xr.DataTree]) -> None:
    tree = done[1]
    groups = {"posterior", "sample_stats", "log_likelihood", "log_prior", "posterior_predictive"}
    assert groups | {"observed_data", "constant_data"} <= set(tree.children)
    assert tree["posterior"]["eta"].dims == ("chain", "draw", "subject", "effect")
    assert tree["posterior"]["omega"].coords["effect"].values.tolist() == ["CL"]
    assert tree["observed_data"]["DV"].sizes == {"observation": 84}
    assert set(tree["posterior_predictive"]["DV"].coords["endpoint"].values) == {"cp"}
    assert "z" not in tree["posterior"]
    assert json.loads(tree.attrs["settings"])["seed"] == 3
    assert tree.attrs["options"] == "{}"
    assert parse_model(tree.attrs["model"]) == parse_model(TEXT)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of the data, not ours
def test_arviz_takes_it_as_it_is(done: tuple[Path, xr.DataTree]) -> None:
    tree = done[1]
    rows = set(az.summary(tree).index)
    assert {"CL", "V", "omega[CL]", "sigma[cp]", "eta[1, CL]"} <= rows
    assert az.loo(tree).p > 1
    az.plot_rank(tree, var_names=["CL", "omega"], backend="none")
    az.plot_ppc_dist(tree, backend="none", num_samples=5)
    az.psense_summary(tree, var_names=["CL"])


def test_the_account_of_the_solver(done: tuple[Path, xr.DataTree]) -> None:
    folder, tree = done
    solver = json.loads(tree.attrs["solver"])
    iterations = SETTINGS.chains * (SETTINGS.warmup + SETTINGS.draws)
    assert solver["backend"] == "native"
    assert solver["solves"] > 12 * iterations  # subjects: at least a gradient an iteration
    assert solver["steps"] > solver["solves"]
    assert set(solver["chains"]) == {"1", "2"}
    first = json.loads((folder / "chain_1.solver.json").read_text())
    assert solver["chains"]["1"]["solves"] == first["solves"]


def test_the_folder_holds_all_of_it(done: tuple[Path, xr.DataTree]) -> None:
    folder, tree = done
    names = {p.name for p in folder.iterdir() if not p.name.startswith(".")}
    assert names == {
        "chain_1.csv", "chain_1.solver.json", "chain_1.txt", "chain_2.csv", "chain_2.solver.json",
        "chain_2.txt", "data.json", "fit.nc", "manifest.json", "model.toml", "program.stan",
        "study.csv", "summary.csv",
    }  # fmt: skip
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as read:
        np.testing.assert_array_equal(read["posterior"]["CL"], tree["posterior"]["CL"])
    header = (folder / "summary.csv").read_text().splitlines()[0]
    assert header == "parameter,mean,sd,q5,q95,ess_bulk,ess_tail,r_hat"


def test_a_folder_with_a_fit_is_not_overwritten(
    done: tuple[Path, xr.DataTree], model: pq.ModelSpec, study: pq.Study
) -> None:
    with pytest.raises(pq.CheckError, match="resume it"):
        pq.fit(model, study, done[0], settings=SETTINGS)


def test_resuming_runs_only_what_is_missing(
    done: tuple[Path, xr.DataTree], model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    folder = shutil.copytree(done[0], tmp_path / "fit")
    (folder / "chain_2.csv").unlink()
    first = (folder / "chain_1.csv").stat().st_mtime_ns
    tree = pq.fit(model, study, folder, settings=SETTINGS, resume=True)
    assert (folder / "chain_1.csv").stat().st_mtime_ns == first
    np.testing.assert_array_equal(tree["posterior"]["CL"], done[1]["posterior"]["CL"])


def test_its_time_is_that_of_the_sampler_and_not_of_the_resuming(
    done: tuple[Path, xr.DataTree], model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    folder = shutil.copytree(done[0], tmp_path / "fit")
    tree = pq.fit(model, study, folder, settings=SETTINGS, resume=True)
    told = [
        float(line.split()[1])
        for number in (1, 2)
        for line in (folder / f"chain_{number}.csv").read_text().splitlines()
        if line.endswith("(Total)")
    ]
    assert len(told) == 2
    assert tree.attrs["seconds"] == done[1].attrs["seconds"]
    assert float(tree.attrs["seconds"]) == max(told) > 0


def test_resuming_refuses_what_has_changed(
    done: tuple[Path, xr.DataTree], model: pq.ModelSpec, study: pq.Study
) -> None:
    changed = parse_model(TEXT.replace("log(30), 0.5", "log(30), 0.4"))
    table = study.table.assign(DV=study.table.DV * 1.01)
    other = pq.Study(table=table, source="simulated")
    for one, two, what in ((changed, study, "model"), (model, other, "study")):
        with pytest.raises(pq.CheckError, match=f"another {what}"):
            pq.fit(one, two, done[0], settings=SETTINGS, resume=True)
    longer = pq.FitSettings(chains=2, warmup=300, draws=400, seed=3)
    with pytest.raises(pq.CheckError, match=r"draws = 400 \(it was 300\)"):
        pq.fit(model, study, done[0], settings=longer, resume=True)


def test_a_chain_that_ended_after_its_parent_is_taken_over(
    done: tuple[Path, xr.DataTree], tmp_path: Path
) -> None:
    for number, cut in ((1, 0), (2, 5000)):
        attempt = tmp_path / f".chain_{number}.abcd.part"
        attempt.mkdir()
        whole = (done[0] / f"chain_{number}.csv").read_bytes()
        (attempt / f"chain_{number}.csv").write_bytes(whole[: len(whole) - cut])
    manifest = Manifest(program="", data="", settings={"chains": 2})
    write_manifest(tmp_path, manifest)
    assert adopt_finished(tmp_path, manifest).chains == {"1": "chain_1.csv"}
    assert read_manifest(tmp_path).chains == {"1": "chain_1.csv"}  # type: ignore[union-attr]
    assert not list(tmp_path.glob(".chain_*"))


def test_a_killed_chain_loses_no_other(
    done: tuple[Path, xr.DataTree], study: pq.Study, tmp_path: Path
) -> None:
    table, folder = tmp_path / "study.csv", tmp_path / "fit"
    study.table.drop(columns="ROW").to_csv(table, index=False, na_rep=".")
    process = start(table, folder, 3000)
    wait_for(".chain_1.*.part/*.csv", folder, process)
    os.kill(sampler_of(process), signal.SIGKILL)
    output = process.communicate(timeout=300)[0]
    assert process.returncode == 1
    assert "chain 1" in output
    assert "resume" in output
    manifest = read_manifest(folder)
    assert manifest is not None
    assert set(manifest.chains) == {"2"}
    process = start(table, folder, 3000)
    wait_for(".chain_1.*.part/*.csv", folder, process)
    os.kill(process.pid, signal.SIGKILL)  # the parent; the chain goes on and ends
    process.wait()
    process.stdout.close()  # not read to its end, which the chain holds open
    process = start(table, folder, 3000)
    output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output
    assert (folder / "fit.nc").exists()


def test_a_zero_under_a_lognormal_error_is_named(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    table = study.table.copy()
    table.loc[3, "DV"] = 0.0
    bad = pq.Study(table=table, source="simulated")
    with pytest.raises(pq.CheckError, match="DV is 0, which is impossible under a log-norm"):
        pq.fit(model, bad, tmp_path / "fit", settings=SETTINGS)


def test_settings_that_mean_nothing_are_refused_together(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    settings = pq.FitSettings(chains=0, draws=-1, adapt_delta=1.5)
    with pytest.raises(pq.CheckError) as caught:
        pq.fit(model, study, tmp_path / "fit", settings=settings)
    assert len(caught.value.issues) == 3
