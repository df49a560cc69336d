"""Studies for models: what is bound in the tests."""

import dataclasses

import numpy as np

import pkqsp_bayes as pq
from pkqsp_bayes.spec.model import dose_numbers

__all__ = ["observed", "study_of"]


def observed(study: pq.Study, values: np.ndarray | None = None) -> pq.Study:
    """Return a study with its samples taken: 1 and 2 by turns, or the values given."""
    table = study.table.copy()
    samples = (table.EVID == 0).to_numpy()
    count = int(samples.sum())
    table.loc[samples, "DV"] = 1.0 + np.arange(count) % 2 if values is None else values
    table.loc[samples, "MDV"] = 0
    return dataclasses.replace(study, table=table)


def study_of(model: pq.ModelSpec, *, subjects: int = 3, samples: int = 6) -> pq.Study:
    """Return a study of one dose at which every output is observed."""
    covariates = {name: 1.0 if c.reference is None else c.reference for name, c in
                  model.covariates.items()}  # fmt: skip
    outputs = [name for name, o in model.observe.items() if o.error is not None]
    to = next(iter(dose_numbers(model)), None)
    doses = [] if to is None else [pq.Dose(amount=100, to=to)]
    times = np.arange(1.0, samples + 1)
    return observed(
        pq.regimen(doses, times, subjects=subjects, outputs=outputs, covariates=covariates)
    )
