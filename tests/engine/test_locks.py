"""Waiting processes report the holder within seconds, and no process waits without need."""

import json
import logging
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkqsp_bayes.engine import cache
from pkqsp_bayes.engine.locks import describe_holder, hold_lock
from pkqsp_bayes.engine.toolchain import Stan, compile_driver_parts

_HOLDS = """
import sys, time
from pathlib import Path
from pkqsp_bayes.engine.locks import hold_lock
with hold_lock(Path(sys.argv[1]), "the kernel of X"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".x.lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _HOLDS, str(lock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_holder_is_named_within_seconds(
    lock: Path, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    threading.Timer(2.5, holder.kill).start()
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), hold_lock(lock, "my part") as held:
        assert held, "the system releases what a killed process held"
        assert time.monotonic() - began < 10
        assert f"process {os.getpid()} on {platform.node()}" in describe_holder(lock)
    told = caplog.messages
    assert len(told) == 1
    assert "waiting for my part" in told[0]
    assert f"process {holder.pid} on {platform.node()}, which holds it since 20" in told[0]
    assert "for the kernel of X" in told[0]


def test_no_process_waits_for_an_existing_entry(lock: Path, holder: subprocess.Popen[str]) -> None:
    began = time.monotonic()
    with hold_lock(lock, "mine", until=lambda: time.monotonic() - began > 1) as held:
        assert not held
    assert time.monotonic() - began < 5
    assert holder.poll() is None
    assert f"process {holder.pid}" in describe_holder(lock), "it still holds it"


def test_the_record_of_a_dead_process_is_recognised(lock: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    record = lock.with_name(f"{lock.name}.holder")
    known = {"pid": gone.pid, "host": platform.node(), "since": time.time(), "builds": "x"}
    record.write_text(json.dumps(known))
    assert f"not {gone.pid}" in describe_holder(lock)
    for text in ("{", "[1]", '{"pid": "x"}', '{"pid": 1, "host": 2, "since": 1e300}', "\xff"):
        record.write_text(text, encoding="latin-1")
        assert "another process" in describe_holder(lock)


def test_an_entry_that_another_has_built_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: subprocess.Popen[str]
) -> None:
    """The lock of the entry is held by a process that goes on; the entry is there meanwhile."""
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / ".a.lock").hardlink_to(tmp_path / ".x.lock")
    timer = threading.Timer(1.0, (tmp_path / "k" / "a").mkdir)
    timer.start()

    def never(target: Path) -> None:
        raise AssertionError(target)

    assert cache.build_once("k", "a", never) == tmp_path / "k" / "a"


def test_who_has_its_driver_does_not_wait_for_another_part(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    """One compiles Stan's other methods; who only samples goes on, and makes no header twice."""
    folder = tmp_path / "stan"
    (folder / "build" / "driver").mkdir(parents=True)
    (tmp_path / ".stan.driver.lock").hardlink_to(tmp_path / ".x.lock")
    stan = Stan(path=folder, version="2.39.0", source="httpstan", found_by="test", key="x")
    driver = folder / "build" / "driver" / "sampling.o"
    threading.Timer(1.0, driver.touch).start()
    began = time.monotonic()
    with compile_driver_parts(stan, "sampling", plain=True) as alone:
        assert not alone
    with compile_driver_parts(stan, "sampling", plain=True) as alone:
        assert not alone
    assert time.monotonic() - began < 8
