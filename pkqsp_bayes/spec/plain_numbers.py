"""Records that were built in Python with numbers of NumPy."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["with_plain_numbers"]


def with_plain_numbers[Record](record: Record) -> Record:
    """Return a record with Python's numbers in place of those of NumPy.

    Parameters
    ----------
    record : object
        A record of `pkqsp_bayes.spec`; the same object is returned if nothing changes.

    Examples
    --------
    >>> from pkqsp_bayes.spec.quantity import Quantity
    >>> with_plain_numbers(Quantity(value=np.float32(0.5), unit="L"))
    Quantity(value=0.5, unit='L')
    """
    changed: Record = _plain(record)
    return changed


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        new = {name: _plain(inner) for name, inner in fields.items()}
        moved = {name: new[name] for name in fields if new[name] is not fields[name]}
        return dataclasses.replace(value, **moved) if moved else value
    if isinstance(value, Mapping):
        table = {key: _plain(inner) for key, inner in value.items()}
        return table if any(table[key] is not value[key] for key in table) else value
    if isinstance(value, tuple | list):
        items = [_plain(inner) for inner in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    return value
