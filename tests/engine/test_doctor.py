"""`pkqsp doctor` and `pkqsp cache`, as a user runs them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pkqsp_bayes.cli import app

RUN = CliRunner()


def findings(*options: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = RUN.invoke(app, ["doctor", "--json", *options])
    return result.exit_code, {f["topic"]: f for f in json.loads(result.stdout)}


def test_all_is_well_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMDSTAN", raising=False)
    code, found = findings()
    assert code == 0
    topics = {"Stan", "compiler", "make", "processor", "cores", "memory", "cache", "cmdstanpy"}
    assert topics <= set(found)
    assert not [f for f in found.values() if f["status"] == "error"]


def test_it_proves_compilation() -> None:
    code, found = findings("--compile")
    assert code == 0
    assert "posterior mean right" in found["sample"]["value"]


def test_a_missing_compiler_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    code, found = findings("--compile")
    assert code == 1
    assert found["compiler"]["status"] == "error"
    assert "install" in found["compiler"]["remedy"]
    assert "sample" not in found


def test_an_unwritable_cache_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path / "file" / "cache"))
    code, found = findings()
    assert code == 1
    assert found["cache"]["status"] == "error"
    assert "PKQSP_CACHE" in found["cache"]["remedy"]


def test_the_table_has_a_line_a_topic() -> None:
    result = RUN.invoke(app, ["doctor"], terminal_width=200)
    assert "compiler" in result.stdout
    assert "Stan's folder" in result.stdout


def test_the_cache_is_shown_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    entry = tmp_path / "program" / "abc"
    entry.mkdir(parents=True)
    (entry / "model").write_bytes(b"x" * 2_000_000)
    assert "abc" in RUN.invoke(app, ["cache"]).stdout
    assert "removed 2 MB" in RUN.invoke(app, ["cache", "--clear"]).stdout
    assert not entry.exists()
