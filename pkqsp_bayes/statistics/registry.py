"""Registries of forms: one entry for each module of a package, under the module's name."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["find_forms"]


def find_forms(package: str, path: list[str], kind: type[Any]) -> Mapping[str, Any]:
    """Return what each module of a package calls ``FORM``, by the module's name.

    Parameters
    ----------
    package, path : str, list of str
        ``__name__`` and ``__path__`` of the package.
    kind : type
        What they all are.

    Raises
    ------
    TypeError
        If a module has none, or one of another kind.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    found = {name: importlib.import_module(f"{package}.{name}") for name in names}
    forms = {name: getattr(module, "FORM", None) for name, module in found.items()}
    for name, form in forms.items():
        if not isinstance(form, kind):
            raise TypeError(f"{package}.{name} has no FORM that is a {kind.__name__}")
    return MappingProxyType(forms)
