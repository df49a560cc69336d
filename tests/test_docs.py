"""What the documentation shows works as it stands there."""

import re
from pathlib import Path

import pytest
import typer.main

import pkqsp_bayes as pq
from pkqsp_bayes.cli import app

DOCS = Path(__file__).parent.parent / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL)


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.toml").write_text(blocks("toml")[0])
    (tmp_path / "study.csv").write_text(blocks("csv")[0])
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    for code in blocks("python"):
        exec(compile(code, "tutorial.md", "exec"), scope)  # our own text, not a user's
    assert scope["study"].subjects == ("1", "2")  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", [li for b in blocks("sh") for li in b.splitlines()])
def test_its_commands_exist_with_their_options(line: str) -> None:
    name, *words = line.split()[1:]
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    known = {option for one in command.params for option in [*one.opts, *one.secondary_opts]}
    assert {word for word in words if word.startswith("-")} <= known


def test_the_api_page_has_every_public_name() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "api.md").read_text(), re.MULTILINE))
    assert named >= set(pq.__all__) - {"__version__"}


def test_pages_link_to_files_that_are_there() -> None:
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
