"""The files of the repository that describe it agree with each other."""

import re
import tomllib
from pathlib import Path

from pkqsp_bayes import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_has_the_version_and_the_licence() -> None:
    text = (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.*)$", text, re.MULTILINE) == [__version__]
    assert re.findall(r"^license: (.*)$", text, re.MULTILINE) == [PROJECT["license"]]


def test_the_changelog_is_of_the_stated_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(.*?)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert len(set(versions)) == len(versions)
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_each_extra_is_a_part_of_the_documentation() -> None:
    pages = "\n".join(page.read_text() for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    shown = set(PROJECT["optional-dependencies"]) - {"test", "dev"}
    assert shown
    assert all(f"[{extra}]" in pages for extra in shown), shown


def test_links_lead_to_files() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), f"{name}: {target}"
