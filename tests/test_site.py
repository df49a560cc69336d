"""The documentation site: its pages, its API, and what `make docs` builds."""

import html
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import pkqsp_bayes as pq
from pkqsp_bayes.spec.library import names
from tests.pages import DOCS

ROOT = DOCS.parent
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def load_hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "_site" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = load_hooks()


def nav_pages(entry: Any) -> Iterator[str]:
    """Yield the pages of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for inner in entry if isinstance(entry, list) else entry.values():
            yield from nav_pages(inner)


PAGES = list(nav_pages(CONFIG["nav"]))


def test_the_navigation_has_every_page_once() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    generated = {HOOKS.api_page(title) for title in HOOKS.api_groups()}
    assert len(PAGES) == len(set(PAGES))
    assert set(PAGES) == written | generated


def test_the_api_has_every_public_name() -> None:
    listed = [name for group in HOOKS.api_groups().values() for name, _ in group]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(pq.__all__) - {"__version__"}
    for title, group in HOOKS.api_groups().items():
        assert HOOKS.api_page(title) in PAGES
        for name, path in group:
            module, _, own = path.rpartition(".")
            assert getattr(importlib.import_module(module), own) is getattr(pq, name)


def test_the_gallery_has_every_model() -> None:
    gallery = (DOCS / "models" / "index.md").read_text()
    for name in names():
        page = (DOCS / "models" / f"{name}.md").read_text()
        assert f"[{name}]({name}.md)" in gallery
        assert f"\n<!-- model: {name} -->\n" in page


def test_formulas_become_mathml() -> None:
    content = r'<p>a <span class="arithmatex">\(x &lt; \omega^2\)</span></p>'
    shown = HOOKS.on_page_content(content, page=None, config=None, files=None)
    assert shown.count("<math") == 1
    assert "arithmatex" not in shown
    assert "<mo><</mo>" in html.unescape(shown)


def test_links_to_other_folders() -> None:
    found = HOOKS._correct_links(
        "[the README](../README.md) and [API](api.md#x)", "docs/a.md", "a.md"
    )
    assert found == "the README and [API](api.md#x)"
    image = "![fits](../../reports/theophylline/fits_cp.png)"
    found = HOOKS._correct_links(image, "docs/models/theophylline.md", "models/theophylline.md")
    assert found == "![fits](../reports/theophylline/fits_cp.png)"


class _Links(HTMLParser):
    """Links, sources and anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = {key: value or "" for key, value in attrs}
        self.anchors |= {stated[key] for key in ("id", "name") if stated.get(key)}
        if tag == "a" and "href" in stated:
            self.targets.add(stated["href"])
        if tag in ("img", "script", "iframe", "source") and "src" in stated:
            self.loaded.add(stated["src"])
        if tag == "link" and stated.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.loaded.add(stated["href"])


def read_links(page: Path) -> _Links:
    links = _Links()
    links.feed(page.read_text())
    return links


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


@pytest.mark.slow
def test_the_site_has_no_broken_link_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {page: read_links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(pages) > 60
    for page, links in pages.items():
        assert not {one for one in links.loaded if urlsplit(one).scheme not in ("", "data")}, page
        for target in links.targets | links.loaded:
            parts = urlsplit(target)
            if parts.scheme:
                continue
            other = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert other.exists(), f"{page.relative_to(site)}: {target}"
            if parts.fragment and other in pages and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[other].anchors, f"{page.name}: {target}"


@pytest.mark.slow
def test_the_search_finds_keys_names_and_tasks(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    for word, place in [
        ("flow_kind", "model_file.html"),
        ("variance_budget", "api/uncertainty.html"),
        ("divergent", "howto/divergences.html"),
        ("alpha-1-acid glycoprotein", "models/quinidine.html"),
    ]:
        found = [one for one in index if word in one["text"] + one["title"]]
        assert any(one["location"].startswith(place) for one in found), word


@pytest.mark.slow
def test_pages_show_formulas_models_and_the_reference(site: Path) -> None:
    assert "<math" in (site / "concepts" / "uncertainty.html").read_text()
    assert "peripheral" in (site / "models" / "two-compartment.html").read_text()
    reference = (site / "model_file.html").read_text()
    assert len(re.findall(r'<h[23] id="model', reference)) > 25
    assert "<!-- " not in re.sub(r"<script.*?</script>", "", reference, flags=re.DOTALL)
