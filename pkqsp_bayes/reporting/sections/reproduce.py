"""Versions, and how to make everything again."""

import hashlib
from typing import Any

from pkqsp_bayes.fitting.results.metadata import kept_options, read_attribute
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table
from pkqsp_bayes.spec.prior_table import format_priors
from pkqsp_bayes.study.write import format_study

__all__ = ["reproduce_section"]


def reproduce_section(context: ReportContext) -> Section:
    """Return commands, seeds, versions, and the sums that say whether inputs are the same."""
    attributes, tree = context.fitted.attrs, context.fitted.tree
    versions, settings = read_attribute(tree, "versions"), read_attribute(tree, "settings")
    options = kept_options(tree)
    return Section(
        anchor="reproduce",
        title="How to reproduce",
        content={
            "versions": Table(
                head=["Package", "Version"],
                rows=[[name, version] for name, version in versions.items() if version],
            ),
            "hashes": Table(head=["Input", "SHA-256"], rows=_hashes(context)),
            "command": _command(context, settings, options),
            "seconds": attributes.get("seconds", ""),
            "model": attributes["model"],
            "program": attributes.get("program", ""),
        },
    )


_TUNED = ("chains", "warmup", "draws", "seed", "adapt_delta", "max_treedepth", "begin")


def _command(context: ReportContext, settings: dict[str, Any], options: dict[str, Any]) -> str:
    """Return a command line, or Python where an option of the fit has no word there."""
    chosen = {key: settings[key] for key in _TUNED if key in settings}
    with_priors = context.priors is not None
    if set(options) <= {"backend"}:
        return _shell({**chosen, **options}, with_priors=with_priors)
    return _python(chosen, options, with_priors=with_priors)


def _shell(chosen: dict[str, Any], *, with_priors: bool) -> str:
    stated = [f"--{key.replace('_', '-')} {value}" for key, value in chosen.items()]
    priors = ["--priors priors.toml"] if with_priors else []
    fit = " ".join(["pkqsp fit model.toml study.csv -o fit", *priors, *stated])
    return f"{fit}\npkqsp report fit"


def _python(chosen: dict[str, Any], options: dict[str, Any], *, with_priors: bool) -> str:
    solver = options.get("solver")
    stated = {k: repr(v) for k, v in options.items() if k != "solver"}
    if solver:
        stated["solver"] = _call("pq.SolverSettings", {k: repr(v) for k, v in solver.items()})
    arguments = [
        "model",
        'pq.read_study("study.csv", model=model)',
        '"fit"',
        *(['priors=pq.read_priors("priors.toml")'] if with_priors else []),
        f"settings={_call('pq.FitSettings', {k: repr(v) for k, v in chosen.items()})}",
        f"options={_call('pq.BindOptions', stated)}",
    ]
    lines = [
        "import pkqsp_bayes as pq",
        "",
        'model = pq.load_model("model.toml")',
        "fit = pq.fit(",
        *(f"    {argument}," for argument in arguments),
        ")",
        'pq.report(fit, "fit")',
    ]
    return "\n".join(lines)


def _call(name: str, arguments: dict[str, str]) -> str:
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})"


def _hashes(context: ReportContext) -> list[list[str]]:
    texts = {"model.toml": context.fitted.attrs["model"]}
    if context.study is not None:
        texts["study.csv"] = format_study(context.study)
    if context.priors is not None:
        texts["priors.toml"] = format_priors(context.priors)
    if "program" in context.fitted.attrs:
        texts["program.stan"] = context.fitted.attrs["program"]
    return [[name, hashlib.sha256(text.encode()).hexdigest()] for name, text in texts.items()]
