"""The Stan compiler of the httpstan wheel, alone: no C++ is compiled."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

__all__ = ["canonical", "check"]


def _run(code: str, *options: str) -> str:
    spec = importlib.util.find_spec("httpstan")
    if spec is None or spec.origin is None:
        pytest.skip("no httpstan wheel, so no stanc")
    stanc = Path(spec.origin).parent / "stanc"
    command = [str(stanc), *options, "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def check(code: str, *options: str) -> None:
    """Fail unless stanc accepts a program without any warning, pedantic ones included."""
    _run(code, "--warn-pedantic", "--o=/dev/null", *options)


def canonical(code: str, *options: str) -> str:
    """Return a program as stanc would write it."""
    form = ("--auto-format", "--canonicalize=deprecations,parentheses,braces")
    return _run(code, *form, *options)
