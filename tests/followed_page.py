"""Code blocks and tables of the pages that tests follow step by step."""

import re
import shlex
import textwrap
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pkqsp_bayes.cli import app

__all__ = [
    "assert_same_summary",
    "blocks",
    "command_lines",
    "read_page",
    "run_command",
    "run_python",
    "text_table",
]

DOCS = Path(__file__).parent.parent / "docs"


def read_page(name: str) -> str:
    return (DOCS / name).read_text()


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a language; blocks inside tabs are indented.

    >>> blocks("```sh\\nls\\n```\\n=== \\"Tab\\"\\n    ```sh\\n    pwd\\n    ```\\n", "sh")
    ['ls\\n', 'pwd\\n']
    """
    pattern = rf"^( *)```{language}\n(.*?)^\1```"
    found = re.findall(pattern, page, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(text) for _, text in found]


def command_lines(page: str) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line]


def run_python(code: str, scope: dict[str, Any], page: str) -> None:
    exec(compile(code, page, "exec"), scope)  # our own text, not a user's


def run_command(line: str) -> Result:
    """Run a line ``pkqsp ...`` in this process."""
    name, *words = shlex.split(line)
    assert name == "pkqsp"
    return CliRunner().invoke(app, words)


def text_table(text: str) -> dict[str, dict[str, float]]:
    """Return the rows of a printed table, by the names of its columns.

    >>> text_table("name  mean  sd\\nCL  3  0.5\\n")
    {'CL': {'mean': 3.0, 'sd': 0.5}}
    """
    head, *rows = (line.split() for line in text.splitlines() if line.strip())
    return {row[0]: dict(zip(head[1:], map(float, row[1:]), strict=True)) for row in rows}


def assert_same_summary(shown: str, found: dict[str, dict[str, float]]) -> None:
    """Compare a table of a page with a fit: means within Monte Carlo error, and rounding."""
    table = text_table(shown)
    assert set(table) == set(found)
    for name, row in table.items():
        ess = min(row["ess_bulk"], found[name]["ess_bulk"])
        error = 5 * row["sd"] * (2 / ess) ** 0.5 + 0.005 * abs(row["mean"])
        assert found[name]["mean"] == pytest.approx(row["mean"], abs=error), name
        assert found[name]["sd"] == pytest.approx(row["sd"], rel=0.2), name
