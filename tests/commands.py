"""The commands of `pkqsp`, with their options."""

from functools import cache
from typing import Any

import typer.main

from pkqsp_bayes.cli import app
from pkqsp_bayes.cli.group import COMMANDS

__all__ = ["commands", "options_of"]


@cache
def commands() -> dict[str, Any]:
    """Return each command, by name; `bench gradient` too."""
    group = typer.main.get_command(app)
    names = [name for part in COMMANDS.values() for name in part]
    found = {name: group.get_command(None, name) for name in names}  # type: ignore[attr-defined]
    return {**found, "bench gradient": found["bench"].commands["gradient"]}


def options_of(name: str) -> set[str]:
    """Return the options of a command, as they are typed."""
    return {text for p in commands()[name].params for text in (*p.opts, *p.secondary_opts)}
