"""The Stan compiler of the httpstan wheel, alone: no C++ is compiled."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

__all__ = ["canonical", "check"]

# Centred effects lie around typical values, which the likelihood reads too: stanc then takes their
# density, and what is connected with it, for a part of the likelihood, and says itself that it may
# be wrong. That no prior is missing is tested in numbers (tests/program/test_density.py).
_FALSE_ALARM = re.compile(
    r"Warning in [^\n]*\n\s+The parameter \w+ has no priors\.[\s\S]*?false\s+positive\.\n"
)


def _run(code: str, *options: str) -> str:
    spec = importlib.util.find_spec("httpstan")
    if spec is None or spec.origin is None:
        pytest.skip("no httpstan wheel, so no stanc")
    stanc = Path(spec.origin).parent / "stanc"
    command = [str(stanc), *options, "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert _FALSE_ALARM.sub("", done.stderr) == ""
    return done.stdout


def check(code: str, *options: str) -> None:
    """Fail unless stanc accepts a program without any warning, pedantic ones included."""
    _run(code, "--warn-pedantic", "--o=/dev/null", *options)


def canonical(code: str, *options: str) -> str:
    """Return a program as stanc would write it."""
    form = ("--auto-format", "--canonicalize=deprecations,parentheses,braces")
    return _run(code, *form, *options)
