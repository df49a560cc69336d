"""Commands that predict, and that check predictions: ``pkqsp predict``, ``vpc``, ``loo``, ..."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import FitAndStudy, Seed, fit_and_other_study, fit_and_study
from pkqsp_bayes.cli.output import DataFile, Log, Plot, TableFile, answer
from pkqsp_bayes.cli.tables import by_observation, pointwise_table, vpc_table, wide
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "curves", "effects", "gof", "loo", "npde", "predict", "pvalues", "validate", "vpc",
]  # fmt: skip

Draws = Annotated[int, typer.Option(help="Draws of the posterior.")]
Bins = Annotated[int, typer.Option(help="Bins of time.")]


class PredictionKind(StrEnum):
    """Kinds of predictions."""

    CONDITIONAL = "conditional"
    NEW_SUBJECTS = "new_subjects"
    TYPICAL = "typical"


class TimeName(StrEnum):
    """Time, or time after dose."""

    TIME = "TIME"
    TAD = "TAD"


def draw_plot(figure: "Figure", plot: Path) -> None:
    """Write a figure, and print where."""
    pq.save_figure(figure, plot)
    print_text(plot)


@takes("given", fit_and_study)
def predict(
    given: FitAndStudy,
    *,
    kind: Annotated[
        PredictionKind, typer.Option(help="Individual, population or typical predictions.")
    ] = PredictionKind.CONDITIONAL,
    draws: Draws = 500,
    seed: Seed = 1,
    output: DataFile = None,
) -> None:
    """Predict each observation of a study, without and with residual error."""
    found = pq.predict(given.fit, given.study, kind=kind.value, draws=draws, seed=seed)
    drawn = (f"prediction_{kind.value}", f"observation_{kind.value}")
    table = by_observation(found, ("ID", "TIME", "endpoint", "DV", "censored", *drawn))
    answer(table, output, whole=found)


@takes("given", fit_and_study)
def vpc(
    given: FitAndStudy,
    *,
    endpoint: Annotated[
        str | None, typer.Option(help="Endpoint; required if there are several.")
    ] = None,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="Prediction-corrected (pcVPC).")
    ] = False,
    stratify: Annotated[
        str | None, typer.Option(help="Column of the study by which to stratify.")
    ] = None,
    time: Annotated[
        TimeName, typer.Option(help="Horizontal axis: time, or time after dose.")
    ] = TimeName.TIME,
    bins: Bins = 10,
    draws: Draws = 500,
    seed: Seed = 1,
    output: DataFile = None,
    plot: Plot = None,
    log: Log = None,
) -> None:
    """Visual predictive check: quantiles of observations against those of replicated studies."""
    found = pq.vpc(
        given.fit,
        given.study,
        endpoint=endpoint,
        corrected=corrected,
        stratify=stratify,
        time=time.value,
        bins=bins,
        draws=draws,
        seed=seed,
    )
    answer(vpc_table(found), output, whole=found)
    if output is None:
        for stratum, p in zip(found.stratum.values, found.p_value.values, strict=True):
            print_text(f"stratum {stratum}: p-value {p:.2g}")
    if plot is not None:
        draw_plot(pq.plot_vpc(found, log=log), plot)


@takes("given", fit_and_study)
def npde(
    given: FitAndStudy,
    *,
    draws: Draws = 1000,
    seed: Seed = 1,
    output: DataFile = None,
    plot: Plot = None,
) -> None:
    """Normalised prediction distribution errors and their tests; -o: of each observation."""
    found = pq.npde(given.fit, given.study, draws=draws, seed=seed)
    names = ("ID", "TIME", "TAD", "endpoint_of", "censored", "prediction", "npd", "npde")
    tests = wide(found["p_value"], "test")
    answer(by_observation(found, names), output, whole=found, shown=tests)
    if plot is not None:
        draw_plot(pq.plot_npde(found), plot)


@takes("given", fit_and_study)
def pvalues(
    given: FitAndStudy, *, draws: Draws = 300, seed: Seed = 1, output: DataFile = None
) -> None:
    """Posterior predictive p-values of Cmax, AUC, shares beyond limits, autocorrelation."""
    found = pq.predictive_pvalues(given.fit, given.study, draws=draws, seed=seed)
    answer(found[["observed", "p_value"]].to_dataframe(), output, whole=found)


@takes("given", fit_and_study)
def loo(
    given: FitAndStudy,
    *,
    subject: Annotated[
        bool, typer.Option("--subject", help="Leave out a subject, not an observation.")
    ] = False,
    draws: Annotated[int, typer.Option(help="Draws of the posterior, with --subject.")] = 1000,
    proposals: Annotated[
        int, typer.Option(help="Points of the integral for each draw, with --subject.")
    ] = 30,
    seed: Seed = 1,
    output: TableFile = None,
) -> None:
    """Leave-one-out cross-validation, of observations or of subjects; -o: pointwise."""
    if subject:
        found = pq.loo_subject(given.fit, given.study, draws=draws, proposals=proposals, seed=seed)
    else:
        found = pq.loo(given.fit, given.study)
    print_text(found)
    if output is not None:
        answer(pointwise_table(found.elpd_i, found.pareto_k), output)


@takes("given", fit_and_study)
def gof(
    given: FitAndStudy,
    *,
    draws: Draws = 1000,
    seed: Seed = 1,
    output: DataFile = None,
    plot: Plot = None,
    log: Log = None,
) -> None:
    """Goodness of fit: DV, PRED, IPRED, IWRES and NPDE of each observation."""
    found = pq.goodness_of_fit(given.fit, given.study, draws=draws, seed=seed)
    names = ("ID", "TIME", "TAD", "endpoint_of", "censored")
    values = ("DV", "PRED", "IPRED", "SD", "IWRES", "NPDE")
    answer(by_observation(found, (*names, *values)), output, whole=found)
    if plot is not None:
        draw_plot(pq.plot_gof(found, log=log), plot)


@takes("given", fit_and_study)
def curves(
    given: FitAndStudy,
    *,
    subjects: Annotated[int, typer.Option(help="Largest number of subjects.")] = 24,
    draws: Draws = 300,
    seed: Seed = 1,
    output: DataFile = None,
    plot: Plot = None,
    log: Log = None,
) -> None:
    """Individual predictions over time, with their intervals."""
    found = pq.individual_curves(given.fit, given.study, subjects=subjects, draws=draws, seed=seed)
    answer(found[["curve", "sample"]].to_dataframe().dropna(), output, whole=found)
    if plot is not None:
        draw_plot(pq.plot_fits(found, log=log), plot)


@takes("given", fit_and_study)
def effects(given: FitAndStudy, *, output: DataFile = None, plot: Plot = None) -> None:
    """Random effects of each subject, and their shrinkage."""
    found = pq.individual_effects(given.fit, given.study)
    answer(found[["eta", "eta_sd"]].to_dataframe(), output, whole=found)
    if output is None:
        print_text(found[["omega", "shrinkage"]].to_dataframe().to_string(float_format="%.3g"))
    if plot is not None:
        draw_plot(pq.plot_random_effects(found), plot)


@takes("given", fit_and_other_study)
def validate(
    given: FitAndStudy,
    *,
    early: Annotated[
        float | None, typer.Option(help="Time up to which observations individualise a subject.")
    ] = None,
    draws: Draws = 500,
    bins: Bins = 8,
    seed: Seed = 1,
    output: DataFile = None,
) -> None:
    """Compare a study that was not fitted with its predictions: bias, RMSE, AAFE, coverage."""
    found = pq.validate(given.fit, given.study, early=early, draws=draws, bins=bins, seed=seed)
    table = wide(found["score"], "measure")
    for p in found["probability"].to_numpy():
        table[f"coverage_{p:g}"] = found["coverage"].sel(probability=p).to_series()
    answer(table, output, whole=found)
