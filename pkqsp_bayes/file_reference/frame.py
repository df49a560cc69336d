"""The keys of a file as a table."""

import pandas as pd

from pkqsp_bayes.arguments import checked, one_of
from pkqsp_bayes.file_reference.files import FILES
from pkqsp_bayes.file_reference.find_examples import key_example
from pkqsp_bayes.file_reference.tables import list_tables

__all__ = ["file_keys"]


@checked(file=one_of(*FILES))
def file_keys(file: str = "model") -> pd.DataFrame:
    """Return every key of a kind of file, with its type, unit, default, meaning and an example.

    Parameters
    ----------
    file : {"model", "priors", "statements", "causal"}
        Model file, prior table, statements of experts, or causal claim.

    Returns
    -------
    DataFrame
        A row per key: ``table`` in TOML, "" for the top level; ``key``, ``<name>`` if the user
        names it; ``type``; ``unit``, the natural unit of a quantity, "1" if it is dimensionless;
        ``default``, "required" if there is none, "" if the key may be missing; ``allowed``, valid
        texts; ``meaning``; ``example`` in TOML.

    Raises
    ------
    CheckError
        If the kind of file is unknown.

    Examples
    --------
    >>> keys = file_keys().set_index(["table", "key"])
    >>> keys.loc[("[dose.<name>]", "lag"), ["unit", "default", "example"]].tolist()
    ['time', '', 'lag = 0']
    """
    rows = [
        {
            "table": table.header, "key": key.name, "type": key.kind, "unit": key.unit,
            "default": key.default, "allowed": ", ".join(key.allowed), "meaning": key.meaning,
            "example": key_example(file, table, key),
        }
        for table in list_tables(FILES[file].record) for key in table.keys
    ]  # fmt: skip
    return pd.DataFrame(rows)
