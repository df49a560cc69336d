"""Selection of Stan, and the errors if there is none."""

import importlib.metadata
import shutil
from pathlib import Path

import pytest

from pkqsp_bayes.engine import compiler, toolchain
from pkqsp_bayes.engine.toolchain import Stan, remove_damaged_driver
from pkqsp_bayes.errors import ToolchainError


@pytest.fixture(autouse=True)
def no_cmdstan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's CmdStan nor the setting of another test."""
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def make_cmdstan(folder: Path, version: str = "2.38.0", *, built: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "makefile").write_text(f"CMDSTAN_VERSION := {version}\n")
    if built:
        (folder / "bin" / "stanc").write_text("")
    return folder


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_cmdstan(tmp_path / ".cmdstan" / "cmdstan-2.39.0", "2.39.0")
    chosen = make_cmdstan(tmp_path / "mine")
    monkeypatch.setenv("CMDSTAN", str(chosen))
    found = toolchain.locate_stan()
    assert (found.source, found.version, found.path) == ("cmdstan", "2.38.0", chosen)
    assert found.found_by == "$CMDSTAN"


def test_then_the_newest_of_the_default_place(tmp_path: Path) -> None:
    make_cmdstan(tmp_path / ".cmdstan" / "cmdstan-2.38.0")
    make_cmdstan(tmp_path / ".cmdstan" / "cmdstan-2.39.1", "2.39.1")
    assert toolchain.locate_stan().version == "2.39.1"


def test_then_the_wheel() -> None:
    found = toolchain.locate_stan()
    assert found.source == "httpstan"
    assert found.version == "2.39.0"


def test_the_setting_of_this_package_is_not_a_choice_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if the cache has been cleared since."""
    monkeypatch.setenv("CMDSTAN", str(toolchain.locate_stan().path))
    assert toolchain.locate_stan().source == "httpstan"


@pytest.mark.parametrize(
    ("version", "built", "message"),
    [("2.30.1", True, "too old"), ("2.38.0", False, "make build"), ("?", True, "no version")],
)
def test_a_broken_choice_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, built: bool, message: str
) -> None:
    monkeypatch.setenv("CMDSTAN", str(make_cmdstan(tmp_path / "mine", version, built=built)))
    with pytest.raises(ToolchainError, match=message):
        toolchain.locate_stan()


def test_a_choice_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "nothing"))
    with pytest.raises(ToolchainError, match="there is no CmdStan in it"):
        toolchain.locate_stan()


def test_without_the_wheel_the_error_states_how_to_get_stan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> object:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(ToolchainError, match="install_cmdstan"):
        toolchain.locate_stan()


def test_without_a_compiler_the_error_states_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ToolchainError, match=r"no C\+\+ compiler"):
        toolchain.locate_stan()
    monkeypatch.setenv("CXX", "nocc")
    with pytest.raises(ToolchainError, match="nocc"):
        compiler.find_compiler()


def test_a_compiler_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    with pytest.raises(ToolchainError, match="does not run"):
        compiler.find_compiler()


def test_without_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKE", "nomake")
    with pytest.raises(ToolchainError, match="nomake was not found"):
        toolchain.locate_stan()


def test_a_full_disk_is_reported_in_advance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path / "cache"))
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ToolchainError, match=r"10 MB are free.*\n.*PKQSP_CACHE"):
        toolchain.find_stan()


@pytest.mark.parametrize(
    "said",
    [
        "/usr/bin/ld: build/driver/sampling.o: file not recognized: file format not recognized",
        "build/driver/sampling.o: file not recognized: file truncated\ncollect2: error",
        "ld: file is empty: unknown file type in 'build/driver/methods.o' unknown file type",
    ],
)
def test_a_damaged_driver_is_reported_and_built_again(
    said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    driver = tmp_path / "build" / "driver"
    driver.mkdir(parents=True)
    (driver / "sampling.o").touch()
    ours = Stan(path=tmp_path, version="2.39.0", source="httpstan", found_by="", key="")
    theirs = Stan(path=tmp_path, version="2.39.0", source="cmdstan", found_by="", key="")
    assert not remove_damaged_driver(theirs, said)
    assert not remove_damaged_driver(ours, "model.hpp:3: error: no such thing")
    assert (driver / "sampling.o").exists()
    assert remove_damaged_driver(ours, said)
    assert not (driver / "sampling.o").exists()
    assert str(driver) in caplog.text
