"""``python -m examples.run_notebooks`` executes the notebooks of this folder, with their outputs.

``python -m examples.run_notebooks NAME`` executes one. Each runs in an empty folder.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["NOTEBOOKS", "execute", "main"]

HERE = Path(__file__).parent
NOTEBOOKS = sorted(path.stem for path in HERE.glob("*.ipynb"))
_SECONDS = 1200
_STARTUP_SECONDS = 300


def execute(name: str, folder: Path) -> Any:
    """Execute a notebook in a folder, and return it with its outputs.

    Parameters
    ----------
    name : str
        One of `NOTEBOOKS`.
    folder : Path
        Working directory.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises an exception.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        startup_timeout=_STARTUP_SECONDS,
        kernel_name="python3",
        resources=resources,
        record_timing=False,
    )
    return client.execute()


def main() -> None:
    """Execute the notebooks of the command line, or all, and replace the files."""
    import nbformat

    for name in sys.argv[1:] or NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            executed = execute(name, Path(folder))
        (HERE / f"{name}.ipynb").write_text(_without_root(nbformat.writes(executed)))


def _without_root(text: str) -> str:
    """Return the text of a notebook with paths that are relative to the repository."""
    return text.rstrip("\n").replace(f"{HERE.parent}/", "") + "\n"


if __name__ == "__main__":
    main()
