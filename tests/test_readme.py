"""The code blocks and figures of the README."""

import re
from pathlib import Path

import pytest

from tests.commands import options_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_simulation_runs() -> None:
    (code,) = blocks("python")
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # our own text, not a user's
    assert float(scope["result"].cp.max()) > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line", [li for b in blocks("sh") for li in b.splitlines() if li.startswith("pkqsp")]
)
def test_its_commands_exist_with_their_options(line: str) -> None:
    name, *words = line.split("#")[0].split()[1:]
    assert {word for word in words if word.startswith("-")} <= options_of(name)


def test_its_targets_are_those_of_the_makefile() -> None:
    stated = set(re.findall(r"make (\w+)", README)) - {"and"}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert stated <= targets
