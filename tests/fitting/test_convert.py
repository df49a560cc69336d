"""A fit of everything: what is in the posterior, and under which names."""

from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.program.density_oracle import MODEL
from tests.program.test_density import study


@pytest.mark.slow
def test_posterior_bears_the_users_names_alone(tmp_path: Path) -> None:
    settings = pq.FitSettings(chains=1, warmup=60, draws=20)
    tree = pq.fit(parse_model(MODEL), study(), tmp_path, settings=settings)
    posterior = tree["posterior"].to_dataset()
    assert set(posterior.data_vars) == {
        "CL", "V", "F", "b", "beta[CL,WT]", "beta[CL,SEX,male]", "beta[CL,CRP]", "beta[V,AGE]",
        "beta[V,ALB]", "beta[b,WT]", "beta[b,DIET,fed]", "omega", "omega_iov", "eta", "kappa",
        "sigma", "corr",
    }  # fmt: skip
    assert set(posterior.coords) == {
        "chain", "draw", "subject", "occasion", "effect", "effect_iov", "effect_pair",
        "residual",
    }  # fmt: skip
    kappa = posterior["kappa"].sel(subject="2", occasion="1", effect_iov="CL")
    assert kappa.dims == ("chain", "draw")
    rows = pq.summary_table(tree).index
    assert {"beta[CL,WT]", "omega_iov[b]", "sigma[heavy.df]", "corr[CL,V]"} <= set(rows)
