"""The first programs on a new machine: what each has to compile, and what a killed one leaves."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pkqsp_bayes.engine.compile import compile_program, load_program
from pkqsp_bayes.engine.toolchain import locate_stan

pytestmark = pytest.mark.slow

_CODE = "parameters { real x; } model { x ~ normal(3, 2); }"
_ASK = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins without it
from pkqsp_bayes.engine.compile import compile_program
print(compile_program({_CODE!r}, methods="sampling"))
"""


def start(cache: Path) -> subprocess.Popen[str]:
    """Ask for the program in a process (group) of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "CMDSTAN"}
    return subprocess.Popen(
        [sys.executable, "-c", _ASK],
        env=environment | {"PKQSP_CACHE": str(cache), "HOME": str(cache.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_compiler(cache: Path) -> None:
    """Return when the driver is being compiled."""
    for _ in range(600):
        if list(cache.glob("stan/cmdstan-*/build/driver/sampling.cpp")):
            time.sleep(2)
            return
        time.sleep(0.1)
    pytest.fail("the compilation did not begin")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_first_start_then_eight_at_once(tmp_path: Path, sign: signal.Signals) -> None:
    cache = tmp_path / "cache"
    killed = start(cache)
    wait_for_compiler(cache)
    os.killpg(killed.pid, sign)
    killed.communicate(timeout=60)
    assert killed.returncode != 0
    assert not list(cache.glob("program/[!.]*"))
    together = [start(cache) for _ in range(8)]
    output = [process.communicate(timeout=600) for process in together]
    assert [process.returncode for process in together] == [0] * 8, output
    assert len({out for out, _ in output}) == 1
    assert sum("compiling Stan's driver" in err for _, err in output) == 1
    assert not list(cache.glob("*/.*.part"))
    assert {path.name for path in cache.glob("stan/cmdstan-*/build/driver/*")} == {
        "sampling.cpp", "sampling.o",
    }  # fmt: skip


def test_what_is_compiled_for_each_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Driver and program; the rest of the driver and the header; then the program alone."""
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CMDSTAN", raising=False)
    caplog.set_level(logging.DEBUG)

    def done(methods: str, code: str = _CODE) -> tuple[str, set[str]]:
        caplog.clear()
        path = compile_program(code, methods=methods)
        steps = {
            "driver": "build/driver/sampling.cpp -o",
            "others": "build/driver/methods.cpp -o",
            "header": "-x c++-header",
            "program": "--- Compiling C++ code ---",
            "link": "--- Linking model ---",
        }
        return path.parent.name, {name for name, sign in steps.items() if sign in caplog.text}

    part, steps = done("sampling")
    assert part.endswith("-sampling")
    assert steps == {"driver", "program", "link"}
    assert done("sampling") == (part, set())
    assert not locate_stan().has("all")
    whole, steps = done("all")
    assert whole == part.removesuffix("-sampling")
    assert steps == {"others", "header", "link"}
    assert done("sampling") == (whole, set())
    other, steps = done("sampling", _CODE + "\n")
    assert not other.endswith("-sampling")
    assert steps == {"program", "link"}
    mode = load_program(_CODE).optimize(seed=1).stan_variable("x")
    assert abs(mode - 3) < 1e-3
