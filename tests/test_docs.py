"""The pages of the documentation link to files that exist."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_pages_link_to_files_that_are_there() -> None:
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
