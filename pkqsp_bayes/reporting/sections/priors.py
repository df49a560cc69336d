"""The section on priors: distributions, sources and posteriors."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.prior_correlations import correlation_priors
from pkqsp_bayes.analysis.uncertainty.prior_posterior import priors_of
from pkqsp_bayes.plots.priors import PANELS, Density, plot_densities
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture, span
from pkqsp_bayes.spec.labels import label_unit, parse_label
from pkqsp_bayes.spec.priors.addresses import stated_values
from pkqsp_bayes.spec.priors.apply_priors import joint_marginals
from pkqsp_bayes.spec.priors.distribution import Distribution, distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec, Provenance

__all__ = ["priors_section"]

_LEVELS = (0.05, 0.5, 0.95)
_MODEL = "model file"


def priors_section(context: ReportContext) -> Section:
    """Return prior and posterior of each parameter."""
    priors, draws = _effective_priors(context), _draws(context)
    stated = stated_values(context.model)
    rows = [
        [*_row(name, priors.get(name)), _interval(np.quantile(draws[name], _LEVELS)),
         _source(context, name, stated.get(name))]
        for name in [*priors, *(n for n, v in stated.items() if v is None and n not in priors)]
        if name in draws
    ]  # fmt: skip
    shown = {k: prior for k, prior in (priors | _correlations(context)).items() if k in draws}
    head = ["Parameter", "Prior", "Prior: median (90 %)", "Posterior: median (90 %)", "Source"]
    return Section(
        anchor="priors",
        title="Priors",
        content={
            "table": Table(caption="Priors and posteriors.", head=head, rows=rows),
            "known": _known(context),
            "lkj": context.model.population.omega.lkj if _correlated(context) else None,
            "picture": _picture(shown, draws, context) if shown else None,
            "about": context.model.source,
        },
    )


def _picture(
    priors: Mapping[str, Density], draws: dict[str, NDArray[np.float64]], context: ReportContext
) -> Picture:
    caption = (
        "Prior (line) and posterior (area). Where the two are similar, the estimate is "
        "prior-dominated: the data have little information on the parameter."
    )
    names = ", ".join(list(priors)[:PANELS])
    units = {name: label_unit(context.model, name) for name in priors}
    return picture(
        fix_layout(plot_densities(priors, draws, units=units), left=0.3, across=0.25),
        alt=f"Densities of prior and posterior of {names}.",
        caption=caption,
    )


def _correlated(context: ReportContext) -> bool:
    return bool(context.model.population.omega.correlate)


def _correlations(context: ReportContext) -> dict[str, Density]:
    """Return the prior of each correlation; the bound model needs the study."""
    if context.study is None:
        return {}
    return {**correlation_priors(context.fitted.bind_data(context.study))}


def _effective_priors(context: ReportContext) -> dict[str, Distribution]:
    """Return the prior of each parameter; the defaults of the package need the study."""
    if context.study is not None:
        return priors_of(context.fitted.bind_data(context.study))
    stated: dict[str, PriorSpec | float | None] = stated_values(context.model)
    for joint in context.model.joint_prior.values():
        stated |= joint_marginals(joint)
    return {
        name: _distribution(prior, context, name)
        for name, prior in stated.items()
        if isinstance(prior, PriorSpec)
    }


def _known(context: ReportContext) -> str:
    """Return the parameters that the model states as numbers."""
    numbers = {n: v for n, v in stated_values(context.model).items() if isinstance(v, float | int)}
    return ", ".join(f"{name} = {number(value)}" for name, value in numbers.items())


def _draws(context: ReportContext) -> dict[str, NDArray[np.float64]]:
    """Return the draws of the parameters that are not constant."""
    return {name: x for name, x in context.fitted.draws.items() if np.ptp(x) > 0}


def _row(name: str, dist: Distribution | None) -> list[str]:
    if dist is None:
        return [name, "the default of the package: see the Stan program", ""]
    return [name, str(dist.prior), _interval(dist.quantile(_LEVELS))]


def _distribution(prior: PriorSpec, context: ReportContext, name: str) -> Distribution:
    parameter = context.model.population.parameters.get(name)
    low = -np.inf if parameter is None or parameter.lower is None else parameter.lower
    high = np.inf if parameter is None or parameter.upper is None else parameter.upper
    positive = parse_label(name).kind in ("omega", "omega_iov", "sigma")
    return distribution(prior, max(low, 0.0) if positive else low, high)


def _interval(levels: NDArray[np.float64]) -> str:
    low, middle, high = levels
    return f"{number(middle)} ({span(low, high)})"


def _source(context: ReportContext, name: str, prior: PriorSpec | float | None) -> str:
    for label, joint in context.model.joint_prior.items():
        if name in joint.targets:
            return f"joint prior {label}" + _provenance(joint.provenance)
    entry = context.priors.priors.get(name) if context.priors is not None else None
    if entry is not None:
        weight = "" if entry.weight == 1 else f"; weight {number(entry.weight)}"
        discount = "" if entry.discount == 1 else f"; power {number(entry.discount)}"
        return f"prior table{weight}{discount}" + _provenance(entry.provenance)
    return _MODEL if prior is not None else "package"


def _provenance(stated: Provenance | None) -> str:
    if stated is None:
        return ""
    parts = [stated.method, stated.source, stated.family, stated.note, stated.date]
    if stated.seed is not None:
        parts.append(f"seed {stated.seed}")
    if stated.model_hash:
        parts.append(f"model {stated.model_hash[:12]}")
    parts += [f"ESS {number(v)} subjects for {k}" for k, v in stated.ess.items()]
    return ": " + "; ".join(part for part in parts if part)
