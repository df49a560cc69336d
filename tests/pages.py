"""Code blocks of the documentation, with what stands above them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "PAGES", "Block", "blocks_of", "page_name"]

DOCS = Path(__file__).parent.parent / "docs"
OF_OTHERS = {"failing-fit.md", "tutorial.md"}
"""Pages whose examples other tests follow in their order."""

PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name not in OF_OTHERS)

_BLOCK = re.compile(
    r"(?:^[ \t]*<!-- ([^\n]*?) -->\n)?^([ \t]*)```(\w+)([^\n]*)\n(.*?)^\2```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code.

    Parameters
    ----------
    language, text : str
        Its language and text.
    title : str
        Name of the file that it is, "" for none.
    reason : str
        Reason why it is not run, "" if it is.
    base : str
        Library model that a part of a model file is added to, "" for none.
    """

    language: str
    text: str
    title: str
    reason: str
    base: str


def blocks_of(page: Path, *languages: str) -> Iterator[Block]:
    """Yield the blocks of a page in some languages, in their order."""
    for comment, indent, language, more, text in _BLOCK.findall(page.read_text()):
        if language in languages:
            title = _TITLE.search(more)
            yield Block(
                language=language,
                text=re.sub(f"^{indent}", "", text, flags=re.MULTILINE),
                title=title[1] if title else "",
                reason=_after("not run", comment),
                base=_after("added to", comment),
            )


def _after(word: str, comment: str) -> str:
    return comment.removeprefix(f"{word}: ") if comment.startswith(f"{word}: ") else ""


def page_name(page: Path) -> str:
    return str(page.relative_to(DOCS))
