"""What goes wrong is named, the exit code says so, and nothing left behind looks like a result."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import cmdstanpy
import pytest

from pkqsp_bayes.engine.toolchain import Stan
from tests.driver.conftest import Program
from tests.driver.programs import NormalInverseGamma

ENDLESS = ["sample", "num_samples=100000000", "num_warmup=100"]


def assert_no_result(path: Path) -> None:
    """Assert that no file is there that cmdstanpy would take for draws."""
    if path.exists():
        with pytest.raises((ValueError, KeyError)):
            cmdstanpy.from_csv(str(path))
        assert "Elapsed Time" not in path.read_text()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["sample", "num_samples=-1"], "num_samples"),
        (["sample", "num_samples=ten"], "num_samples"),
        (["sample", "num_samples=3.5"], "num_samples"),
        (["sample", "num_smples=10"], "num_smples"),
        (["sample", "adapt", "delta=1.5"], "delta"),
        (["sample", "algorithm=gibbs"], "gibbs"),
        (["sample", "save_warmup=perhaps"], "save_warmup"),
        (["smple"], "smple"),
        (["sample", "num_warmup=0"], "num_warmup"),
        (["optimize", "algorithm=simplex"], "simplex"),
        (["pathfinder", "num_paths=0"], "num_paths"),
        (["sample", "random", "seed=-1"], "seed"),
        (["sample", "id=-3"], "id"),
        (["laplace"], "mode"),
        (["generate_quantities"], "fitted_params"),
        (["log_prob"], "params"),
    ],
)
def test_bad_arguments(
    normal: Program, normal_json: Path, tmp_path: Path, words: list[str], named: str
) -> None:
    output = tmp_path / "out.csv"
    done = normal.run(*words, "data", f"file={normal_json}", "output", f"file={output}")
    assert done.returncode != 0
    assert named in done.stdout
    assert_no_result(output)


def test_all_bad_arguments_are_listed_with_a_suggestion(cmdstan: Stan, normal: Program) -> None:
    if cmdstan.source == "cmdstan":
        pytest.skip("CmdStan stops at the first one")
    done = normal.run("sample", "num_sampels=10", "adapt", "delta=2", "init_bufer=3")
    assert done.returncode == 64
    assert "did you mean 'num_samples'" in done.stdout
    assert "did you mean 'init_buffer'" in done.stdout
    assert "'2' is not a valid value for 'delta'" in done.stdout


GOOD = {"N": 2, "y": [1.0, 2.0], "broken": 0}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "data.json"),
        ("{", ""),
        ("{'N': 2}", ""),
        ('{"N": 2, "y": [1.0, 2.0]', ""),
        (json.dumps({"N": 2, "broken": 0}), "y"),
        (json.dumps({**GOOD, "y": [1.0, 2.0, 3.0]}), "y"),
        (json.dumps({**GOOD, "y": [[1.0, 2.0]]}), "y"),
        (json.dumps({**GOOD, "y": "text"}), "y"),
        (json.dumps({**GOOD, "N": 2.5}), "N"),
        (json.dumps({**GOOD, "N": -1}), "N"),
        (json.dumps({**GOOD, "broken": 7}), "broken"),
    ],
)
def test_bad_data(
    cmdstan: Stan, normal: Program, tmp_path: Path, content: str | None, named: str
) -> None:
    data, output = tmp_path / "data.json", tmp_path / "out.csv"
    if content is not None:
        data.write_text(content)
    done = normal.run("sample", "data", f"file={data}", "output", f"file={output}")
    assert done.returncode != 0
    assert named in done.stdout
    if not named and cmdstan.source == "httpstan":
        assert f"malformed data file '{data}'" in done.stdout
    assert not output.exists()


def test_a_start_that_is_not_finite(normal: Program, tmp_path: Path) -> None:
    data, output = tmp_path / "data.json", tmp_path / "out.csv"
    data.write_text(json.dumps({**GOOD, "broken": 1}))
    for words in (["sample"], ["sample", "num_chains=2"], ["optimize"], ["pathfinder"]):
        done = normal.run(*words, "data", f"file={data}", "output", f"file={output}")
        assert done.returncode != 0
        assert "log(0)" in done.stdout
        assert "nitial" in done.stdout, "it says that the start is the trouble"
        assert not list(tmp_path.glob("*.csv")) or words[0] != "sample"
        assert_no_result(output)


@pytest.mark.parametrize(
    ("init", "named"),
    [
        (None, "init.json"),
        ("{", ""),
        ('{"mu": 1, "sigma2": -1}', "Lower bounded variable is -1"),
        ('{"mu": [1, 2], "sigma2": 1}', "mu"),
    ],
)
def test_bad_inits(normal: Program, normal_json: Path, tmp_path: Path, init: str | None,
                   named: str) -> None:  # fmt: skip
    path, output = tmp_path / "init.json", tmp_path / "out.csv"
    if init is not None:
        path.write_text(init)
    done = normal.run("sample", "data", f"file={normal_json}", f"init={path}", "output",
                      f"file={output}")  # fmt: skip
    assert done.returncode != 0
    assert named in done.stdout
    assert_no_result(output)


@pytest.mark.parametrize(
    "metric", [None, "{", '{"inv_metric": [1, 2, 3]}', '{"metric": [1, 2]}',
               '{"inv_metric": [1, -2]}', '{"inv_metric": [[1, 0], [0, 1]]}']
)  # fmt: skip
@pytest.mark.parametrize("engine", ["nuts", "static"])
def test_bad_metric(normal: Program, normal_json: Path, tmp_path: Path, metric: str | None,
                    engine: str) -> None:  # fmt: skip
    path, output = tmp_path / "metric.json", tmp_path / "out.csv"
    if metric is not None:
        path.write_text(metric)
    done = normal.run(
        "sample", "algorithm=hmc", f"engine={engine}", f"metric_file={path}", "data",
        f"file={normal_json}", "output", f"file={output}",
    )  # fmt: skip
    assert done.returncode != 0
    assert "metric" in done.stdout
    assert_no_result(output)


def test_bad_draws_for_generate_quantities(
    cmdstan: Stan, normal: Program, normal_json: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    for name, text in {
        "foreign.csv": "lp__,theta\n1,2\n",
        "empty.csv": "",
        "header.csv": "lp__,mu,sigma2,sigma\n",
        "torn.csv": "lp__,mu,sigma2,sigma\n1,2,3,4\n1,2\n",
        "words.csv": "lp__,mu,sigma2,sigma\n1,two,3,4\n",
        "absent.csv": None,
    }.items():
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        done = normal.run("generate_quantities", f"fitted_params={path}", "data",
                          f"file={normal_json}", "output", f"file={output}")  # fmt: skip
        assert done.returncode != 0, name
        assert name in done.stdout or cmdstan.source == "cmdstan"
        assert not output.exists() or cmdstan.source == "cmdstan"


def test_output_that_cannot_be_written(normal: Program, normal_json: Path, tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "out.csv"
    done = normal.run("sample", "data", f"file={normal_json}", "output", f"file={output}")
    assert done.returncode != 0
    assert str(output) in done.stdout


def test_cmdstanpy_shows_the_cause(normal: Program) -> None:
    with pytest.raises(RuntimeError, match="mismatch"):
        normal.model.sample({**GOOD, "y": [1.0]}, chains=1, show_progress=False)
    with pytest.raises(RuntimeError, match="variable name=y"):
        normal.model.optimize({"N": 2, "broken": 0})
    with pytest.raises(RuntimeError):
        normal.model.pathfinder({**GOOD, "broken": 1})


def start(program: Program, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(program.exe), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def wait_for_draws(path: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_size > 20_000:
            return
        time.sleep(0.05)
    raise AssertionError("no draws within a minute")


@pytest.mark.parametrize("chains", [1, 2])
def test_killed_while_sampling(
    normal: Program, normal_json: Path, tmp_path: Path, chains: int
) -> None:
    output = tmp_path / "out.csv"
    first = output if chains == 1 else tmp_path / "out_1.csv"
    words = ["data", f"file={normal_json}", "output", f"file={output}", "refresh=0"]
    process = start(normal, *ENDLESS, f"num_chains={chains}", *words)
    wait_for_draws(first)
    process.kill()
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL
    assert_no_result(first)
    done = normal.run("sample", f"num_chains={chains}", *words)
    assert done.returncode == 0, "the next start is not hindered by what was left"
    assert cmdstanpy.from_csv(str(first)).draws().shape[0] == 1000


@pytest.mark.parametrize("chains", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(
    cmdstan: Stan, normal: Program, normal_json: Path, tmp_path: Path, number: signal.Signals,
    chains: int,
) -> None:  # fmt: skip
    output = tmp_path / "out.csv"
    first = output if chains == 1 else tmp_path / "out_1.csv"
    process = start(normal, *ENDLESS, f"num_chains={chains}", "data", f"file={normal_json}",
                    "output", f"file={output}", f"num_threads={chains}")  # fmt: skip
    wait_for_draws(first)
    process.send_signal(number)
    text, _ = process.communicate(timeout=20)
    assert process.returncode != 0
    assert_no_result(first)
    if cmdstan.source == "httpstan":
        assert process.returncode == 130
        assert "interrupted" in text
        assert first.read_text().endswith("\n"), "the last row is whole"


def test_timeout_of_cmdstanpy(normal: Program, normal_truth: NormalInverseGamma) -> None:
    with pytest.raises(TimeoutError):
        normal.model.sample(normal_truth.data, chains=1, iter_sampling=100_000_000, timeout=1,
                            show_progress=False)  # fmt: skip


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("chains", [1, 2])
def test_full_disk(
    cmdstan: Stan, normal: Program, normal_json: Path, small_disk: Path, chains: int
) -> None:
    if cmdstan.source == "cmdstan":
        pytest.skip("CmdStan does not look whether its draws were written")
    output = small_disk / "out.csv"
    first = output if chains == 1 else small_disk / "out_1.csv"
    words = ["data", f"file={normal_json}", "output", f"file={output}"]
    done = normal.run(*ENDLESS, f"num_chains={chains}", *words, f"num_threads={chains}")
    assert done.returncode == 73
    assert "No space left on device" in done.stdout
    assert str(small_disk) in done.stdout
    assert_no_result(first)
    for path in small_disk.iterdir():
        path.unlink()
    assert normal.run("sample", "num_samples=100", *words).returncode == 0


@pytest.mark.parametrize("method", ["sample", "optimize", "pathfinder", "variational"])
def test_device_that_is_full(
    cmdstan: Stan, normal: Program, normal_json: Path, method: str
) -> None:
    if cmdstan.source == "cmdstan":
        pytest.skip("CmdStan does not look whether its draws were written")
    device = Path("/dev/full")
    if not device.is_char_device():
        pytest.skip("there is no /dev/full")
    done = normal.run(method, "data", f"file={normal_json}", "output", "file=/dev/full")
    assert done.returncode != 0
    assert "cannot write '/dev/full': No space left on device" in done.stdout
    assert device.is_char_device(), "a device is not taken away"


def test_full_disk_beside_the_draws(
    cmdstan: Stan, normal: Program, normal_json: Path, tmp_path: Path
) -> None:
    if cmdstan.source == "cmdstan":
        pytest.skip("CmdStan does not look whether its files were written")
    if not Path("/dev/full").is_char_device():
        pytest.skip("there is no /dev/full")
    output = tmp_path / "out.csv"
    words = ["data", f"file={normal_json}", "output", f"file={output}"]
    done = normal.run("sample", *words, "diagnostic_file=/dev/full")
    assert done.returncode != 0
    assert "/dev/full" in done.stdout
    (tmp_path / "out_metric.json").symlink_to("/dev/full")
    done = normal.run("sample", "adapt", "save_metric=1", *words)
    assert done.returncode != 0
    assert "out_metric.json" in done.stdout


def test_no_parameters_where_some_are_needed(
    cmdstan: Stan, constants: Program, tmp_path: Path
) -> None:
    for method in ("pathfinder", "variational"):
        output = tmp_path / "out.csv"
        done = constants.run(method, "output", f"file={output}")
        assert "no parameters" in done.stdout or cmdstan.source == "cmdstan"
        assert_no_result(output)
