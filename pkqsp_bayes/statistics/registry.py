"""Registries of forms, with one entry per module of a package, by the name of the module."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["find_forms"]


def find_forms(package: str, path: list[str], kind: type[Any]) -> Mapping[str, Any]:
    """Return the ``FORM`` of each module of a package, by the name of the module.

    Parameters
    ----------
    package, path : str, list of str
        ``__name__`` and ``__path__`` of the package.
    kind : type
        Class of all forms.

    Raises
    ------
    TypeError
        If a module has no form, or one of another class.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    found = {name: importlib.import_module(f"{package}.{name}") for name in names}
    forms = {name: getattr(module, "FORM", None) for name, module in found.items()}
    for name, form in forms.items():
        if not isinstance(form, kind):
            raise TypeError(f"{package}.{name} has no FORM of the class {kind.__name__}")
    return MappingProxyType(forms)
