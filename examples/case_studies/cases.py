"""The case studies: a model of the library, its study, and what is compared with whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.program.bind import BindOptions

__all__ = ["CASES", "Budget", "Case", "Endpoint", "Quantity", "published_estimates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How an endpoint is shown.

    Parameters
    ----------
    quantity : str
        What it is, with its unit.
    bins : int
        Of the predictive check.
    log : bool
        Whether the ordinate is logarithmic.
    """

    quantity: str
    bins: int = 10
    log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Of which variances the budget is drawn.

    Parameters
    ----------
    amount : float
        One dose, in the model's unit, for the typical subject.
    hours : tuple of float
        First and last time after it, and the step.
    outer : int
        Draws of the parameters.
    """

    amount: float
    hours: tuple[float, float, float]
    outer: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One number that is compared.

    Parameters
    ----------
    of : str
        Our parameter (``omega[CL]``) or secondary output (``Vss``).
    unit : str
        What it is given in, for readers.
    form : {"itself", "cv", "per_kg"}
        As it is; the coefficient of variation (%) of a log-normal effect with this SD; for 1 kg
        of the typical subject's 70.
    """

    of: str
    unit: str = ""
    form: Literal["itself", "cv", "per_kg"] = "itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model, its study, how it is fitted, what is shown.

    Parameters
    ----------
    model, study : str
        Names in library and data sets.
    published : str
        Of which study the published estimates are.
    settings, options
        Of the fit.
    endpoints : mapping of str to Endpoint
        Observed outputs.
    covariates : mapping of str to float
        Of the typical subject, whose secondary outputs are compared.
    budgets : mapping of str to Budget
        By output.
    quantities : mapping of str to Quantity
        By the name that the published table has for them.
    """

    model: str
    study: str
    published: str
    settings: FitSettings
    options: BindOptions = BindOptions()
    endpoints: Mapping[str, Endpoint]
    covariates: Mapping[str, float] = field(default_factory=lambda: {"WT": 70.0})
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    quantities: Mapping[str, Quantity]


def published_estimates(study: str) -> pd.DataFrame:
    """Return the published estimates of a study.

    Parameters
    ----------
    study : str
        Name of a data set.

    Returns
    -------
    pandas.DataFrame
        ``quantity``, ``source``, ``value``, ``low``, ``high`` (90 % interval), ``sd``, ``ess``;
        NaN where the source does not say. Who the sources are stands in ``published.csv``.

    Examples
    --------
    >>> table = published_estimates("theophylline").set_index("quantity")
    >>> float(table.value["CL"])  # L/h/kg
    0.039667
    """
    table = pd.read_csv(Path(__file__).with_name("published.csv"), comment="#")
    return table[table["study"] == study].drop(columns="study").reset_index(drop=True)


_THEOPHYLLINE = Endpoint(quantity="theophylline in serum (mg/L)", bins=8)

CASES: Mapping[str, Case] = {
    "one-compartment": Case(
        model="one-compartment",
        study="theophylline",
        published="theophylline",
        settings=FitSettings(chains=4, warmup=600, draws=1000, seed=1),
        endpoints={"cp": _THEOPHYLLINE},
        quantities={
            "CL": Quantity(of="CL", unit="L/h/kg", form="per_kg"),
            "V": Quantity(of="V", unit="L/kg", form="per_kg"),
            "ka": Quantity(of="ka", unit="1/h"),
            "omega CL": Quantity(of="omega[CL]"),
            "omega ka": Quantity(of="omega[ka]"),
        },
    ),
    "theophylline": Case(
        model="theophylline",
        study="theophylline",
        published="theophylline",
        settings=FitSettings(chains=4, warmup=500, draws=750, seed=20240527, adapt_delta=0.9),
        # Volumes hardly differ between subjects.
        options=BindOptions(centred={"Kp": False}),
        endpoints={"cp": _THEOPHYLLINE},
        quantities={
            "CL": Quantity(of="CL", unit="L/h/kg", form="per_kg"),
            "V": Quantity(of="Vss", unit="L/kg", form="per_kg"),
            "ka": Quantity(of="ka", unit="1/h"),
            "omega CL": Quantity(of="omega[CLint]"),
            "omega ka": Quantity(of="omega[ka]"),
        },
    ),
    "mavoglurant": Case(
        model="mavoglurant",
        study="mavoglurant",
        published="mavoglurant",
        settings=FitSettings(chains=4, warmup=500, draws=1000, seed=1),
        endpoints={"cp": Endpoint(quantity="mavoglurant in plasma (ng/mL)", bins=12, log=True)},
        quantities={
            "CLint": Quantity(of="CLint", unit="L/h"),
            **{name: Quantity(of=name) for name in ("KbBR", "KbMU", "KbAD", "KbBO", "KbRB")},
            "sigma": Quantity(of="sigma[cp]"),
            "omega CLint": Quantity(of="omega[CLint]"),
        },
    ),
    "warfarin": Case(
        model="warfarin",
        study="warfarin",
        published="warfarin",
        # The posterior needs trees of 31 steps; before the metric is known, deep ones take most of
        # the time.
        settings=FitSettings(chains=4, warmup=600, draws=1000, seed=11, max_treedepth=7),
        options=BindOptions(
            # The last two hardly differ between subjects.
            centred={"IC50": True, "kout": False, "PCA0": False},
            # Predictions are right to 1e-4 mg/L and 1e-4 %, far below the residual errors.
            solver=SolverSettings(rtol=1e-5, atol=1e-7),
        ),
        endpoints={
            "cp": Endpoint(quantity="warfarin in plasma (mg/L)", bins=12),
            "pca": Endpoint(quantity="prothrombin complex activity (% of normal)"),
        },
        covariates={"WT": 70.0, "AGE": 40.0, "SEX": 1.0},
        budgets={"pca": Budget(amount=100.0, hours=(2.0, 144.0, 4.0))},
        quantities={
            "CL": Quantity(of="CL", unit="L/h"),
            "V": Quantity(of="Vss", unit="L"),
            "MAT": Quantity(of="MAT", unit="h"),
            "EC50": Quantity(of="EC50", unit="mg/L"),
            "kout": Quantity(of="kout", unit="1/h"),
            "E0": Quantity(of="PCA0", unit="%"),
            "CV CL": Quantity(of="omega[CLint]", unit="%", form="cv"),
            "CV EC50": Quantity(of="omega[IC50]", unit="%", form="cv"),
            "CV kout": Quantity(of="omega[kout]", unit="%", form="cv"),
            "CV E0": Quantity(of="omega[PCA0]", unit="%", form="cv"),
            "sigma cp additive": Quantity(of="sigma[cp.additive]", unit="mg/L"),
            "sigma cp proportional": Quantity(of="sigma[cp.proportional]"),
            "sigma pca": Quantity(of="sigma[pca]", unit="%"),
        },
    ),
}
