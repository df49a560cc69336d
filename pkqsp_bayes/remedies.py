"""Remedies in the form of the interface at hand: Python, or the command line.

A name that differs between the two is written once, with `setting`. Its text can be joined with
other text; an `Issue` or an error with this text has both forms.
"""

import re
from dataclasses import dataclass

__all__ = ["SETTINGS", "Setting", "in_python", "on_command_line", "setting"]

# Control characters, which no text of a user has: between the first two is Python, then the shell.
_OPEN, _BETWEEN, _CLOSE = "\x02", "\x1f", "\x03"
_MARKED = re.compile(f"{_OPEN}([^{_BETWEEN}]*){_BETWEEN}([^{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Name of a setting in Python and on the command line.

    Parameters
    ----------
    python, command : str
        With ``{}`` for each value.
    """

    python: str
    command: str


SETTINGS = {
    "adapt_delta": Setting(python="FitSettings(adapt_delta={})", command="--adapt-delta {}"),
    "begin": Setting(python='FitSettings(begin="{}")', command="--begin {}"),
    "blq": Setting(python='BindOptions(blq="{}")', command="--blq {}"),
    "centred": Setting(python='BindOptions(centred={{"{}": True}})', command="--centred '{}'"),
    "draws": Setting(python="FitSettings(draws={})", command="--draws {}"),
    "early": Setting(python="early={}", command="--early {}"),
    "file": Setting(python='file="{}"', command="--file {}"),
    "iterations": Setting(python="iterations={}", command="--iterations {}"),
    "max_steps": Setting(python="SolverSettings(max_steps={})", command="--max-steps {}"),
    "max_treedepth": Setting(python="FitSettings(max_treedepth={})", command="--max-treedepth {}"),
    "non_centred": Setting(
        python='BindOptions(centred={{"{}": False}})', command="--non-centred '{}'"
    ),
    "ignore": Setting(python='ignore="{}"', command="--ignore '{}'"),
    "priors": Setting(python="priors={}", command="--priors {}"),
    "proposals": Setting(python="proposals={}", command="--proposals {}"),
    "refit": Setting(
        python="pass refit=, which fits the model without each of them",
        command="call pkqsp_bayes.loo_subject in Python with refit=, which fits without each",
    ),
    "resume": Setting(python="resume=True", command="--resume"),
    "unverified": Setting(python="unverified=True", command="--unverified"),
    "numbers": Setting(
        python="a finite number, an array of them, or a symbol", command="a finite number"
    ),
    "study": Setting(
        python="give the study: study=...", command="name the study after the fit: FIT STUDY"
    ),
    "tolerances": Setting(
        python="BindOptions(solver=SolverSettings(rtol={}, atol={}))",
        command="--rtol {} --atol {}",
    ),
    "a fit": Setting(
        python="a FittedModel, the DataTree that pkqsp_bayes.fit returns, or the folder of a fit",
        command="the folder of a fit",
    ),
    "derive_priors": Setting(python="pkqsp_bayes.derive_priors", command="`pkqsp elicit`"),
    "diagnose": Setting(python="pkqsp_bayes.diagnose", command="`pkqsp diagnose`"),
    "fit again": Setting(
        python="call pkqsp_bayes.fit with the same arguments, and resume=True",
        command="repeat its `pkqsp fit` command with the same options, and --resume",
    ),
    "fit": Setting(python="pkqsp_bayes.fit", command="`pkqsp fit`"),
    "loo_subject": Setting(python="pkqsp_bayes.loo_subject", command="`pkqsp loo --subject`"),
    "check": Setting(python="pkqsp_bayes.check", command="`pkqsp check MODEL STUDY`"),
    "pathfinder": Setting(python='method="pathfinder"', command="--method pathfinder"),
    "sample_prior": Setting(python="pkqsp_bayes.sample_prior", command="`pkqsp prior`"),
}
"""Settings that remedies name; a test checks each class, field, function and option."""


def setting(name: str, *values: object) -> str:
    """Return the name of a setting, with its values, for a remedy.

    Parameters
    ----------
    name : str
        One of `SETTINGS`.
    *values : object
        As many as it has; without them it is named alone.

    Examples
    --------
    >>> text = f"raise {setting('adapt_delta', 0.95)}"
    >>> in_python(text), on_command_line(text)
    ('raise FitSettings(adapt_delta=0.95)', 'raise --adapt-delta 0.95')
    >>> on_command_line(setting("tolerances")), on_command_line(setting("loo_subject"))
    ('--rtol, --atol', '`pkqsp loo --subject`')
    """
    known = SETTINGS[name]
    count = known.command.count("{}")
    python = known.python.format(*(values or ["..."] * count))
    command = known.command.format(*values) if values else _names(known.command)
    return f"{_OPEN}{python}{_BETWEEN}{command}{_CLOSE}"


def _names(command: str) -> str:
    """Return the options without their values; a whole command as it is."""
    return re.sub(r" '?\{\}'?", "", command).replace(" --", ", --") if "{}" in command else command


def in_python(text: str) -> str:
    """Return a text with settings as they are named in Python."""
    return _MARKED.sub(r"\1", text)


def on_command_line(text: str) -> str:
    """Return a text with settings as they are named on the command line."""
    return _MARKED.sub(r"\2", text)
