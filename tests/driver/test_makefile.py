"""The makefile of the laid-out directory: what cmdstanpy and people ask of it."""

import os
import subprocess
from pathlib import Path

import cmdstanpy
import pytest
from cmdstanpy.compilation import compile_stan_file

from pkqsp_bayes.engine.toolchain import Stan, compile_driver_parts
from tests.driver.compile_time import measure
from tests.driver.programs import DOUBLED_HEADER


@pytest.fixture
def ours(cmdstan: Stan) -> Path:
    if cmdstan.source == "cmdstan":
        pytest.skip("this is about the directory laid out here")
    with compile_driver_parts(cmdstan, "all", plain=True):  # the others who want it wait
        make(cmdstan.path, "build")
    return cmdstan.path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # `make test` has its own say in the environment; these are none of its children.
    own = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", *words]
    return subprocess.run(
        command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=300
    )


def test_everything_is_built(ours: Path) -> None:
    assert make(ours, "--question", "build").returncode == 0
    assert make(ours, "print-CMDSTAN_VERSION").stdout.strip() == "CMDSTAN_VERSION = 2.39.0"


@pytest.mark.parametrize("option", ["STAN_OPENCL=TRUE", "STAN_MPI=true"])
def test_what_is_not_there_is_refused(ours: Path, tmp_path: Path, option: str) -> None:
    done = make(ours, option, str(tmp_path / "model"))
    assert done.returncode != 0
    assert f"{option.partition('=')[0]} is not supported here" in done.stderr
    assert make(ours, option.partition("=")[0] + "=false", "-n", "help").returncode == 0


def commands(folder: Path, tmp_path: Path, *words: str) -> str:
    (tmp_path / "model.stan").write_text("parameters { real x; } model { x ~ std_normal(); }")
    done = make(folder, "--dry-run", *words, str(tmp_path / "model"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_options_arrive_at_the_compilers(ours: Path, tmp_path: Path) -> None:
    header = tmp_path / "external.hpp"
    header.write_text(DOUBLED_HEADER)
    text = commands(
        ours, tmp_path, "STANCFLAGS+=--O1", "STANCFLAGS+=--allow-undefined", "O=1",
        f"USER_HEADER={header}", "CXXFLAGS=-DMINE", "LDFLAGS=-Lthere", "STAN_NO_RANGE_CHECKS=true",
    )  # fmt: skip
    for word in ("--O1 --allow-undefined", " -O1 ", "-DMINE", "-Lthere", "-DSTAN_NO_RANGE_CHECKS"):
        assert word in text
    assert text.index("model_header.hpp") < text.index(str(header)), (
        "a precompiled header counts only as the first thing that is included"
    )
    assert "-march" not in text


def test_other_flags_use_another_precompiled_header(ours: Path, tmp_path: Path) -> None:
    def folder(*words: str) -> str:
        return make(ours, "print-PCH_KEY", *words).stdout.split()[-1]

    assert (ours / "pch" / folder() / "stan/model/model_header.hpp.gch").is_file()
    assert folder("STAN_THREADS=TRUE") == folder() == folder("STAN_THREADS=false")
    for words in (["O=0"], ["CXXFLAGS=-DMINE"], ["STAN_NO_RANGE_CHECKS=true"]):
        assert folder(*words) != folder()
        assert "-x c++-header" not in commands(ours, tmp_path, *words), "none is made for a model"


def test_the_driver_is_two_objects_compiled_as_the_user_says(ours: Path) -> None:
    text = make(ours, "-n", "-B", "CXXFLAGS=-O0", "driver").stdout.replace("\\\n", "")
    compiled = [line for line in text.splitlines() if " -c build/driver/" in line]
    assert sorted(line.split("-c build/driver/")[1].split()[0] for line in compiled) == [
        "methods.cpp", "sampling.cpp",
    ]  # fmt: skip
    for line in compiled:
        assert line.rindex(" -O0 ") > line.index(" -O1 "), "the user's word comes last"
        assert "-include" not in line, "with other flags there is no precompiled header to be read"


@pytest.fixture
def young(ours: Path, tmp_path: Path) -> Path:
    """Return the same directory as it is before anybody asked for another method than sampling."""
    folder = tmp_path / "young"
    (folder / "build" / "driver").mkdir(parents=True)
    for path in ours.iterdir():
        if path.name != "build":
            (folder / path.name).symlink_to(path)
    (folder / "build/driver/sampling.o").symlink_to(ours / "build/driver/sampling.o")
    return folder


def test_a_program_is_linked_for_sampling_alone_then_for_all(
    ours: Path, young: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    path.with_suffix(".stan").write_text("parameters { real x; } model { x ~ std_normal(); }")
    done = make(young, "METHODS=sampling", str(path))
    assert done.returncode == 0, done.stderr
    assert not (young / "build/driver/methods.o").exists()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(path), *words, "random", "seed=1", "output", f"file={tmp_path / 'x.csv'}"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    static = ("sample", "algorithm=hmc", "engine=static")
    assert run("sample").returncode == 0
    for words in (("optimize",), static):
        refused = run(*words)
        assert refused.returncode == 64
        assert "linked for sampling only" in refused.stderr
        assert "METHODS=all" in refused.stderr
    path.unlink()  # as cmdstanpy does
    done = make(ours, str(path))
    assert "Linking" in done.stdout
    assert "Compiling" not in done.stdout
    for words in (("optimize",), static):
        assert run(*words).returncode == 0


def test_how_many_compilers_run_is_the_users_choice(ours: Path) -> None:
    assert "-j3" in make(ours, "print-MAKEFLAGS").stdout
    assert "-j1" in make(ours, "print-MAKEFLAGS", "PKQSP_JOBS=1").stdout


def test_a_program_by_itself_has_all_methods(ours: Path, young: Path, tmp_path: Path) -> None:
    assert "methods.cpp" in commands(young, tmp_path)
    assert "methods.cpp" not in commands(young, tmp_path, "METHODS=sampling")
    assert " build/driver/methods.o " in commands(ours, tmp_path, "METHODS=sampling"), (
        "what is there costs nothing"
    )
    done = make(ours, "METHODS=some", "help")
    assert done.returncode != 0
    assert "METHODS is 'some': it must be 'all' or 'sampling'" in done.stderr


def test_a_program_that_is_wrong_is_reported(cmdstan: Stan, tmp_path: Path) -> None:
    path = tmp_path / "wrong.stan"
    path.write_text("parameters { real x; }\nmodel { x ~ normal(0, y); }\n")
    with pytest.raises(ValueError, match='Identifier "y" not in scope'):
        compile_stan_file(path)
    assert not (tmp_path / "wrong").exists()


def test_a_header_that_is_wrong_is_reported(cmdstan: Stan, tmp_path: Path) -> None:
    path, header = tmp_path / "wrong.stan", tmp_path / "wrong.hpp"
    path.write_text(
        "functions { real f(real x); } parameters { real x; } model { target += f(x); }"
    )
    header.write_text("this is no C++\n")
    with pytest.raises(ValueError, match=r"wrong\.hpp"):
        cmdstanpy.CmdStanModel(stan_file=path, user_header=header)
    assert [p.name for p in tmp_path.iterdir() if p.suffix in {"", ".o", ".exe"}] == []


@pytest.mark.slow
def test_the_precompiled_header_pays(ours: Path) -> None:
    with_header, without = measure(ours)
    assert without / with_header >= 1.5


@pytest.mark.slow
def test_options_of_the_model_are_in_its_information(ours: Path, tmp_path: Path) -> None:
    path = tmp_path / "unchecked.stan"
    path.write_text("parameters { real x; } model { x ~ std_normal(); }")
    model = cmdstanpy.CmdStanModel(
        stan_file=path, cpp_options={"STAN_NO_RANGE_CHECKS": "true", "CXXFLAGS": "-O0"}
    )
    assert model.exe_info()["STAN_NO_RANGE_CHECKS"] == "true"
    assert abs(model.sample(chains=1, seed=1, show_progress=False).stan_variable("x").mean()) < 0.3
