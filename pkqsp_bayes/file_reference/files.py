"""The kinds of files that a user writes, with the records that read them and their examples."""

import functools
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pkqsp_bayes.assets import library_folder
from pkqsp_bayes.elicit.statements import Statements, parse_statements
from pkqsp_bayes.spec.causal_claim import CausalSpec, parse_causal
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PriorTable, parse_priors
from pkqsp_bayes.spec.reading.toml import parse_model

__all__ = ["FILES", "FileKind", "example_paths", "read_examples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file.

    Parameters
    ----------
    record : type
        Record of the complete file.
    parse : callable
        Function that reads its text.
    title : str
        Name for display.
    """

    record: type
    parse: Callable[..., object]
    title: str


FILES: Mapping[str, FileKind] = {
    "model": FileKind(record=ModelSpec, parse=parse_model, title="model file"),
    "priors": FileKind(record=PriorTable, parse=parse_priors, title="prior table"),
    "statements": FileKind(record=Statements, parse=parse_statements, title="file of statements"),
    "causal": FileKind(record=CausalSpec, parse=parse_causal, title="causal claim"),
}
"""Kinds of files by name."""


def example_paths(kind: str) -> Iterator[Path]:
    """Yield the example files of a kind; the models of the library are examples of models.

    Parameters
    ----------
    kind : str
        A name of `FILES`.
    """
    yield from sorted((Path(__file__).parent / "examples").glob(f"{kind}*.toml"))
    if kind == "model":
        yield from sorted(library_folder().glob("*.toml"))


@functools.cache
def read_examples(kind: str) -> tuple[dict[str, Any], ...]:
    """Return the example files of a kind as plain data.

    Parameters
    ----------
    kind : str
        A name of `FILES`.

    Examples
    --------
    >>> sorted(example["assignment"] for example in read_examples("causal"))
    ['observational', 'single_arm']
    """
    return tuple(tomllib.loads(path.read_text("utf-8")) for path in example_paths(kind))
