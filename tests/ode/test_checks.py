"""Each check refuses a model, and passes one that differs from it in one thing."""

from dataclasses import replace

import pytest

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.checks import CHECKS, check_system
from pkqsp_bayes.ode.checks.balance import prove_balance
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import BODY

TWO = """
title = "two compartments"
[equations]
text = '''
cp = central / V
d(central)/dt = -CL * cp - Q * (cp - peripheral / V2)
d(peripheral)/dt = Q * (cp - peripheral / V2)
'''
units = { central = "mg", peripheral = "mg", cp = "mg/L" }
drug = { central = 1, peripheral = 1 }
eliminated = "CL * cp"
[dose.iv]
to = "central"
[population]
CL = { typical = 3, unit = "L/h" }
V = { typical = 30, unit = "L" }
Q = { typical = 5, unit = "L/h" }
V2 = { typical = 40, unit = "L" }
[observe.cp]
value = "cp"
unit = "mg/L"
"""


def issues(text: str) -> list[Issue]:
    return check_model(parse_model(text, where="model.toml"))


def only(text: str) -> Issue:
    found = issues(text)
    assert len(found) == 1, [str(i) for i in found]
    assert found[0].remedy
    return found[0]


def test_the_models_that_the_others_are_made_from_pass() -> None:
    assert issues(TWO) == []
    assert issues(BODY) == []


# Units


@pytest.mark.parametrize(
    ("good", "bad", "where", "what"),
    [
        ("d(central)/dt = -CL * cp", "d(central)/dt = -V * cp", "equations: d(central)/dt", "V"),
        ("d(central)/dt = -CL * cp", "d(central)/dt = -CL * cp + V", "d(central)/dt", "in V:"),
        ("cp = central / V", "cp = central / CL", "equations: cp", "mg/L is needed"),
        ('value = "cp"', 'value = "central"', "observe.cp.value", "it is in mg, and mg/L"),
        ('unit = "mg/L"\n', 'unit = "ng/mL"\n', "observe.cp.value", "multiply by 1000"),
        ('value = "cp"', 'value = "cp + exp(V) * cp"', "observe.cp.value", "argument of exp"),
        ('value = "cp"', 'value = "cp + 1"', "observe.cp.value", "pure number"),
        ('value = "cp"', 'value = "cp if V > CL else 0"', "observe.cp.value", "CL"),
        ('value = "cp"', 'value = "max(cp, central)"', "observe.cp.value", "central"),
        ('value = "cp"', 'value = "cp * (CL / V)^(t / V)"', "observe.cp.value", "exponent"),
    ],
)
def test_units_that_disagree_are_refused(good: str, bad: str, where: str, what: str) -> None:
    text = TWO.replace(good, bad)
    assert text != TWO
    found = [i for i in issues(text) if "never" not in i.what and "conserved" not in i.what]
    assert found
    assert any(where in i.where and what in i.what for i in found), [str(i) for i in found]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('value = "cp"\nunit = "mg/L"', 'value = "1000 * cp"\nunit = "ng/mL"'),
        ('value = "cp"', 'value = "cp * (1 + t / 24)"'),
        ('value = "cp"', 'value = "cp * exp(-CL / V * t)"'),
        ('value = "cp"', 'value = "max(cp, 0.001)"'),
        ('value = "cp"', 'value = "cp * (V2 / V)^0.75"'),
        ('value = "cp"', 'value = "cp * (1 if t > 5 else 0)"'),
        ('value = "cp"\nunit = "mg/L"', 'value = "log(cp)"\nunit = ""'),
    ],
)
def test_units_that_agree_pass(good: str, bad: str) -> None:
    text = TWO.replace(good, bad)
    assert text != TWO
    assert issues(text) == []


def test_covariate_formulas_with_numbers_of_their_own_are_empirical() -> None:
    text = TWO.replace("[population]", '[covariates]\nWT = "kg"\nAGE = "year"\n[population]')
    good = text.replace("-CL * cp", "-CL * (WT / 70)^0.75 * exp(-(AGE - 40) / 100) * cp")
    assert good != text
    balanced = good.replace(
        'eliminated = "CL * cp"',
        'eliminated = "CL * (WT / 70)^0.75 * exp(-(AGE - 40) / 100) * cp"',
    )
    assert issues(balanced) == []
    bad = text.replace("-CL * cp", "-CL * cp + WT - AGE")
    assert any("kg" in i.what for i in issues(bad))


def test_units_of_a_link_are_those_of_its_target() -> None:
    link = '[[link]]\ntarget = "liver.V"\nvalue = "base * (1 + VALUE)"\n'
    good = BODY + link.replace("VALUE", "t / 100")
    bad = BODY + link.replace("base * (1 + VALUE)", "liver.Q")
    assert [i for i in issues(good) if "link" in i.where] == []
    assert any(i.where == "link[0]" and "L/h" in i.what for i in issues(bad))


def test_an_unknown_unit_of_a_population_parameter_is_refused() -> None:
    spec = parse_model(TWO, where="m")
    volume = replace(spec.population.parameters["V"], unit="litrs")
    population = replace(spec.population, parameters={**spec.population.parameters, "V": volume})
    found = check_model(replace(spec, population=population))
    assert any("litrs" in i.what and "population.V" in i.where for i in found)


def test_a_model_without_any_unit_is_not_asked_for_them() -> None:
    text = """
title = "Robertson"
[equations]
text = '''
d(x)/dt = -k1 * x + k3 * y * z
d(y)/dt = k1 * x - k3 * y * z - k2 * y^2
d(z)/dt = k2 * y^2
x(0) = 1
'''
[population]
k1 = { typical = 0.04 }
k2 = { typical = 3e7 }
k3 = { typical = 1e4 }
[observe.y]
value = "y"
"""
    assert issues(text) == []


# Mass balance


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("d(peripheral)/dt = Q", "d(peripheral)/dt = 2 * Q"),
        ('eliminated = "CL * cp"', 'eliminated = "Q * cp"'),
        ("- peripheral / V2)\nd(", "- peripheral / V)\nd("),
    ],
)
def test_drug_that_appears_or_vanishes_is_refused(good: str, bad: str) -> None:
    found = [i for i in issues(TWO.replace(good, bad)) if i.where == "mass balance"]
    assert len(found) == 1
    assert "not conserved" in found[0].what


def test_equations_that_take_up_drug_and_do_not_hold_it_are_refused() -> None:
    module = """
[qsp.store]
organ = "liver"
equations = "d(S)/dt = k * A"
units = { S = "mg" }
DRUG
drug_uptake = "k * A"
parameters = { k = { value = 0.3, unit = "1/h" } }
[observe.s]
value = "S"
"""
    assert issues(BODY + module.replace("DRUG", "drug = { S = 1 }")) == []
    assert only(BODY + module.replace("DRUG", "")).where == "mass balance"


def test_a_volume_that_changes_under_a_concentration_is_refused() -> None:
    text = """
title = "antibody"
[antibody]
plasma_volume = 2.6
interstitial_volume = 15.6
lymph_volume = 2.6
lymph_flow = 0.12
sigma_tight = 0.883
sigma_leaky = 0.524
[observe.cp]
value = "plasma.C"
"""
    assert issues(text) == []
    link = '[[link]]\ntarget = "plasma.V"\nvalue = "base * (1 + t / 100)"\n'
    assert "changes over time" in only(text + link).what


def test_drug_that_is_not_tracked_is_a_warning() -> None:
    text = TWO.replace('eliminated = "CL * cp"', "")
    assert (only(text).severity, only(text).where) == ("warning", "mass balance")
    text = text.replace("drug = { central = 1, peripheral = 1 }", "")
    assert issues(text) == []
    route = '[absorption.oral]\ninto = "central"\nka = 1\n'
    assert only(text + route).severity == "warning"


def test_the_proof_says_how_it_was_found() -> None:
    linear = compose_model(parse_model(TWO, where="m"))
    assert prove_balance(linear).method == "expansion"
    # Here the fluxes are the same only once their helpers are written out.
    text = TWO.replace('eliminated = "CL * cp"', 'eliminated = "CL * central / V"')
    hidden = compose_model(parse_model(text, where="m"))
    assert prove_balance(hidden).holds
    assert prove_balance(hidden).method == "identity test"
    wrong = compose_model(parse_model(TWO.replace("-CL * cp", "-2 * CL * cp"), where="m"))
    assert prove_balance(wrong).method == "counter-example"


def test_the_identity_test_is_not_fooled_by_functions() -> None:
    text = TWO.replace('eliminated = "CL * cp"', 'eliminated = "CL * cp * (1 + 1e-9 * exp(-V))"')
    assert not prove_balance(compose_model(parse_model(text, where="m"))).holds
    text = TWO.replace(
        'eliminated = "CL * cp"', 'eliminated = "CL * cp * exp(V / V2) / exp(V / V2)"'
    )
    assert prove_balance(compose_model(parse_model(text, where="m"))).holds


# Flows and volumes


def test_flows_that_do_not_add_up_are_refused() -> None:
    bad = BODY.replace('flow = "balance"', "flow = 140")
    assert "290 L/h" in only(bad).what
    assert issues(BODY.replace('flow = "balance"', "flow = 150")) == []


def test_flows_in_covariates_are_compared_as_expressions() -> None:
    text = BODY.replace(
        "cardiac_output = 300",
        'cardiac_output = { value = "4 * WT", unit = "L/h" }\ncovariates = { WT = "kg" }',
    )
    for organ, share in (("10", "0.04"), ("40", "0.16"), ("90", "0.36"), ("60", "0.24")):
        text = text.replace(f"flow = {organ}\n", f'flow = "{share} * CO"\n')
    assert issues(text.replace('"balance"', '"0.4 * CO"')) == []
    assert "add up" in only(text.replace('"balance"', '"0.3 * CO"')).what


@pytest.mark.parametrize(
    ("good", "bad", "what"),
    [
        ("volume = 1.8", "volume = 0", "the volume liver.V is 0"),
        ("volume = 1.8", "volume = -1.8", "the volume liver.V is -1.8"),
        ("flow = 90", "flow = 45", "the flow liver.Qart is -5"),
        ("cardiac_output = 300", "cardiac_output = 100", "the flow rest.Q is -50"),
        ("Kp = 5", "Kp = -5", "the partition liver.Kp"),
        ("fup = 0.2", "fup = 1.2", "fup is 1.2"),
        ("BP = 0.8", "BP = 0", "BP is 0"),
    ],
)
def test_quantities_that_must_be_positive(good: str, bad: str, what: str) -> None:
    assert any(what in i.what for i in issues(BODY.replace(good, bad)))


def test_sub_volumes_and_the_lumen_must_be_positive_too() -> None:
    bad = BODY + SUB.replace("1.7", "0")
    assert any("the volume cells.hepatocytes is 0" in i.what for i in issues(bad))
    lumen = '[absorption.oral]\nkind = "gut-lumen"\ninto = "gut"\nvolume = 0\nPS = 1\n'
    assert any("the volume oral.volume is 0" in i.what for i in issues(BODY + lumen))


def test_a_users_own_quantity_called_v_may_be_negative() -> None:
    text = BODY + '[qsp.cell]\nequations = "V = a - 80; d(x)/dt = V"\nparameters = { a = 1 }\n'
    assert issues(text + '[observe.x]\nvalue = "x"\n') == []


SUB = """
[qsp.cells]
organ = "liver"
volumes = { hepatocytes = 1.7, stellate = 0.3 }
"""


def test_sub_volumes_that_exceed_their_organ_are_refused_unless_rescaled() -> None:
    issue = only(BODY + SUB)
    assert issue.where == "qsp.cells.volumes"
    assert "multiplies them by 0.9" in issue.remedy
    assert issues(BODY + SUB + "rescale_volumes = true\n") == []
    assert issues(BODY + SUB.replace("1.7", "1.4")) == []


def test_sub_volumes_are_compared_at_the_reference_covariates() -> None:
    text = BODY.replace("cardiac_output", 'covariates = { WT = "kg" }\ncardiac_output')
    grows = text.replace("volume = 1.8", 'volume = "0.0257 * WT"')
    assert "1.799 L" in only(grows + SUB).what
    assert issues(grows + SUB.replace("1.7", "1.4")) == []


def test_a_process_counted_twice_is_refused() -> None:
    text = BODY + "[elimination.liver]\nCLint = 30\n" + SUB + "rescale_volumes = true\n"
    text += '[qsp.cells.metabolism]\nvolume = "hepatocytes"\nk_met = 2\n'
    issue = only(text)
    assert issue.where == "qsp.cells.metabolism"
    assert "replaces_clint = true" in issue.remedy
    assert issues(text + "replaces_clint = true\n") == []
    assert issues(text.replace("[elimination.liver]\nCLint = 30\n", "")) == []


def test_two_modules_that_replace_one_clearance_are_refused() -> None:
    module = SUB.replace("1.7", "1.4") + '[qsp.cells.metabolism]\nvolume = "hepatocytes"\n'
    module += "k_met = 2\nreplaces_clint = true\n"
    text = BODY + "[elimination.liver]\nCLint = 30\n" + module
    assert issues(text) == []
    assert "already" in only(text + module.replace("qsp.cells", "qsp.more")).what


# Usage


def test_a_parameter_never_used_is_refused() -> None:
    text = TWO.replace("[observe", 'ke = { typical = 1, unit = "1/h" }\n[observe')
    issue = only(text)
    assert (issue.severity, issue.where) == ("error", "population.ke")
    constant = only(TWO + '[parameters]\nspare = { value = 2, unit = "L" }\n')
    assert constant.severity == "warning"


def test_a_state_never_read_is_noted() -> None:
    text = TWO.replace("cp = central / V", "cp = central / V\nd(AUC)/dt = cp")
    issue = only(text)
    assert (issue.severity, issue.where) == ("warning", "equations: d(AUC)/dt")
    assert issues(text + '[observe.auc]\nvalue = "AUC"\n') == []


def test_initial_values_must_not_depend_on_states() -> None:
    bad = TWO.replace("d(peripheral)", "peripheral(0) = central\nd(peripheral)")
    assert "depends on states" in only(bad).what
    late = TWO.replace('to = "central"', 'to = "central"\nlag = "central / central * t"')
    assert any(i.where == "dose.iv" and "depends on states" in i.what for i in issues(late))


def test_every_problem_is_reported_together() -> None:
    bad = BODY.replace("volume = 1.8", "volume = 0").replace('flow = "balance"', "flow = 140")
    bad += SUB.replace("1.7", "2.7")
    kinds = {i.where for i in issues(bad)}
    assert {"organs", "organs.liver.volume", "qsp.cells.volumes"} <= kinds


def test_check_system_runs_the_whole_list() -> None:
    spec = parse_model(TWO, where="m")
    system = compose_model(spec)
    assert check_system(spec, system) == []
    assert len(CHECKS) == 12


def test_check_model_returns_the_problems_of_composition() -> None:
    found = issues(TWO.replace("CL * cp - Q", "CLL * cp - Q"))
    assert any("did you mean CL?" in i.remedy for i in found)
    with pytest.raises(CheckError):
        compose_model(parse_model(TWO.replace("CL * cp - Q", "CLL * cp - Q"), where="m"))
