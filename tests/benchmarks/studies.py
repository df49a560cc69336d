"""Models of any size, and studies simulated from a model."""

import numpy as np

import pkqsp_bayes as pq
from pkqsp_bayes.spec import (
    BodySpec,
    DoseSpec,
    EliminationSpec,
    ErrorSpec,
    ModelSpec,
    ObservationSpec,
    OrganSpec,
    PoolSpec,
    PopulationParameterSpec,
    PopulationSpec,
    PriorSpec,
    Quantity,
)
from pkqsp_bayes.study.study import Study

__all__ = ["body", "observed"]


def body(states: int, parameters: int) -> ModelSpec:
    """Return a perfusion-limited body: two pools, a lung, and ``states - 3`` organs.

    The first parameter is the liver's clearance; the others are partition coefficients of as many
    organs, one organ each, or shared out where there are fewer.
    """
    organs = states - 3
    names = [f"Kb{i}" for i in range(parameters - 1)]
    made = {"lung": OrganSpec(volume=Quantity(value=0.5), position="series", Kb=Quantity(value=2))}
    for i in range(organs):
        partition = names[i % len(names)] if names else 1.5
        made[f"organ{i}"] = OrganSpec(
            volume=Quantity(value=0.3 + 60.0 / organs * (i % 3 + 1) / 2),
            flow=Quantity(value=f"CO / {organs}"),
            Kb=Quantity(value=partition),
        )
    prior = PriorSpec(family="lognormal", args=(0.5, 0.25))
    typical = {"CL": PriorSpec(family="lognormal", args=(3.0, 0.25))} | dict.fromkeys(names, prior)
    return ModelSpec(
        title=f"A body of {states} states",
        body=BodySpec(cardiac_output=Quantity(value=350, unit="L/h")),
        pools={n: PoolSpec(volume=Quantity(value=2.0)) for n in ("arterial", "venous")},
        organs=made,
        elimination={"organ0": EliminationSpec(CLint=Quantity(value="CL"))},
        dose={"iv": DoseSpec(to="venous")},
        population=PopulationSpec(
            parameters={
                name: PopulationParameterSpec(
                    typical=p,
                    unit="L/h" if name == "CL" else "",
                    iiv="lognormal" if name == "CL" else None,
                )
                for name, p in typical.items()
            }
        ),
        observe={
            "cp": ObservationSpec(
                value=Quantity(value="venous.C", unit="mg/L"), error=ErrorSpec(form="lognormal")
            )
        },
    )


def observed(model: ModelSpec, design: Study, *, sd: float = 0.2, seed: int = 1) -> Study:
    """Return a design with DV drawn around the typical predictions, log-normal error."""
    result = pq.simulate(model, design)
    table = design.table.copy()
    predictions = np.full(len(table), np.nan)
    for name in model.observe:
        here = table["DVID"].isin([name, ""]).to_numpy()
        predictions = np.where(here, result[name].to_numpy(), predictions)
    noise = np.random.default_rng(seed).normal(0, sd, len(table))
    seen = (table["EVID"] == 0).to_numpy() & (predictions > 0)
    table["DV"] = np.where(seen, predictions * np.exp(noise), np.nan)
    table["MDV"] = (~seen).astype(int)
    return Study(table=table, source="simulated", units=design.units, covariates=design.covariates)
