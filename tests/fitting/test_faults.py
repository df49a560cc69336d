"""What goes wrong while a fit runs: nothing is lost, and what is said tells what to do."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import xarray as xr
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.cli import app
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.fitting.results.manifest import read_manifest
from tests.fitting.conftest import SETTINGS, TEXT
from tests.fitting.processes import start, wait_for

SHORT = pq.FitSettings(chains=1, warmup=150, draws=100, seed=3)


def write_csv(study: pq.Study, path: Path) -> Path:
    study.table.drop(columns="ROW").to_csv(path, index=False, na_rep=".")
    return path


def test_an_interrupt_ends_the_samplers_and_keeps_what_is_done(
    done: tuple[Path, xr.DataTree], study: pq.Study, tmp_path: Path
) -> None:
    folder = tmp_path / "fit"
    process = start(write_csv(study, tmp_path / "study.csv"), folder, 20_000)
    wait_for(".chain_1.*.part/*.csv", folder, process)
    os.kill(process.pid, signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert "KeyboardInterrupt" in output
    assert "0 of 2 chains are finished and kept" in output
    assert not list(folder.glob("*.part"))
    left = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in str(p.info["cmdline"])]
    assert left == []
    # the same fit with a chain that had ended: it is found, though nobody noted it
    shutil.copytree(done[0], tmp_path / "other")
    manifest = json.loads((tmp_path / "other" / "manifest.json").read_text())
    (tmp_path / "other" / "manifest.json").write_text(
        json.dumps(manifest | {"chains": {}, "digests": {}})
    )
    (tmp_path / "other" / "fit.nc").unlink()
    model, settings = pq.load_model(tmp_path / "other" / "model.toml"), SETTINGS
    tree = pq.fit(model, study, tmp_path / "other", settings=settings, resume=True)
    np.testing.assert_array_equal(tree["posterior"]["CL"], done[1]["posterior"]["CL"])


_ON_A_SMALL_DISK = """
import shutil, subprocess, sys
from pathlib import Path
import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.conftest import SETTINGS, TEXT

table, source, disk, size, store, *missing = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", disk], check=True)
folder = Path(disk) / "fit"
shutil.copytree(source, folder)
for name in ("fit.nc", "summary.csv", *missing):
    (folder / name).unlink()
if "manifest.json" in missing:
    shutil.rmtree(folder)
used = sum(path.stat().st_size for path in folder.rglob("*"))
def resize(most):
    subprocess.run(["mount", "-o", f"remount,size={most}", disk], check=True)
def fit():
    return pq.fit(parse_model(TEXT), pq.read_study(table), folder, settings=SETTINGS,
                  resume=True, store=store, progress=False)
resize(used + int(size) * 1024)
try:
    fit()
except pq.PkqspError as error:
    print(type(error).__name__, error)
print("there:", sorted(path.name for path in folder.glob("[!.]*")))
print("parts:", [path.name for path in folder.glob(".*.part")])
resize("64m")
print("resumed:", len(fit()["posterior"]["CL"]), pq.read_fit(folder)["posterior"]["CL"].size)
"""


def on_a_small_disk(done: Path, study: pq.Study, folder: Path, *arguments: str) -> str:
    """Run a fit in a file system with little room, then again with enough."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this sandbox gives no name space of mounts")
    (folder / "disk").mkdir()
    table = write_csv(study, folder / "study.csv")
    command = ["unshare", "-rm", sys.executable, "-c", _ON_A_SMALL_DISK]
    ran = subprocess.run(
        [*command, str(table), str(done), str(folder / "disk"), *arguments],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kilobytes", "store", "missing", "error", "what"),
    [
        ("4", "netcdf", ["manifest.json"], "ToolchainError", "cannot write"),
        ("200", "netcdf", ["chain_2.csv"], "ChainError", "chain 2: "),
        ("200", "netcdf", [], "ToolchainError", "cannot write"),
        ("200", "zarr", [], "ToolchainError", "cannot write"),
    ],
    ids=["inputs", "chain", "netcdf", "zarr"],
)
def test_a_full_disk_loses_no_chain(
    done: tuple[Path, xr.DataTree], study: pq.Study, tmp_path: Path,
    kilobytes: str, store: str, missing: list[str], error: str, what: str,
) -> None:  # fmt: skip
    told = on_a_small_disk(done[0], study, tmp_path, kilobytes, store, *missing)
    assert told.startswith(f"{error} {what}"), told
    assert "No space left on device" in told
    assert "resume" in told
    if "manifest.json" not in missing:
        assert "'chain_1.csv'" in told
    assert "'fit.nc'" not in told
    assert "parts: []" in told
    assert "resumed: 2 600" in told


_WITH_A_LIMIT = """
import resource, sys
import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.conftest import SETTINGS, TEXT
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    pq.fit(parse_model(TEXT), pq.read_study(sys.argv[1]), sys.argv[2], settings=SETTINGS,
           resume=True, progress=False)
except pq.PkqspError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("missing", "error", "what"),
    [
        (["chain_2.csv"], "ChainError chain 2: its file reached the size limit", "1 of 2"),
        ([], "ToolchainError cannot write", "File too large"),
    ],
)
def test_a_file_that_may_not_grow(
    done: tuple[Path, xr.DataTree], study: pq.Study, tmp_path: Path,
    missing: list[str], error: str, what: str,
) -> None:  # fmt: skip
    folder = shutil.copytree(done[0], tmp_path / "fit")
    for name in ("fit.nc", *missing):
        (folder / name).unlink()
    command = [sys.executable, "-c", _WITH_A_LIMIT, str(write_csv(study, tmp_path / "study.csv"))]
    told = subprocess.run(
        [*command, str(folder), "100000"],
        capture_output=True, text=True, timeout=300, check=False,
        cwd=Path(__file__).parent.parent.parent,
    ).stdout  # fmt: skip
    assert told.startswith(error), told
    assert what in told
    assert "resume" in told
    assert (folder / "chain_1.csv").exists()
    assert not (folder / "fit.nc").exists()


def test_failed_solves_are_refused_counted_and_told(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Few steps are allowed: a fast clearance, which the prior holds possible, cannot be solved."""
    options = pq.BindOptions(solver=SolverSettings(max_steps=12))
    tree = pq.fit(model, study, tmp_path / "fit", settings=SHORT, options=options)
    solver = json.loads(tree.attrs["solver"])
    assert json.loads(tree.attrs["options"]) == {"solver": {"max_steps": options.solver.max_steps}}
    limit = "more steps than max_steps allows"
    assert solver["failed"] >= solver["reasons"][limit] > 0
    example = next(e for e in solver["examples"] if e["reason"] == limit)
    assert example["parameters"]["CL"] / example["parameters"]["V"] > 10 / 30
    assert solver["chains"]["1"]["refused"][f"ode_solve: {limit}"] > 0
    assert np.isfinite(tree["posterior"]["CL"]).all()
    assert f"solves failed, warm-up included: {limit}" in caplog.text
    assert "SolverSettings(max_steps=...)" in caplog.text


def test_a_subject_without_observations_is_told_and_has_its_prior(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = study.table[(study.table.ID != "3") | (study.table.EVID != 0)]
    lonely = pq.study_from_frame(table.drop(columns="ROW"))
    tree = pq.fit(model, lonely, tmp_path / "fit", settings=SHORT)
    assert "subject 3 has no observation" in caplog.text
    eta = tree["posterior"]["eta"].sel(effect="CL")
    assert eta.sizes["subject"] == 12
    assert (eta.sel(subject="3").std() > 2 * eta.sel(subject="4").std()).item()
    assert "3" not in tree["observed_data"]["ID"]


def test_the_command_says_where_everything_is_and_what_is_wrong(
    done: tuple[Path, xr.DataTree],
    study: pq.Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = np.linspace(0, 50, 40) ** 2
    wrong = pq.SolverAccuracy(rtol=1e-6, atol=1e-8, change=change, pareto_k=3.0)
    monkeypatch.setattr(pq, "check_solver", lambda *_, **__: wrong)
    folder = shutil.copytree(done[0], tmp_path / "fit")
    (tmp_path / "model.toml").write_text(TEXT)
    arguments = [str(tmp_path / "model.toml"), str(write_csv(study, tmp_path / "study.csv"))]
    arguments += ["-o", str(folder), "--chains", "2", "--warmup", "300", "--draws", "300"]
    arguments += ["--seed", "3", "--store", "both"]
    ran = CliRunner().invoke(app, ["fit", *arguments, "--resume"])
    assert ran.exit_code == 0, ran.output
    for name in ("fit.nc", "fit.zarr", "summary.csv", "program.stan", "chain_1.csv"):
        assert str(folder / name) in ran.output
    assert "omega[CL]" in ran.output
    assert "Pareto k-hat is 3.00" in " ".join(ran.output.split())
    again = CliRunner().invoke(app, ["fit", *arguments])
    assert again.exit_code == 2
    assert "resume it: repeat its `pkqsp fit` command" in again.output
    told = CliRunner().invoke(app, ["diagnose", str(folder)])
    assert told.exit_code in (0, 1)
    assert read_manifest(folder) is not None
