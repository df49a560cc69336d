"""The default between centred and non-centred, counted by hand."""

import json

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.centring import RICH, Richness
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.program.studies import study_of


def _richness(counts: list[int], outputs: list[int]) -> Richness:
    """Return subjects with some observations each, of outputs in turn."""
    subject = np.repeat(np.arange(len(counts)), counts)
    within = np.concatenate([np.arange(n) for n in counts])
    return Richness(
        output=np.resize(outputs, subject.size),
        subject=subject,
        occasion=2 * subject + within % 2,
        subjects=len(counts),
        reached={"CL": {0, 1}, "V": {0}, "kout": {1}, "k": {2}},
        effects=("CL", "V", "kout", "CL"),
    )


def test_an_observation_is_shared_by_the_effects_that_move_it() -> None:
    """Of output 0, CL has two effects of three, but each a third; kout has none of it."""
    assert RICH == 3
    found = _richness([9, 9, 1], [0])
    assert found.is_rich("CL")
    assert found.is_rich("V")
    assert not found.is_rich("kout")
    assert not _richness([8, 8, 9], [0]).is_rich("V")


def test_outputs_add_up() -> None:
    """Two outputs by turns, each moved by three effects: CL sees both, V and kout one."""
    found = _richness([9, 9, 9], [0, 1])
    assert found.is_rich("CL")
    assert not found.is_rich("V")
    assert not found.is_rich("kout")


def test_the_median_decides() -> None:
    assert not _richness([60, 8, 8], [0]).is_rich("CL")
    assert _richness([0, 9, 60], [0]).is_rich("CL")


def test_an_occasion_has_observations_of_its_own() -> None:
    assert not _richness([9, 9, 9], [0]).is_rich_by_occasion("CL")
    assert _richness([18, 18, 18], [0]).is_rich_by_occasion("CL")


def test_nothing_observed_nothing_rich() -> None:
    assert not _richness([0, 0, 0], [0]).is_rich("CL")
    assert not _richness([0, 0, 0], [0]).is_rich_by_occasion("CL")


@pytest.mark.parametrize(("samples", "centred"), [(1, False), (30, True)])
def test_library_models_follow(samples: int, centred: bool) -> None:
    model = pq.load_model("two-compartment")
    found = bind_model(model, study_of(model, samples=samples)).centred
    assert found
    assert set(found.values()) == {centred}


def _stating(**stated: list[str]) -> pq.ModelSpec:
    """Return a model whose omega states the parameterisation of its effects."""
    text, end = format_model(pq.load_model("two-compartment")), 'V1 = "half_normal(0.5)" }'
    assert text.count(end) == 1
    added = "".join(f", {key} = {json.dumps(names)}" for key, names in stated.items())
    return parse_model(text.replace(end, f"{end[:-2]}{added} }}"), where="two-compartment")


def test_a_model_file_states_it() -> None:
    model = _stating(non_centred=["CL"])
    rich = study_of(model, samples=30)
    assert bind_model(model, rich).centred == {"CL": False, "V1": True}
    options = BindOptions(centred={"CL": True, "V1": False})
    assert bind_model(model, rich, options=options).centred == {"CL": True, "V1": False}
    model = _stating(centred=["V1"])
    assert bind_model(model, study_of(model, samples=1)).centred == {"CL": False, "V1": True}
    assert parse_model(format_model(model), where="again") == model


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"centred": ["V2"]}, "there is no random effect 'V2'"),
        ({"non_centred": ["kappa[CL]"]}, "there is no random effect 'kappa[CL]'"),
        ({"centred": ["CL"], "non_centred": ["CL"]}, "CL is in centred and in non_centred"),
    ],
)
def test_what_cannot_be_centred_is_reported(stated: dict[str, list[str]], what: str) -> None:
    with pytest.raises(CheckError) as caught:
        _stating(**stated)
    assert [issue.what for issue in caught.value.issues] == [what]
