"""A CmdStan, ours or an official one, and the suite's programs compiled with it."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cmdstanpy
import numpy as np
import pytest
from arviz_stats.base import array_stats

from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.engine.toolchain import Stan, find_stan
from tests.driver import programs

_MARK = "pkqsp_bayes.json"
"""The file that our own directories hold and an official CmdStan does not."""


def _official() -> str:
    path = os.environ.get("CMDSTAN", "")
    return "" if not path or (Path(path) / _MARK).exists() else path


_CMDSTAN = _official()  # before any fixture changes the environment


@pytest.fixture(scope="package", autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run where CmdStan may leave the files that it writes unasked (``profile.csv``)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(scope="package", params=["ours", "official"])
def cmdstan(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stan]:
    """Point cmdstanpy to the directory laid out from the wheel, or to an official CmdStan."""
    if request.param == "official" and not _CMDSTAN:
        pytest.skip("CMDSTAN names no official CmdStan")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "official":
            patch.setenv("CMDSTAN", _CMDSTAN)
        else:
            patch.setenv("PKQSP_CACHE", str(cache_folder()))
            patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # no ~/.cmdstan in it
            patch.delenv("CMDSTAN", raising=False)
        stan = find_stan()
        assert stan.source == ("cmdstan" if request.param == "official" else "httpstan")
        yield stan


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled program: cmdstanpy's view of it, and the bare executable."""

    model: cmdstanpy.CmdStanModel
    exe: Path

    def run(
        self, *words: object, timeout: float = 120, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the executable with some arguments; text of stdout and stderr together."""
        with tempfile.TemporaryDirectory() as elsewhere:  # files without a name go there
            return subprocess.run(
                [str(self.exe), *map(str, words)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
                env={**os.environ, **(env or {})},
                cwd=elsewhere,
            )


def _program(code: str, name: str, header: str | None = None) -> Program:
    exe = compile_program(code, name=name, user_header=header)
    model = cmdstanpy.CmdStanModel(exe_file=str(exe), stan_file=str(exe.with_suffix(".stan")))
    return Program(model=model, exe=exe)


@pytest.fixture(scope="package")
def normal(cmdstan: Stan) -> Program:
    return _program(programs.NORMAL, "normal")


@pytest.fixture(scope="package")
def correlated(cmdstan: Stan) -> Program:
    return _program(programs.CORRELATED, "correlated")


@pytest.fixture(scope="package")
def beta_binomial(cmdstan: Stan) -> Program:
    return _program(programs.BETA_BINOMIAL, "beta_binomial", programs.DOUBLED_HEADER)


@pytest.fixture(scope="package")
def ode(cmdstan: Stan) -> Program:
    return _program(programs.ODE, "ode")


@pytest.fixture(scope="package")
def constants(cmdstan: Stan) -> Program:
    return _program(programs.CONSTANTS, "constants")


@pytest.fixture(scope="package")
def normal_truth() -> programs.NormalInverseGamma:
    y = np.random.default_rng(20).normal(2.0, 1.5, size=30)
    return programs.NormalInverseGamma(y=y)


@pytest.fixture(scope="package")
def decay_truth() -> programs.Decay:
    time = np.array([0.25, 0.5, 1.0, 1.5, 2.0])
    noise = np.random.default_rng(21).normal(0, 0.2, size=len(time))
    return programs.Decay(time=time, y=10 * np.exp(-0.8 * time + noise), sigma=0.2)


@pytest.fixture(scope="package")
def normal_json(
    tmp_path_factory: pytest.TempPathFactory, normal_truth: programs.NormalInverseGamma
) -> Path:
    path = tmp_path_factory.mktemp("data") / "normal.json"
    cmdstanpy.write_stan_json(str(path), normal_truth.data)
    return path


@pytest.fixture(scope="package")
def normal_fit(normal: Program, normal_truth: programs.NormalInverseGamma) -> cmdstanpy.CmdStanMCMC:
    """Four chains of one process, which several tests read."""
    return normal.model.sample(normal_truth.data, seed=1, chains=4, show_progress=False)


@pytest.fixture
def check_mean() -> Callable[[np.ndarray, float], None]:
    """Assert that draws (iterations x chains) have an exact mean, by their Monte Carlo error."""

    def check(draws: np.ndarray, exact: float) -> None:
        error = float(array_stats.mcse(draws, chain_axis=1, draw_axis=0))
        assert error > 0
        assert abs(draws.mean() - exact) < 5 * error, (draws.mean(), exact, error)

    return check
