"""Model files: conversion between TOML text and `ModelSpec`."""

import dataclasses
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.check_model import check_spec, check_table_names
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.documents import format_document, load_document, read_text
from pkqsp_bayes.spec.reading.shorthand import converter
from pkqsp_bayes.spec.reading.structure import collect_issues

__all__ = ["format_model", "parse_model", "read_model"]


def parse_model(text: str, *, where: str = "model") -> ModelSpec:
    """Parse the text of a model file; all problems are reported together.

    Parameters
    ----------
    text : str
        TOML 1.0.
    where : str
        Name of the file, for messages.

    Raises
    ------
    CheckError
        Each problem with its path in the file and the nearest valid name; a TOML syntax error with
        line and column.

    Examples
    --------
    >>> parse_model('title = "demo"').title
    'demo'
    >>> parse_model('titel = "demo"')
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: model: title: this key is missing (state it)
    error: model: titel: unknown key 'titel' (did you mean title?)
    """
    table, issues = _nest_model(load_document(text, where), where)
    spec = _structure(table, where, issues)
    if spec is not None:
        issues += check_spec(spec, where=where)
    else:
        issues += check_table_names(table, where=where)
    if spec is None or issues:
        raise CheckError(_in_body(issue, table, where) for issue in issues)
    return spec


def read_model(path: str | Path) -> ModelSpec:
    """Read a model file.

    Parameters
    ----------
    path : str or Path
        A TOML file in UTF-8.

    Raises
    ------
    CheckError
        If the file cannot be read; also as `parse_model`.
    """
    return parse_model(read_text(path), where=str(path))


def format_model(spec: ModelSpec) -> str:
    r"""Return the text of a model file; `parse_model` converts it back to an equal specification.

    Parameters
    ----------
    spec : ModelSpec
        The model.

    Examples
    --------
    >>> format_model(ModelSpec(title="demo"))
    'title = "demo"\n'
    """
    table = converter().unstructure(spec)
    covariates = table.pop("covariates", None)
    if covariates and spec.body is not None:
        table["body"] = {**table["body"], "covariates": covariates}
    elif covariates:
        table["covariates"] = covariates
    order = {field.name: index for index, field in enumerate(dataclasses.fields(ModelSpec))}
    return format_document(dict(sorted(table.items(), key=lambda item: order[item[0]])))


def _structure(table: dict[str, Any], where: str, issues: list[Issue]) -> ModelSpec | None:
    try:
        return converter().structure(table, ModelSpec)
    except RecursionError:
        issues.append(
            Issue(where=where, what="the tables are nested too deeply", remedy="flatten them")
        )
    except Exception as error:  # cattrs groups errors of every kind
        issues += collect_issues(error, where=where)
    return None


def _nest_model(table: dict[str, Any], where: str) -> tuple[dict[str, Any], list[Issue]]:
    """Move ``body.covariates`` to the place of the covariates in the specification."""
    body = table.get("body")
    if not isinstance(body, dict) or "covariates" not in body:
        return table, []
    inner, outer = body["covariates"], table.get("covariates", {})
    rest = {**table, "body": {k: v for k, v in body.items() if k != "covariates"}}
    if not (isinstance(inner, dict) and isinstance(outer, dict)):
        return {**rest, "covariates": inner}, []
    twice = [
        Issue(where=f"{where}: body.covariates.{name}", what=f"{name} is stated in two places",
              remedy=f"remove covariates.{name}")
        for name in inner.keys() & outer.keys()
    ]  # fmt: skip
    return {**rest, "covariates": {**outer, **inner}}, twice


def _in_body(issue: Issue, table: dict[str, Any], where: str) -> Issue:
    """Correct the location of covariates, which may be below the body in the file."""
    prefix = f"{where}: covariates"
    if "body" in table and issue.where.startswith(prefix):
        place = f"{where}: body.covariates{issue.where[len(prefix) :]}"
        return dataclasses.replace(issue, where=place)
    return issue
