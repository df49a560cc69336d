"""Compiled files in the cache are unchanged, or they are reported and built again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pkqsp_bayes.engine import cache, executables
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.engine.executables import explain_run_failure, is_unchanged, record_checksum
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.program import bench
from tests.engine.test_compile import HEADER, PROGRAM

# ELF of another machine: the header of a 64-bit executable for IBM S/390
_FOREIGN = b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x02\x00\x16" + bytes(100)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    executables._find_fault.cache_clear()
    executables._warn.cache_clear()
    return tmp_path


def make(program: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    program.write_text(text)
    program.chmod(0o755)
    record_checksum(program)
    return program


def truncate(program: Path) -> None:
    os.truncate(program, 12)


def empty(program: Path) -> None:
    os.truncate(program, 0)


def replace(program: Path) -> None:
    program.write_text("#!/bin/sh\nexit 0 # another\n")


def foreign(program: Path) -> None:
    program.write_bytes(_FOREIGN)
    record_checksum(program)


def forbidden(program: Path) -> None:
    program.chmod(0o644)


def open_to_all(program: Path) -> None:
    program.chmod(0o777)


def linked(program: Path) -> None:
    program.rename(program.with_name("other"))
    program.symlink_to("other")


def removed(program: Path) -> None:
    program.unlink()


def unrecorded(program: Path) -> None:
    (program.parent / "made.json").unlink()


def misrecorded(program: Path) -> None:
    (program.parent / "made.json").write_text("[1, 2]")


def without_library(program: Path) -> None:
    text = "echo 'error while loading shared libraries: libtbb.so.2: no such file' >&2; exit 127"
    make(program, f"#!/bin/sh\n{text}\n")


def stranger(program: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(program, 12345, 12345)


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (truncate, "12 bytes"), (empty, "0 bytes"), (replace, "has changed since it was compiled"),
    (foreign, "does not run"), (forbidden, "is not executable"), (open_to_all, "every user"),
    (linked, "not a regular file"), (removed, "missing"), (unrecorded, "no record"),
    (misrecorded, "has changed"), (without_library, "libtbb"), (stranger, "another user"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_a_broken_file_is_reported_and_built_again(
    damage: Callable[[Path], None], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    def build(target: Path) -> None:
        make(target / "model")

    def is_complete(entry: Path) -> bool:
        return is_unchanged(entry / "model", run=True)

    entry = cache.build_once("program", "a", build, is_complete=is_complete)
    assert caplog.messages == []
    damage(entry / "model")
    again = cache.build_once("program", "a", build, is_complete=is_complete)
    assert again == entry
    assert is_complete(entry)
    assert len(caplog.messages) == 1
    assert str(entry / "model") in caplog.text
    assert reason in caplog.text
    assert "built again" in caplog.text


def test_a_library_is_not_run(folder: Path) -> None:
    library = make(folder / "kernel.so", "no program")
    library.chmod(0o644)
    assert is_unchanged(library, run=False)


def test_the_reason_why_a_program_does_not_run_is_reported(folder: Path) -> None:
    assert explain_run_failure(make(folder / "good")) == ""
    assert "No such file" in explain_run_failure(folder / "nowhere")
    foreign(make(folder / "foreign"))
    assert "Exec format error" in explain_run_failure(folder / "foreign")
    assert "code 3" in explain_run_failure(make(folder / "fails", "#!/bin/sh\nexit 3\n"))


def test_a_failure_of_the_program_is_not_attributed_to_the_point(folder: Path) -> None:
    """127: a library is missing; below 0: a signal. Neither depends on the priors."""
    for code in (126, 127, -11, -9):
        error = bench._stopped(code, "libtbb.so.2: no such file", folder / "model")
        assert not isinstance(error, bench.PointError)
        assert str(folder / "model") in str(error)
    assert isinstance(bench._stopped(70, "no density there", folder / "model"), bench.PointError)
    with (folder / "log").open("w") as log, pytest.raises(ToolchainError, match="run") as caught:
        bench._begin([str(folder / "nowhere")], log, 1)
    assert not isinstance(caught.value, bench.PointError)


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "reason"), DAMAGES[:5])
def test_a_broken_stan_program_is_compiled_again(
    damage: Callable[[Path], None], reason: str, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.delenv("PKQSP_CACHE")
    header = "#define FACTOR 7" + HEADER
    program = compile_program(PROGRAM, user_header=header, name="twice", methods="sampling")
    damage(program)
    again = compile_program(PROGRAM, user_header=header, name="twice", methods="sampling")
    assert explain_run_failure(again) == ""
    assert str(program) in caplog.text
    assert reason in caplog.text
    shutil.rmtree(program.parent)
