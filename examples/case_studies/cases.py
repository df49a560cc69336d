"""The case studies: models of the library, their studies, and the published estimates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

__all__ = ["CASES", "Budget", "Case", "Endpoint", "Quantity", "published_estimates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Display of an endpoint.

    Parameters
    ----------
    quantity : str
        Description of the endpoint, with its unit.
    bins : int
        Number of bins of the predictive check.
    log : bool
        Whether the y axis is logarithmic.
    """

    quantity: str
    bins: int = 10
    log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Settings of a variance budget.

    Parameters
    ----------
    amount : float
        Amount of one dose, in the unit of the model, for the typical subject.
    hours : tuple of float
        First and last time after the dose, and the step.
    outer : int
        Number of draws of the parameters.
    """

    amount: float
    hours: tuple[float, float, float]
    outer: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One value that is compared with published estimates.

    Parameters
    ----------
    of : str
        A parameter of the model (``omega[CL]``) or a secondary output (``Vss``).
    unit : str
        Unit in the table.
    form : {"itself", "cv", "per_kg"}
        The value itself; the coefficient of variation (%) of a log-normal effect with this SD; or
        the value per kg of body weight, for a typical subject of 70 kg.
    """

    of: str
    unit: str = ""
    form: Literal["itself", "cv", "per_kg"] = "itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model with its study and the results that are shown; the fit has the default settings.

    Parameters
    ----------
    model, study : str
        Names of the model in the library, and of the data set and its published estimates.
    endpoints : mapping of str to Endpoint
        Observed outputs.
    covariates : mapping of str to float
        Covariates of the typical subject, for which secondary outputs are compared.
    budgets : mapping of str to Budget
        Variance budgets by output.
    quantities : mapping of str to Quantity
        Compared quantities by their name in the published table.
    """

    model: str
    study: str
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
        NaN if the source does not report it. The sources are listed in ``published.csv``.

    Examples
    --------
    >>> table = published_estimates("theophylline").set_index("quantity")
    >>> float(table.value["CL"])  # L/h/kg
    0.039667
    """
    table = pd.read_csv(Path(__file__).with_name("published.csv"), comment="#")
    return table[table["study"] == study].drop(columns="study").reset_index(drop=True)


def _theophylline(model: str, *, clearance: str, volume: str) -> Case:
    """Return a case of theophylline; models differ in what clearance and volume depend on."""
    return Case(
        model=model,
        study="theophylline",
        endpoints={"cp": Endpoint(quantity="theophylline in serum (mg/L)", bins=8)},
        quantities={
            "CL": Quantity(of="CL", unit="L/h/kg", form="per_kg"),
            "V": Quantity(of=volume, unit="L/kg", form="per_kg"),
            "ka": Quantity(of="ka", unit="1/h"),
            "omega CL": Quantity(of=f"omega[{clearance}]"),
            "omega ka": Quantity(of="omega[ka]"),
        },
    )


def _cv(parameter: str) -> Quantity:
    return Quantity(of=f"omega[{parameter}]", unit="%", form="cv")


_CASES = (
    _theophylline("one-compartment", clearance="CL", volume="V"),
    _theophylline("theophylline", clearance="CLint", volume="Vss"),
    Case(
        model="mavoglurant",
        study="mavoglurant",
        endpoints={"cp": Endpoint(quantity="mavoglurant in plasma (ng/mL)", bins=12, log=True)},
        quantities={
            "CLint": Quantity(of="CLint", unit="L/h"),
            **{name: Quantity(of=name) for name in ("KbBR", "KbMU", "KbAD", "KbBO", "KbRB")},
            "sigma": Quantity(of="sigma[cp]"),
            "omega CLint": Quantity(of="omega[CLint]"),
        },
    ),
    Case(
        model="warfarin",
        study="warfarin",
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
            "CV CL": _cv("CLint"),
            "CV EC50": _cv("IC50"),
            "CV kout": _cv("kout"),
            "CV E0": _cv("PCA0"),
            "sigma cp additive": Quantity(of="sigma[cp.additive]", unit="mg/L"),
            "sigma cp proportional": Quantity(of="sigma[cp.proportional]"),
            "sigma pca": Quantity(of="sigma[pca]", unit="%"),
        },
    ),
)

CASES: Mapping[str, Case] = {case.model: case for case in _CASES}
