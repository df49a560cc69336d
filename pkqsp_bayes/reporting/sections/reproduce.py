"""The section with commands, seeds and versions to reproduce a fit."""

import datetime as dt
import hashlib
import shlex
import sys
from pathlib import Path
from typing import Any

from pkqsp_bayes._version import __version__
from pkqsp_bayes.fitting.results.attributes import machine_name
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.metadata import kept_options, read_attribute
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table
from pkqsp_bayes.spec.prior_table import format_priors
from pkqsp_bayes.study.write import format_study

__all__ = ["reproduce_section"]


def reproduce_section(context: ReportContext) -> Section:
    """Return commands, seeds, versions, and digests of the inputs."""
    attributes, tree = context.fitted.attrs, context.fitted.tree
    versions, settings = read_attribute(tree, "versions"), read_attribute(tree, "settings")
    options = kept_options(tree)
    return Section(
        anchor="reproduce",
        title="Reproducibility and provenance",
        content={
            "trail": Table(
                caption="Audit trail.", head=["What", "Value"], rows=_trail(context, settings)
            ),
            "versions": Table(
                caption="Versions at the time of the fit.", head=["Package", "Version"],
                rows=[[name, version] for name, version in versions.items() if version],
            ),
            "hashes": Table(
                caption="Digests of the inputs as `fit` stores them, and of the draws.",
                head=["File", "SHA-256"],
                rows=[*_hashes(context), *_draw_hashes(context)],
            ),
            "command": _command(context, settings, options),
            "model": attributes["model"],
            "program": attributes.get("program", ""),
        },
    )  # fmt: skip


def _trail(context: ReportContext, settings: dict[str, Any]) -> list[list[str]]:
    """Return who made what, when, where and with which seeds; what is not known is left out."""
    attributes, made = context.fitted.attrs, read_attribute(context.fitted.tree, "made")
    front, options = context.front, context.options
    seconds = attributes.get("seconds")
    rows = {
        "Author": front.author,
        "Version of the analysis": front.version,
        "Fit finished": made.get("time", "") or _created(context.fitted),
        "Machine of the fit": made.get("machine", ""),
        "Seed of the fit": str(settings.get("seed", attributes.get("seed", ""))),
        "Chains": _chains(settings),
        "Sampling": f"{float(seconds):.0f} s, the slowest chain" if seconds else "",
        "Folder of the fit": str(context.fitted.folder.resolve()) if context.fitted.folder else "",
        "Report made": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine of the report": machine_name(),
        "Version of the report": f"pkqsp_bayes {__version__}",
        "Command of the report": " ".join(
            map(shlex.quote, [Path(sys.argv[0]).name, *sys.argv[1:]])
        ),
        "Seed and draws of the report": f"{options.seed}; {options.draws} draws, "
        f"{options.outer} times {options.inner} subjects",
    }
    return [[name, value] for name, value in rows.items() if value]


def _created(fitted: FittedModel) -> str:
    """Return when the draws were stored, for a fit of an earlier version; else the file's time."""
    stated = str(fitted.posterior.attrs.get("created_at", ""))
    if stated:
        return f"{stated[:16].replace('T', ' ')} UTC"
    path = Path(fitted.source)
    if fitted.folder is None or not path.exists():
        return ""
    when = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
    return f"{when:%Y-%m-%d %H:%M UTC} (time of the file {path.name})"


def _chains(settings: dict[str, Any]) -> str:
    if "chains" not in settings:
        return ""
    warmup, draws = settings.get("warmup", ""), settings.get("draws", "")
    return f"{settings['chains']}, of {warmup} warm-up iterations and {draws} draws"


def _draw_hashes(context: ReportContext) -> list[list[str]]:
    """Return the digests of the file of the fit."""
    path = Path(context.fitted.source)
    if context.fitted.folder is None or not path.is_file():
        return []
    with path.open("rb") as file:
        return [[path.name, hashlib.file_digest(file, "sha256").hexdigest()]]


_TUNED = ("chains", "warmup", "draws", "seed", "adapt_delta", "max_treedepth", "begin")


def _command(context: ReportContext, settings: dict[str, Any], options: dict[str, Any]) -> str:
    """Return a command line; or Python, if an option of the fit is not a command-line option."""
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
    """Return the digests of the inputs as `pkqsp_bayes.fit` writes them."""
    texts = {"model.toml": context.fitted.attrs["model"]}
    if context.study is not None:
        texts["study.csv"] = format_study(context.study)
    if context.priors is not None:
        texts["priors.toml"] = format_priors(context.priors)
    if "program" in context.fitted.attrs:
        texts["program.stan"] = context.fitted.attrs["program"]
    return [[name, hashlib.sha256(text.encode()).hexdigest()] for name, text in texts.items()]
