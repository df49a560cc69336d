"""SIGTERM and SIGHUP end work in order, once, and with the code that shells expect."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from pkqsp_bayes.signals import Ended, raise_on_signals

_WORKS = """
import signal, sys, time
from pkqsp_bayes.signals import raise_on_signals
if sys.argv[1] == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with raise_on_signals():
    try:
        print("ready", flush=True)
        time.sleep(3 if sys.argv[1] == "ignored" else 60)
        print("done", flush=True)
    finally:
        print("cleaning", flush=True)
        time.sleep(1)
        print("clean", flush=True)
"""

_COMMAND = """
import subprocess
from pkqsp_bayes.console import reported
with reported():
    child = subprocess.Popen(["sleep", "100"])
    print(child.pid, flush=True)
    child.wait()
"""


def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_is_begun_is_cleaned_up(sign: signal.Signals, code: int) -> None:
    process = begin(_WORKS, "")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(sign)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(sign)  # an impatient one does not cut it short
    assert process.communicate(timeout=30)[0] == "clean\n"
    assert process.returncode == code


def test_what_nohup_ignores_stays_ignored() -> None:
    process = begin(_WORKS, "ignored")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=30)[0] == "done\ncleaning\nclean\n"
    assert process.returncode == 0


def test_handlers_are_put_back_and_those_of_others_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Ended) as caught, raise_on_signals():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before
    seen = []
    signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        with raise_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
        assert seen == [1]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_changes_nothing() -> None:
    seen: list[object] = []

    def look() -> None:
        with raise_on_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_a_command_ends_what_it_started(tmp_path: Path) -> None:
    process = begin(_COMMAND)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=30)[0]
    assert "ended by SIGTERM" in told
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
