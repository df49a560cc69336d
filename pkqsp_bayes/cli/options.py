"""Arguments and options that commands share, and what they become."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.console import print_issue

__all__ = [
    "Atol",
    "FitAndStudy",
    "FitFolder",
    "Ignore",
    "MaxSteps",
    "Model",
    "ModelAndStudy",
    "Priors",
    "Rtol",
    "Seed",
    "StudyFile",
    "bind_options",
    "fit_and_other_study",
    "fit_and_study",
    "fit_settings",
    "model_and_study",
    "read_prior_tables",
    "read_table",
    "solver_settings",
]

Model = Annotated[str, typer.Argument(help="Name of a library model, or a TOML file.")]
StudyFile = Annotated[
    Path,
    typer.Argument(
        help="CSV table: doses, observations, covariates; or the name of a study of pkqsp data."
    ),
]
FitFolder = Annotated[Path, typer.Argument(help="Folder of a fit.")]
FittedStudy = Annotated[
    Path | None,
    typer.Argument(
        help="CSV table, or the name of a study of pkqsp data; by default the fitted study."
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", metavar="RULE", help="Rows of the table to leave out: 'C == C', 'DV < 0', '@'."
    ),
]
"""Option of every command that reads a study; in place of the model's ``[study] ignore``."""
Priors = Annotated[
    list[Path] | None,
    typer.Option("--priors", metavar="FILE", help="Prior table (TOML) in place of the model's own "
                 "priors. Of several the later one decides."),
]  # fmt: skip
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Rtol = Annotated[float | None, typer.Option("--rtol", help="Relative tolerance of the ODE solver.")]
Atol = Annotated[
    float | None,
    typer.Option("--atol", help="Absolute tolerance, relative to the size of each state."),
]
MaxSteps = Annotated[
    int | None, typer.Option("--max-steps", help="Steps that one subject may take.")
]


class BackendName(StrEnum):
    """Solvers of a fit."""

    NATIVE = "native"
    STAN = "stan"


class StanSolverName(StrEnum):
    """Stan's own solvers."""

    BDF = "bdf"
    RK45 = "rk45"
    CKRK = "ckrk"
    ADAMS = "adams"


class BlqName(StrEnum):
    """Likelihood of censored observations."""

    M1 = "M1"
    M3 = "M3"


class InitName(StrEnum):
    """Initial values of chains."""

    PRIORS = "priors"
    ESTIMATE = "estimate"
    MODE = "mode"


def read_table(
    study: Path, model: "pq.ModelSpec", ignore: Sequence[str] | None = None
) -> "pq.Study":
    """Return the study of a file or of a name."""
    from pkqsp_bayes.study.study_argument import as_study

    return as_study(study, model, ignore=ignore)


def read_prior_tables(files: Sequence[Path] | None) -> "pq.PriorTable | None":
    """Return the tables as one; None for no file."""
    return pq.merge_tables(*map(pq.read_priors, files)) if files else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAndStudy:
    """A model as stated, priors in place of its own, and a study."""

    stated: "pq.ModelSpec"
    priors: "pq.PriorTable | None"
    study: "pq.Study"

    @property
    def model(self) -> "pq.ModelSpec":
        """The model with these priors."""
        return self.stated if self.priors is None else pq.apply_priors(self.stated, self.priors)


def model_and_study(
    model: Model, study: StudyFile, *, priors: Priors = None, ignore: Ignore = None
) -> ModelAndStudy:
    """Read a model, priors and a study."""
    spec = pq.load_model(model)
    table = read_table(study, spec, ignore)
    return ModelAndStudy(stated=spec, priors=read_prior_tables(priors), study=table)


def open_reliable(fit: Path) -> "pq.FittedModel":
    """Open a fit, and warn on the standard error if it is not reliable."""
    from pkqsp_bayes.fitting.diagnostics.fit_quality import judge_fit

    fitted = pq.open_fit(fit)
    warning = judge_fit(fitted).warning.rstrip(".")
    if warning:
        remedy = "repair the fit first: pkqsp diagnose names its problems"
        print_issue(pq.Issue(severity="warning", where=str(fit), what=warning, remedy=remedy))
    return fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class FitAndStudy:
    """A fit, and the study that an analysis is of."""

    fit: "pq.FittedModel"
    study: "pq.Study"


def fit_and_study(
    fit: FitFolder, study: FittedStudy = None, *, ignore: Ignore = None
) -> FitAndStudy:
    """Read a fit, and a study: that of the fit unless another is given."""
    fitted = open_reliable(fit)
    if study is None:
        return FitAndStudy(fit=fitted, study=fitted.study)
    table = read_table(study, fitted.spec, ignore)
    return FitAndStudy(fit=fitted, study=table)


def fit_and_other_study(fit: FitFolder, study: StudyFile, *, ignore: Ignore = None) -> FitAndStudy:
    """Read a fit, and a study that was not fitted."""
    return fit_and_study(fit, study, ignore=ignore)


def solver_settings(
    *, rtol: Rtol = None, atol: Atol = None, max_steps: MaxSteps = None
) -> "pq.SolverSettings":
    """Return the solver's settings; what is not given is as by default."""
    return pq.SolverSettings(**_given(rtol=rtol, atol=atol, max_steps=max_steps))


def bind_options(
    *,
    backend: Annotated[BackendName, typer.Option(help="ODE solver.")] = BackendName.NATIVE,
    stan_solver: Annotated[
        StanSolverName, typer.Option(help="Stan's solver, for --backend stan.")
    ] = StanSolverName.BDF,
    blq: Annotated[
        BlqName, typer.Option(help="Censored observations: M3 likelihood, or M1 left out.")
    ] = BlqName.M3,
    centred: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Sample this random effect centred: CL, kappa[CL]."),
    ] = None,
    non_centred: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Sample it non-centred.")
    ] = None,
    rtol: Rtol = None,
    atol: Atol = None,
    max_steps: MaxSteps = None,
) -> "pq.BindOptions":
    """Return the choices of a fit; what is not given is as by default.

    Raises
    ------
    CheckError
        If an effect is to be centred and non-centred.

    Examples
    --------
    >>> bind_options(rtol=1e-8, non_centred=["CL"]).centred
    {'CL': False}
    """
    both = sorted(set(centred or ()) & set(non_centred or ()))
    if both:
        what, remedy = "it is --non-centred as well", "choose one"
        raise pq.CheckError(
            pq.Issue(where=f"--centred {name}", what=what, remedy=remedy) for name in both
        )
    wanted = dict.fromkeys(centred or (), True) | dict.fromkeys(non_centred or (), False)
    return pq.BindOptions(
        backend=backend.value,
        method=stan_solver.value,
        blq=blq.value,
        centred=wanted or None,
        solver=solver_settings(rtol=rtol, atol=atol, max_steps=max_steps),
    )


def fit_settings(
    *,
    chains: Annotated[int, typer.Option(help="Number of chains.")] = 4,
    warmup: Annotated[int, typer.Option(help="Warm-up iterations of each chain.")] = 1000,
    draws: Annotated[int, typer.Option(help="Draws of each chain.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 1,
    adapt_delta: Annotated[float, typer.Option(help="Target acceptance statistic.")] = 0.8,
    max_treedepth: Annotated[int, typer.Option(help="Greatest tree depth.")] = 10,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of each chain; by default the idle processors."),
    ] = None,
    begin: Annotated[InitName, typer.Option(help="Where chains begin.")] = InitName.PRIORS,
) -> "pq.FitSettings":
    """Return how a fit is sampled."""
    return pq.FitSettings(
        chains=chains,
        warmup=warmup,
        draws=draws,
        seed=seed,
        adapt_delta=adapt_delta,
        max_treedepth=max_treedepth,
        threads_per_chain=threads,
        begin=begin.value,
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
