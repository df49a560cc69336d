"""The models of the library, as a table."""

import pandas as pd

from pkqsp_bayes.spec.library import load_model, names
from pkqsp_bayes.study import datasets

__all__ = ["models"]


def models() -> pd.DataFrame:
    """List the models of the library.

    Returns
    -------
    DataFrame
        By ``name``: ``title``; ``endpoints``, the outputs that have a residual error;
        ``parameters`` of the population; ``study``, the data set that is fitted with it, a name
        that `pkqsp_bayes.load_dataset` takes, empty for none; ``description``, what the model
        shows.

    Examples
    --------
    >>> models().loc["warfarin", ["endpoints", "study"]].tolist()
    ['cp, pca', 'warfarin']
    """
    found = pd.DataFrame([_row(name) for name in names()])
    return found.set_index("name")


def _row(name: str) -> dict[str, str]:
    spec = load_model(name)
    endpoints = [output for output, stated in spec.observe.items() if stated.error is not None]
    return {
        "name": name,
        "title": spec.title,
        "endpoints": ", ".join(endpoints),
        "parameters": ", ".join(spec.population.parameters),
        "study": name if name in datasets.names() else "",
        "description": " ".join(spec.description.split()),
    }
