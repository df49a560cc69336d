"""Attributes of a result: the model, the program, the options and the versions of packages."""

import datetime as dt
import importlib.metadata
import json
import os
import platform
from dataclasses import fields, is_dataclass
from typing import Any

from pkqsp_bayes.program.bind import BindOptions, BoundModel
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.toml import format_model

__all__ = ["chosen_options", "machine_name", "result_attributes"]

_PACKAGES = ("pkqsp-bayes", "cmdstanpy", "httpstan", "arviz", "numpy")


def result_attributes(model: ModelSpec, bound: BoundModel, **more: Any) -> dict[str, str]:
    """Return the attributes of a result; values that are not text are written as JSON.

    Parameters
    ----------
    model : ModelSpec
        The specification of the model.
    bound : BoundModel
        The model with its study.
    **more
        Further attributes of the method.
    """
    stated = {
        "model": format_model(model),
        "program": bound.program,
        "design": bound.design,
        "values": bound.values,
        **more,
        "versions": {name: _version(name) for name in _PACKAGES},
        "made": {
            "time": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": machine_name(),
        },
    }
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in stated.items()}


def machine_name() -> str:
    """Return the operating system, the processor and the Python version of this machine.

    Examples
    --------
    >>> "Python" in machine_name()
    True
    """
    parts = [f"{platform.system()} {platform.release()}", platform.machine()]
    cores = f"{os.cpu_count()} processors"
    return ", ".join([*parts, cores, f"Python {platform.python_version()}"])


def chosen_options(options: BindOptions | None) -> dict[str, Any]:
    """Return the options that differ from the default; a result can be reproduced with them.

    Parameters
    ----------
    options : BindOptions or None
        None for the default.

    Examples
    --------
    >>> chosen_options(None), chosen_options(BindOptions(blq="M1"))
    ({}, {'blq': 'M1'})
    >>> from pkqsp_bayes.engine.solver_settings import SolverSettings
    >>> chosen_options(BindOptions(solver=SolverSettings(rtol=1e-8)))
    {'solver': {'rtol': 1e-08}}
    """
    return _changes(options or BindOptions(), BindOptions())


def _changes(chosen: Any, usual: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that differ, also within nested dataclasses."""
    values = {f.name: (getattr(chosen, f.name), getattr(usual, f.name)) for f in fields(chosen)}
    return {
        name: _changes(value, default) if is_dataclass(value) else value
        for name, (value, default) in values.items()
        if value != default
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
