"""The notebooks of ``examples`` run, show what they should, and no text of cmdstanpy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from examples.run_notebooks import HERE, NOTEBOOKS, execute

WITH_FIT = {"pbpk_report", "population_fit", "time_varying"}
KEPT = ["pbpk_report", "population_fit", "priors", "time_varying"]
"""Notebooks that are stored with their outputs."""
LARGEST = 300_000
"""Bytes of a notebook with its outputs."""


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [out for cell in notebook["cells"] for out in cell.get("outputs", [])]


def texts(notebook: dict[str, Any], stream: str) -> str:
    found = [out["text"] for out in outputs(notebook) if out.get("name") == stream]
    return "".join("".join(text) for text in found)


def shown(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(out["data"][kind]) for out in outputs(notebook) if kind in out.get("data", {})]


def test_there_are_four() -> None:
    assert NOTEBOOKS == ["pbpk_report", "population_fit", "priors", "time_varying"]


@pytest.mark.parametrize("name", KEPT)
def test_outputs_are_kept(name: str) -> None:
    """Plots, and for a fit the progress of its chains and the table of issues without a warning."""
    file = HERE / f"{name}.ipynb"
    assert file.stat().st_size < LARGEST
    judge(json.loads(file.read_text()), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_in_an_empty_folder(name: str, tmp_path: Path) -> None:
    judge(execute(name, tmp_path), name)


def judge(notebook: dict[str, Any], name: str) -> None:
    assert shown(notebook, "image/png")
    assert "cmdstanpy" not in texts(notebook, "stderr")
    assert "Warning" not in texts(notebook, "stderr")
    assert all(out["output_type"] != "error" for out in outputs(notebook))
    if name in WITH_FIT:
        tables = shown(notebook, "text/html")
        (progress,) = (one for one in tables if "Progress of the chains" in one)
        assert progress.count("<td>done</td>") == 4
        *_, judged = (one for one in tables if re.search(r"<b>(no|\d+) issues?</b>", one))
        assert "<td>warning</td>" not in judged
