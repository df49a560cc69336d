"""`report`: one self-contained HTML page with all results of a fit."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import arviz_stats  # noqa: F401  first: its import inspects all frames and modules, which are few now
import jinja2

from pkqsp_bayes.analysis.decisions.causal_record import CausalRecord
from pkqsp_bayes.analysis.identifiability.levels import Identifiability, identifiability
from pkqsp_bayes.arguments import PATH, checked, instance
from pkqsp_bayes.errors import CheckError, Issue, PkqspError
from pkqsp_bayes.fitting.diagnostics.fit_quality import judge_fit
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.output_folder import explain_write_errors
from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of
from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.reporting.headline import judge
from pkqsp_bayes.reporting.report_context import REPORT_OPTIONS, ReportContext, ReportOptions
from pkqsp_bayes.reporting.section import Section
from pkqsp_bayes.reporting.sections.budget import budget_section
from pkqsp_bayes.reporting.sections.causal import causal_section
from pkqsp_bayes.reporting.sections.checks import checks_section
from pkqsp_bayes.reporting.sections.credibility import credibility_section
from pkqsp_bayes.reporting.sections.data import data_section
from pkqsp_bayes.reporting.sections.derived import derived_section
from pkqsp_bayes.reporting.sections.diagnostics import diagnostics_section
from pkqsp_bayes.reporting.sections.fits import fits_section
from pkqsp_bayes.reporting.sections.goodness import goodness_section
from pkqsp_bayes.reporting.sections.identifiability import identifiability_section
from pkqsp_bayes.reporting.sections.model import model_section
from pkqsp_bayes.reporting.sections.parameters import parameters_section
from pkqsp_bayes.reporting.sections.predictive import predictive_section
from pkqsp_bayes.reporting.sections.priors import priors_section
from pkqsp_bayes.reporting.sections.reproduce import reproduce_section
from pkqsp_bayes.spec.causal_claim import CausalSpec, read_causal
from pkqsp_bayes.spec.credibility_claim import ReportSpec
from pkqsp_bayes.spec.prior_table import PRIORS, PriorTable, read_priors
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["report"]

_Maker = Callable[[ReportContext], Section]

_SECTIONS: tuple[tuple[str, str, _Maker], ...] = (
    ("parameters", "Population parameters", parameters_section),
    ("derived", "Derived parameters", derived_section),
    ("goodness", "Goodness of fit", goodness_section),
    ("predictive", "Predictive checks", predictive_section),
    ("fits", "Individual fits", fits_section),
    ("budget", "Variance budget", budget_section),
    ("diagnostics", "Diagnostics", diagnostics_section),
    ("priors", "Priors", priors_section),
    ("identifiability", "Identifiability", identifiability_section),
    ("credibility", "Credibility record", credibility_section),
    ("causal", "Causal record", causal_section),
    ("data", "Data", data_section),
    ("checks", "Checks", checks_section),
    ("model", "Model", model_section),
    ("reproduce", "Reproducibility and provenance", reproduce_section),
)
_OF_INPUTS = frozenset({"data", "checks", "model", "reproduce"})
"""Sections that do not depend on the draws."""

_IDENTIFIABILITY = instance(Identifiability, wanted="give what pkqsp_bayes.identifiability returns")
_CAUSAL = instance(CausalRecord, CausalSpec, wanted="give a CausalRecord or a CausalSpec")


@checked(
    fit=FIT,
    folder=PATH,
    fitted_in=PATH,
    study=STUDY,
    priors=PRIORS,
    identifiability=_IDENTIFIABILITY,
    causal=_CAUSAL,
    options=REPORT_OPTIONS,
)
@labelled
def report(
    fit: FitLike,
    folder: Path | str,
    *,
    fitted_in: Path | str | None = None,
    study: StudyLike | None = None,
    priors: PriorTable | None = None,
    identifiability: Identifiability | None = None,
    causal: CausalRecord | CausalSpec | None = None,
    options: ReportOptions | None = None,
) -> Path:
    """Write ``report.html``: all results of a fit on one page.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        The result of `pkqsp_bayes.fit`; or its folder.
    folder : Path
        Folder for the page; it is created if it does not exist.
    fitted_in : Path, optional
        Folder of the fit, with its study, its prior table and its claim; by default the folder that
        the fit was read from, then ``folder``.
    study : Study, str, Path or DataFrame, optional
        By default the study in ``fitted_in``. Without a study, the sections that need it are left
        out.
    priors : PriorTable, optional
        The source of the priors; by default ``priors.toml`` of the fit's folder, if it exists.
    identifiability : Identifiability, optional
        The result of `pkqsp_bayes.identifiability`; by default it is computed if there is a study.
    causal : CausalRecord or CausalSpec, optional
        A causal record, or the claim for which one is made. By default it is ``claim.toml`` of the
        fit's folder, which also states author, intended use and conclusion (``[report]``) and the
        credibility record (``[credibility]``). If there is no such file, the record lists the
        assumptions of any prediction, without evidence.
    options : ReportOptions, optional
        Numbers of draws and subjects.

    Returns
    -------
    Path
        The page. It contains its pictures, formulas (MathML) and styles. It has no script and
        loads no other file.

    Raises
    ------
    PkqspError
        If it cannot be written, or if the name of the folder ends in ``.html``. A section that
        cannot be made states the reason on the page.
    """
    _require_folder(Path(folder))
    fitted, place = open_fit(fit), Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    places = _places(fitted, place, fitted_in)
    chosen, known = options or ReportOptions(), _study(fitted, study, places)
    found, reason = identifiability, ""
    if found is None:
        found, reason = _analyse_identifiability(fitted, known, chosen)
    context = ReportContext(
        fitted=fitted,
        study=known,
        priors=priors if priors is not None else _priors_in(places),
        identifiability=found,
        no_identifiability=reason,
        causal=causal if causal is not None else _claim_in(places),
        options=chosen,
    )
    sections = [_make_section(*entry, context) for entry in _SECTIONS]
    with explain_write_errors(place):
        write_text(place / "report.html", _page(context, sections))
    return place / "report.html"


def _require_folder(place: Path) -> None:
    """Refuse the name of a page, because a folder of this name is not meant."""
    if place.suffix.lower() in (".html", ".htm"):
        what = f"{place.name} is the name of a file, and the page is report.html in a folder"
        remedy = f"give a folder, such as {place.with_suffix('').name}"
        raise CheckError([Issue(where="folder", what=what, remedy=remedy)])


def _study(fitted: FittedModel, study: StudyLike | None, places: Sequence[Path]) -> Study | None:
    """Return the study of the argument, of the folders, or of the fit's own folder."""
    found = [place for place in places if (place / STUDY_FILE).exists()]
    if study is None and found:
        study = read_study_of(found[0])
    return fitted.own_study if study is None else fitted.resolve_study(study, own=True)


def _places(fitted: FittedModel, place: Path, fitted_in: Path | str | None) -> list[Path]:
    """Return the folders that can have the study, the priors and the claim of the fit."""
    if fitted_in is not None:
        return [Path(fitted_in)]
    own = fitted.folder
    return [place] if own is None or own.resolve() == place.resolve() else [own, place]


def _priors_in(places: Sequence[Path]) -> PriorTable | None:
    found = [path for place in places if (path := place / "priors.toml").exists()]
    return read_priors(found[0]) if found else None


def _claim_in(places: Sequence[Path]) -> CausalSpec | None:
    found = [path for place in places if (path := place / "claim.toml").exists()]
    return read_causal(found[0]) if found else None


def _analyse_identifiability(
    fitted: FittedModel, study: Study | None, options: ReportOptions
) -> tuple[Identifiability | None, str]:
    """Return the identifiability analysis, or the reason why there is none."""
    if study is None:
        return None, (
            "Left out: identifiability cannot be analysed without the study of the fit. "
            "Pass it: pq.report(fit, folder, study=...)."
        )
    try:
        found = identifiability(fitted, study, starts=options.searches, seed=options.seed)
    except PkqspError as error:
        return None, f"This section could not be made. {_describe_error(error)}"
    return found, ""


def _describe_error(error: PkqspError) -> str:
    if isinstance(error, CheckError):
        return "; ".join(issue.describe() for issue in error.issues[:3])
    return str(error)


def _make_section(anchor: str, title: str, maker: _Maker, context: ReportContext) -> Section:
    """Return a section; if it cannot be made, one that states the reason."""
    try:
        return maker(context)
    except PkqspError as error:
        missing = f"This section could not be made. {_describe_error(error)}"
        return Section(anchor=anchor, title=title, missing=missing)


def _unstated(front: ReportSpec) -> str:
    """Return what `[report]` does not state, as text; "" if nothing that a reader needs is missing.

    Examples
    --------
    >>> _unstated(ReportSpec(author="Ada", conclusion="none"))
    'Version and intended use'
    >>> _unstated(ReportSpec(author="Ada", intended_use="a dose", conclusion="none"))
    ''
    """
    missing = [name.replace("_", " ") for name, text in asdict(front).items() if not text.strip()]
    if missing in ([], ["version"]):
        return ""
    *first, last = missing
    return (f"{', '.join(first)} and {last}" if first else last).capitalize()


def _page(context: ReportContext, sections: Sequence[Section]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pkqsp_bayes.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        title=context.model.title,
        sections=sections,
        front=context.front,
        unstated=_unstated(context.front),
        warning=judge_fit(context.fitted).warning,
        of_inputs=_OF_INPUTS,
        verdict=judge(context, sections),
        today=dt.datetime.now(tz=dt.UTC).date().isoformat(),
    )
