"""The commands by task; a command is made from its function when it is needed."""

import functools
import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from pkqsp_bayes.cli.places import option_at
from pkqsp_bayes.console import reported

__all__ = ["COMMANDS", "CommandGroup"]

COMMANDS = {
    "Models and studies": {
        "models": "models", "data": "studies", "check": "models", "show": "models",
        "simulate": "models", "keys": "reference",
    },
    "Priors": {
        "elicit": "priors", "prior": "priors", "prior-posterior": "priors",
        "compare-priors": "priors", "prior-conflict": "priors", "information-gain": "priors",
    },
    "Fitting": {
        "fit": "fitting", "estimate": "fitting", "mode": "fitting", "approximate": "fitting",
        "summary": "fitting", "diagnose": "diagnostics",
    },
    "Predictions and predictive checks": {
        "predict": "predictive", "curves": "predictive", "gof": "predictive",
        "effects": "predictive", "vpc": "predictive", "npde": "predictive",
        "pvalues": "predictive", "loo": "predictive", "validate": "predictive",
    },
    "Uncertainty, identifiability, calibration": {
        "budget": "uncertainty", "derived": "uncertainty", "identifiability": "identifiability",
        "design": "identifiability", "sbc": "diagnostics",
    },
    "Decisions": {
        "individualise": "decisions", "intervene": "decisions", "causal": "decisions",
        "credibility": "decisions",
    },
    "Plots and reports": {"plot": "reports", "report": "reports"},
    "Physiology": {
        "body": "physiology", "population": "physiology", "kp": "physiology",
        "ontogeny": "physiology",
    },
    "This machine": {"doctor": "machine", "cache": "machine", "bench": "machine"},
}  # fmt: skip
"""Module of each command, by the heading of `pkqsp --help`."""

_MODULES = {name: module for group in COMMANDS.values() for name, module in group.items()}


class CommandGroup(TyperGroup):
    """The commands of `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help."""
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; None for an unknown name."""
        del ctx
        return _make(cmd_name) if cmd_name in _MODULES else None

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``; its default is a bool, so that typer need not import pydantic yet."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; an unknown name has suggestions."""
        if args[0] not in _MODULES:
            self.commands = {name: _make(name) for name in _MODULES}
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; messages about its options begin with what is wrong."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands by task; their functions are read, not made into commands."""
        del ctx
        width = max(len(name) for name in _MODULES)
        for title, group in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), _summary(name)) for name in group])


def _function(name: str) -> Any:
    module = import_module(f"pkqsp_bayes.cli.{_MODULES[name]}")
    return getattr(module, name.replace("-", "_"))


def _summary(name: str) -> str:
    found = _function(name)
    text = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    return str(text).partition("\n\n")[0].replace("\n", " ")


def _make(name: str) -> Any:
    found = _function(name)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    options: dict[str, str] = {}
    single.command(name)(_reported(found, options))
    command: Any = typer.main.get_command(single)
    options |= {option: p.name for p in command.params for option in p.opts}
    return command


def _reported(function: Callable[..., None], options: Mapping[str, str]) -> Callable[..., None]:
    """Return the function with what it raises on purpose made into a report and an exit status.

    Parameters
    ----------
    function : callable
        The command.
    options : mapping of str to str
        Its argument for each of its options.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        given = {option: kwargs.get(name) for option, name in options.items() if option[0] == "-"}
        with reported(lambda where: option_at(where, given)):
            function(*args, **kwargs)

    return call
