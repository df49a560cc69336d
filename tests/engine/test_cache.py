"""The cache: entries are built once and atomically; its size is limited; errors are clear."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkqsp_bayes.engine import cache
from pkqsp_bayes.errors import ToolchainError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(text: str, megabytes: float = 0) -> object:
    def build(target: Path) -> None:
        (target / "result").write_text(text)
        (target / "ballast").write_bytes(b"\1" * int(megabytes * 1e6))

    return build


def test_an_entry_is_built_once() -> None:
    calls = []

    def build(target: Path) -> None:
        calls.append(target)
        (target / "result").write_text("x")

    first, second = (cache.build_once("k", "a", build) for _ in range(2))
    assert first == second
    assert len(calls) == 1
    assert calls[0] != first, "it is built under another name"


def test_a_build_that_fails_leaves_nothing(folder: Path) -> None:
    def build(target: Path) -> None:
        (target / "half").write_text("x")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.build_once("k", "a", build)
    assert not [p for p in folder.rglob("*") if not p.name.endswith(".lock") and p.is_file()]
    assert (cache.build_once("k", "a", write("good")) / "result").read_text() == "good"


def test_a_damaged_entry_is_built_again() -> None:
    def whole(entry: Path) -> bool:
        return (entry / "result").is_file()

    entry = cache.build_once("k", "a", write("one"), is_complete=whole)
    (entry / "result").unlink()
    entry = cache.build_once("k", "a", write("two"), is_complete=whole)
    assert (entry / "result").read_text() == "two"


def _slow_build(log: str) -> None:
    def build(target: Path) -> None:
        with Path(log).open("a") as file:
            file.write("built\n")
        time.sleep(0.5)
        (target / "result").write_text("x")

    entry = cache.build_once("k", "a", build)
    assert (entry / "result").read_text() == "x"


def test_eight_processes_build_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_slow_build, args=(str(log),)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 8
    assert log.read_text() == "built\n"


_HANGS = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins without it
from pathlib import Path
from pkqsp_bayes.engine.cache import build_once
def build(target):
    (target / "result").write_text("half")
    print("started", flush=True)
    time.sleep(60)
build_once("k", "a", build)
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_leftovers_of_a_killed_build_are_removed(folder: Path, sign: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", _HANGS], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    try:
        process.send_signal(sign)
        process.wait(30)
    finally:
        process.kill()
        process.communicate()
    assert not (folder / "k" / "a").exists()
    assert (cache.build_once("k", "a", write("good")) / "result").read_text() == "good"
    assert not list((folder / "k").glob(".*.part"))


def test_the_least_used_go_when_the_limit_is_passed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKQSP_CACHE_LIMIT_GB", "0.0031")
    for age, name in ((9e4, "old"), (8e4, "older_but_used"), (7e4, "young")):
        entry = cache.build_once("k", name, write("x", 1))
        os.utime(entry, (time.time() - age, time.time() - age))
    cache.build_once("k", "older_but_used", write("x"))  # marks it as used now
    cache.build_once("k", "new", write("x", 1))
    assert {e.path.name for e in cache.entries()} == {"older_but_used", "young", "new"}
    cache.build_once("k", "newer", write("x", 1.5))
    assert {e.path.name for e in cache.entries()} == {"older_but_used", "new", "newer"}


def test_the_toolchain_is_never_trimmed() -> None:
    entry = cache.build_once("stan", "tools", write("x", 1))
    os.utime(entry, (0, 0))
    cache.trim(1)
    assert entry.is_dir()


def test_clearing_takes_everything(folder: Path) -> None:
    cache.build_once("stan", "tools", write("x"))
    cache.build_once("k", "a", write("x", 1))
    assert cache.clear() > 1e6
    assert cache.entries() == []
    cache.build_once("k", "a", write("x"))


@pytest.mark.parametrize("text", ["a lot", "-1", "0", "nan", "inf"])
def test_a_limit_that_is_not_a_number_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKQSP_CACHE_LIMIT_GB", text)
    with pytest.raises(ToolchainError, match="positive number of gigabytes"):
        cache.limit_bytes()


def test_a_cache_that_is_not_a_folder_is_explained(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(ToolchainError, match="set PKQSP_CACHE"):
        cache.build_once("k", "a", write("x"))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_cache_without_permission_is_explained(folder: Path) -> None:
    folder.mkdir(mode=0o500)
    with pytest.raises(ToolchainError, match="set PKQSP_CACHE"):
        cache.build_once("k", "a", write("x"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_explained_and_leaves_nothing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(small_disk / "cache"))
    with pytest.raises(ToolchainError, match="no space left"):
        cache.build_once("k", "a", write("x", 5))
    assert not (small_disk / "cache" / "k" / "a").exists()
    assert (cache.build_once("k", "a", write("good")) / "result").read_text() == "good"
