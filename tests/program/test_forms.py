"""Everything at once, as text: covariates of all forms, fixed and changing; occasions; blocks."""

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.stanc import check
from tests.program.features import EVERYTHING
from tests.program.studies import study_of


def bound(**options: object) -> BoundModel:
    model = parse_model(EVERYTHING)
    study = study_of(model)
    study.table["OCC"] = ["1" if t < 3 else "2" for t in study.table.TIME]
    return bind_model(model, study, options=BindOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("centred", [True, False])
def test_stanc_accepts_everything(centred: bool) -> None:
    names = ("CL", "V", "F", "kappa[CL]", "kappa[ka]", "kappa[F]")
    made = bound(centred=dict.fromkeys(names, centred))
    check(made.program, "--allow-undefined")
    assert ("correlated_lpdf" in made.program) == centred


def test_dims_and_coords_bear_the_users_names() -> None:
    made = bound()
    assert made.dims["kappa"] == ("subject", "occasion", "effect_iov")
    assert made.coords["occasion"] == ["1", "2"]
    assert made.coords["effect_iov"] == ["CL", "ka", "F"]
    assert made.coords["effect_1"] == ["CL", "V"]
    assert made.coords["effect"] == ["CL", "V", "F"]
    assert made.coords["residual"] == ["cp.additive", "cp.proportional"]
    scalars = {made.names[n] for n, dims in made.dims.items() if n in made.names and dims == ()}
    assert scalars == {
        "CL", "V", "ka", "F", "beta[CL,CRP]", "beta[V,AGE]", "beta[V,SEX,male]", "beta[ka,AGE]",
        "beta[ka,DIET,fed]",
    }  # fmt: skip
    assert {"z", "z_iov", "L_1", "omega_sampled"}.isdisjoint(made.dims), "the sampler's own"


def test_centring_goes_by_what_each_value_is_seen_in() -> None:
    """Three effects of subjects and three of occasions share what is observed."""
    model = parse_model(EVERYTHING)
    study = study_of(model, samples=18)
    study.table["OCC"] = np.where(study.table["TIME"] > 2, "2", "1")
    made = bind_model(model, study)
    assert [made.centred[name] for name in ("CL", "V", "F")] == [True, True, True]
    assert "eta[ : , 3] = z[ : , 3] - logit(F);" in made.program
    assert "eta[ : , 1] = z[ : , 1] - (log(CL) + 0.75 * log(x__WT / 70.0));" in made.program
    block = "correlated_lpdf(eta[ : , {1, 2}] | diag_pre_multiply(omega[{1, 2}], L_1))"
    assert block in made.program
    assert "omega_iov[1], omega_iov[2], omega_iov[3]" in made.program
    study = study_of(model, samples=17)
    study.table["OCC"] = np.where(study.table["TIME"] > 2, "2", "1")
    assert "eta[ : , 3] = omega[3] * z[ : , 3];" in bind_model(model, study).program


def test_an_unknown_random_effect_is_refused() -> None:
    with pytest.raises(pq.CheckError) as caught:
        bound(centred={"ka": True})
    assert "kappa[CL], kappa[F], kappa[ka]" in str(caught.value)


def test_occasions_need_a_column() -> None:
    model = parse_model(EVERYTHING)
    with pytest.raises(pq.CheckError) as caught:
        bind_model(model, study_of(model))
    assert "no column OCC" in str(caught.value)


def test_a_known_zero_is_not_centred() -> None:
    model = parse_model(EVERYTHING.replace("F = 0.3", "F = 0.0"))
    study = study_of(model)
    study.table["OCC"] = "1"
    assert "eta[ : , 3] = omega[3] * z[ : , 3];" in bind_model(model, study).program


def test_what_is_no_prior_is_refused_before_anything_else() -> None:
    model = parse_model(EVERYTHING.replace('"half_normal(0.5)"', '"from_qsp"'))
    with pytest.raises(pq.CheckError) as caught:
        bind_model(model, study_of(model))
    assert "omega[CL]" in str(caught.value)
    assert "prior table" in str(caught.value)
