"""The first program of all is compiled beside Stan's driver, and a broken one spoils nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_FIRST = """
import logging
from pkqsp_bayes.engine import toolchain
from pkqsp_bayes.engine.compile import compile_program, load_program
from pkqsp_bayes.errors import ToolchainError

calls, plain = [], toolchain._make
def counted(folder, compiler, more=()):
    done = plain(folder, compiler, more)
    calls.append((bool(more), done.returncode))
    return done
toolchain._make = counted

HEADER = "#include <ostream>\\ntemplate <class T> T doubled(const T& x, std::ostream*) {"
BODY = {"good": " return 2 * x; }", "broken": " return 2 * y; }"}
CODE = (
    "functions { real doubled(real x); } parameters { real x; } "
    "model { target += -doubled(x)^2; }"
)
SHORT = {"chains": 1, "iter_warmup": 200, "iter_sampling": 500, "seed": 1}
for kind in ORDER:
    try:
        model = load_program(CODE, user_header=HEADER + BODY[kind])
        fit = model.sample(**SHORT, show_progress=False)
        print(kind, abs(fit.stan_variable("x").std() - 8 ** -0.5) < 0.1)
    except ToolchainError as error:
        print(kind, "y" in str(error), "could not be compiled" in str(error))
print(calls)
"""


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (("good",), ["good True", "[(True, 0)]"]),
        (("broken", "good"), ["broken True True", "good True", "[(True, 2), (False, 0)]"]),
    ],
)
def test_the_first_program(order: tuple[str, ...], told: list[str], tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CMDSTAN"}
    done = subprocess.run(
        [sys.executable, "-c", f"ORDER = {order!r}\n{_FIRST}"],
        env=environment | {"PKQSP_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == told, done.stdout + done.stderr
    assert not list(tmp_path.glob("cache/*/.*.part"))
    assert {p.name for p in tmp_path.glob("cache/program/*/*")} == {
        "model", "model.stan", "user_header.hpp",
    }  # fmt: skip
