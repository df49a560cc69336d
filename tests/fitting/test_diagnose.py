"""Each diagnostic on draws that trip it, and on draws that do not."""

import json

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.fitting.trees import CHAINS, DRAWS, made_tree

LIMIT = "more steps than max_steps allows"


def changed(tree: xr.DataTree, name: str, values: np.ndarray) -> xr.DataTree:  # type: ignore[type-arg]
    group = "posterior" if name in tree["posterior"] else "sample_stats"
    dataset = tree[group].to_dataset()
    dataset[name] = (dataset[name].dims, values)
    tree[group] = xr.DataTree(dataset)
    return tree


def draws(tree: xr.DataTree, name: str) -> np.ndarray:  # type: ignore[type-arg]
    group = "posterior" if name in tree["posterior"] else "sample_stats"
    return np.array(tree[group][name].to_numpy())


def only(tree: xr.DataTree) -> pq.Issue:
    """Return the one issue of a tree."""
    issues = pq.diagnose(tree)
    assert len(issues) == 1, [str(issue) for issue in issues]
    assert issues[0].severity in ("warning", "note")
    return issues[0]


def test_nothing_is_said_of_a_good_fit() -> None:
    assert pq.diagnose(made_tree()) == []


def test_what_is_known_is_no_trouble() -> None:
    assert pq.diagnose(changed(made_tree(), "V", np.full((CHAINS, DRAWS), 30.0))) == []


def test_a_chain_elsewhere_is_named_with_its_parameter() -> None:
    tree = made_tree()
    values = draws(tree, "CL")
    values[0] += 0.1
    issue = next(i for i in pq.diagnose(changed(tree, "CL", values)) if "R-hat" in i.what)
    assert issue.where == "CL"
    assert "R-hat is 1." in issue.what
    assert "run longer: FitSettings(draws=1000)" in issue.remedy


def test_of_a_variable_the_worst_element_and_the_others_number() -> None:
    tree = made_tree()
    eta = draws(tree, "eta")
    eta[0, :, 1, 0] += 2
    eta[0, :, 2, 0] += 1
    issue, *rest = pq.diagnose(changed(tree, "eta", eta))
    assert all("ESS" in other.what for other in rest)
    assert issue.where == "eta[2,CL]"
    assert "the same applies to 1 more" in issue.what
    assert 'BindOptions(centred={"CL": False})' in issue.remedy


def test_slow_mixing_is_a_low_bulk_ess_and_its_correlate_is_named() -> None:
    tree = made_tree()
    # each value is held for ten draws: a tenth of the draws is independent
    slow = np.repeat(draws(tree, "CL")[:, ::10], 10, axis=1)
    tree = changed(changed(tree, "CL", slow), "V", 30 * draws(tree, "CL"))
    tree = changed(tree, "V", 30 * slow**1.5)
    bulk = [i for i in pq.diagnose(tree) if i.what.startswith("bulk ESS")]
    assert [i.where for i in bulk] == ["CL", "V"]
    assert "at least 400" in bulk[0].what
    assert "hardly distinguish it from V (their correlation is 1.00)" in bulk[0].remedy


def test_low_tail_ess() -> None:
    tree = made_tree()
    values = draws(tree, "sigma")[..., 0]
    # the tails are visited once, in one long stay a chain; the middle is well mixed
    for chain in values:
        order = np.sort(chain)
        chain[:] = np.random.default_rng(3).permutation(chain)
        tails = np.flatnonzero((chain < order[40]) | (chain > order[-40]))
        middle = np.setdiff1d(np.arange(DRAWS), tails)
        chain[:] = np.concatenate([chain[tails], chain[middle]])
    found = pq.diagnose(changed(tree, "sigma", values[..., None]))
    assert [i for i in found if i.what.startswith("tail ESS") and i.where == "sigma[cp]"]


def test_divergences_and_where_they_gather() -> None:
    tree = made_tree()
    marked = draws(tree, "omega")[..., 0] < np.quantile(draws(tree, "omega")[..., 0], 0.01)
    issue = only(changed(tree, "diverging", marked))
    assert issue.where == "sampler"
    assert f"20 of {CHAINS * DRAWS} transitions diverged" in issue.what
    assert "they occur mostly at small values of omega[CL]" in issue.what
    assert "raise the target acceptance from 0.8: FitSettings(adapt_delta=0.95)" in issue.remedy
    assert 'BindOptions(centred={"CL": False})' in issue.remedy


def test_divergences_under_the_greatest_adapt_delta() -> None:
    tree = made_tree(settings={"draws": DRAWS, "adapt_delta": 0.99, "max_treedepth": 10})
    marked = np.zeros((CHAINS, DRAWS), dtype=bool)
    marked[0, 0] = True
    assert "a larger adapt_delta does not help" in only(changed(tree, "diverging", marked)).remedy


def test_tree_depth() -> None:
    tree = made_tree()
    depth = draws(tree, "tree_depth")
    depth[0, :7] = 10
    issue = only(changed(tree, "tree_depth", depth))
    assert "7 of 2000 transitions reached the greatest tree depth" in issue.what
    assert "from 10: FitSettings(max_treedepth=12)" in issue.remedy


def test_energy_that_moves_slowly_and_with_what() -> None:
    tree = made_tree()
    energy = draws(tree, "energy")
    energy[1] = np.cumsum(energy[1])
    omega = draws(tree, "omega")
    omega[1, :, 1] = np.exp(0.1 * energy[1] / energy[1].std())
    tree = changed(changed(tree, "energy", energy), "omega", omega)
    found = [i for i in pq.diagnose(tree) if "E-BFMI" in i.what]
    assert [i.where for i in found] == ["chain 1"]
    assert "it is correlated with omega[V]" in found[0].what
    assert 'BindOptions(centred={"V": True})' in found[0].remedy


@pytest.mark.parametrize(("solves", "few"), [(1_000_000, True), (1000, False)])
def test_failed_solves_with_the_parameters_that_caused_them(solves: int, few: bool) -> None:
    example = {"chain": 2, "reason": LIMIT, "parameters": {"CL": 1e-9, "V": None}}
    solver = {"solves": solves, "reasons": {LIMIT: 12}, "examples": [example]}
    issue = only(made_tree(solver=solver))
    assert issue.where == "ODE solver"
    assert f"12 of {solves} solves failed" in issue.what
    assert "first at CL = 1e-09, V = not finite (chain 2)" in issue.what
    assert "max_steps" in issue.remedy
    assert ("so few do not affect the result" in issue.remedy) is few
    assert issue.severity == ("note" if few else "warning")


def test_solves_without_failures_and_without_an_account() -> None:
    assert pq.diagnose(made_tree(solver={"solves": 10, "reasons": {}})) == []
    tree = made_tree()
    tree.attrs.clear()
    assert pq.diagnose(tree) == []


def test_draws_of_no_sampler_are_diagnosed_as_far_as_they_go() -> None:
    tree = xr.DataTree.from_dict({"posterior": made_tree()["posterior"].to_dataset()})
    tree.attrs["settings"] = json.dumps({"draws": DRAWS})
    assert pq.diagnose(tree) == []
