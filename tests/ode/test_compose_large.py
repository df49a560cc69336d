"""A model of 60 states composes, is checked, lowers and prints in seconds."""

import time
from itertools import pairwise

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.spec.reading.toml import parse_model


def large_model() -> str:
    """Eighteen permeability-limited organs, the lungs, two pools, binding, a chain: 60 states."""
    text = """
title = "sixty states"
[drug]
name = "x"
fup = 0.1
BP = 0.9
MW = 450
[body]
cardiac_output = { value = "187 * WT^0.81 * 60 / 1000", unit = "L/h" }
covariates = { WT = "kg" }
[pools.arterial]
volume = "0.027 * WT"
[pools.venous]
volume = "0.054 * WT"
[organs.lungs]
volume = "0.0072 * WT"
position = "series"
Kp = 2
"""
    for i in range(17):
        text += f"""
[organs.organ{i}]
model = "permeability"
volume = "{0.01 + 0.001 * i} * WT"
flow = "{0.03 + 0.001 * i} * CO"
Kp = "Kp{i % 8}"
fraction_vascular = 0.05
fraction_interstitial = 0.2
PS_capillary = "PScap"
PS = {{ value = {1 + i}, unit = "L/h" }}
"""
    text += """
[organs.rest]
volume = "0.3 * WT"
flow = "balance"
Kp = 1
[elimination.organ0]
Vmax = "Vmax"
Km = "Km"
[dose.iv]
to = "venous"
[qsp.target]
template = "receptor-turnover"
organ = "organ1"
concentration_unit = "nM"
parameters = { ksyn = "ksyn", kdeg = "kdeg", kon = "kon", koff = "koff", kint = "kint" }
[qsp.signal]
template = "transduction-chain"
variant = "emax"
n = 3
parameters = { C = "target.RC", Emax = 2, EC50 = { value = 1, unit = "nM" }, tau = 4 }
concentration_unit = "nM"
[observe.cp]
value = "venous.Cp"
unit = "mg/L"
[observe.effect]
value = "E3"
[population]
PScap = { typical = 40, unit = "L/h" }
Vmax = { typical = 30, unit = "mg/h" }
Km = { typical = 2, unit = "mg/L" }
ksyn = { typical = 2, unit = "nM/h" }
kdeg = { typical = 0.1, unit = "1/h" }
kon = { typical = 0.3, unit = "1/nM/h" }
koff = { typical = 0.05, unit = "1/h" }
kint = { typical = 0.4, unit = "1/h" }
"""
    return text + "".join(f"Kp{i} = {{ typical = {1 + i} }}\n" for i in range(8))


def test_sixty_states_within_seconds() -> None:
    spec = parse_model(large_model(), where="model.toml")
    times = [time.perf_counter()]
    system = compose_model(spec)
    times.append(time.perf_counter())
    issues = check_system(spec, system)
    times.append(time.perf_counter())
    lowered = lower_system(system)
    times.append(time.perf_counter())
    printed = emit_cpp(lowered) + emit_stan(lowered, prefix="large")
    times.append(time.perf_counter())
    steps = dict(zip(("compose", "check", "lower", "print"), _differences(times), strict=True))
    print(len(system.states), {name: f"{seconds:.2f} s" for name, seconds in steps.items()})
    assert issues == []
    assert len(system.states) == 60
    assert len(printed) > 10_000
    assert steps["compose"] + steps["lower"] + steps["print"] < 10


def _differences(times: list[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]
