"""Model files written by hand, which between them use every key there is."""

WARFARIN = '''
title = "Warfarin: whole-body PBPK with clotting-factor turnover"

[drug]
name = "warfarin"
fup  = 0.012

[body]
species    = "human"
covariates = { WT = "kg", AGE = "year", SEX = "category" }

[elimination.liver]
CLint = "CLint"                       # a population parameter, below

[qsp.clotting]
equations = """
  inhibition   = Cu_liver / (IC50 + Cu_liver)
  d(PCA)/dt    = kout * PCA0 * (1 - inhibition) - kout * PCA
  PCA(0)       = PCA0
"""

[population]
CLint = { typical = "lognormal(log(20), 0.5)", unit = "L/h", iiv = "lognormal", covariates = { WT = "power(0.75, 70)" } }
IC50  = { typical = "lognormal(log(0.01), 1)", unit = "mg/L", iiv = "lognormal" }
omega = { CLint = "from_qsp", IC50 = "half_normal(0.5)", correlate = ["CLint", "IC50"], lkj = 2 }

[observe.cp]
value = "venous.C / BP"
unit  = "mg/L"
error = "combined"
[observe.pca]
value = "PCA"
error = "additive"
'''  # noqa: E501

EVERYTHING = '''
title = "A model that states everything"
source = "none"
description = """
Two lines,
with "quotes" and \\\\ backslashes."""
time_unit = "day"
amount_unit = "nmol"

[drug]
name = "demo"
fup = 0.1
BP = { value = "1 + Hct", unit = "" }
MW = { value = 150, unit = "kg/mol" }
logP = 2.5
logMA = { value = "logP + 0.2", unit = "" }
pKa_acid = [4.5, 9]
pKa_base = []

[body]
source = "icrp89"
cardiac_output = { value = "15 * WT^0.74", unit = "L/h" }
haematocrit = 0.45
basis = "plasma"
subset = ["liver", "lung"]
[body.covariates]
WT = "kg"
AAG = { unit = "g/L", interpolation = "linear", reference = 0.8 }
CYP = { category = true, levels = { "*1/*1" = 0, "*1/*3" = 1 }, reference = 0 }
SEX = { category = true, levels = { female = 0, male = 1 } }

[body.multipliers]
liver.Q = 0.8
GFR = { value = "0.3", unit = "" }

[parameters]
density = 1.04
Kb = "Kp / BP"

[pools]
arterial = { volume = 1.5 }
[pools.venous]
volume = "0.05 * WT"

[organs.lung]
volume = 0.5
Kpu = 3
position = "series"
[organs.liver]
volume = { value = "1.8e3", unit = "mL" }
tissue = "muscle"
pH = 7.1
flow = 90
flow_kind = "arterial"
Kb = "exp(1)"
model = "permeability"
fraction_vascular = 0.1
fraction_interstitial = 0.2
PS = 5
PS_capillary = "inf_"
fu = 0.2
[organs.gut]
volume = 1
flow = 60
Kp = 2
drains_to = "liver"

[lump]
slow = ["muscle", "skin"]
fast = { organs = ["brain"], Kp = 2, Kb = 3 }

[partition]
method = "schmitt"
scale = "density"

[binding.albumin]
concentration = "AAG"
reference = 0.8
share = 0.7
n = 2
[binding.glycoprotein]
concentration = { value = 20, unit = "uM" }
Kd = { value = 2, unit = "uM" }
MW = 43000
saturable = true

[blood]
red_cells = 2
reference_haematocrit = 0.42

[trajectory.E]
mode = "joint"
unit = "%"
value = "100 * A"
[trajectory.IL6]
mode = "fixed"
interpolation = "locf"
reference = 5

[absorption.oral]
kind = "transit"
into = "gut"
ka = "ka"
duration = 1
n = 5
MTT = 2
volume = 0.25
PS = 1
k_transit = 2
segments = 7
bioavailability = 0.8
lag = 0.1

[elimination.hepatic]
organ = "liver"
CLint = 5
Vmax = 1
Km = 2
GFR = 7
fu = 0.3
driving = "unbound"
[elimination.kidney]

[dose.iv]
to = "venous"
bioavailability = 1
lag = 0
rate = 5
duration = 2
unit = "mg"
cmt = 1

[antibody]
plasma_volume = 2.6
interstitial_volume = 15.6
lymph_volume = 5.2
lymph_flow = 0.12
sigma_tight = 0.9
sigma_leaky = 0.7
sigma_lymph = 0.25
available = 0.7
fraction_tight = 0.6
lymph_fraction_tight = 0.3
CL_plasma = 0.01
CL_tissue = 0.02

[qsp.target]
template = "receptor-turnover"
variant = "qss"
n = 2
organ = "liver"
concentration_unit = "nM"
drug_uptake = "kon * C * R"
rescale_volumes = true
[qsp.target.parameters]
kon = { value = 0.1, unit = "1/nM/h" }
[qsp.target.units]
R = "nM"
[qsp.target.drug]
RC = 1
[qsp.target.volumes]
cells = 0.6
[qsp.target.metabolism]
volume = "cells"
k_met = 1
K = 2
replaces_clint = true
calibrate = true
clearance = 3

[[link]]
target = "fup"
value = "1 / (1 + AAG)"
mode = "multiply"
note = "binding"
[[link]]
target = "BP"
value = { value = "base", unit = "" }

[equations]
text = """
d(A)/dt = -k * A
A(0) = 0"""
units = { A = "mg" }
drug = { A = 1 }
eliminated = "k * A"

[population]
CL = { typical = 5, unit = "L/h", iiv = "boxcox", shape = "mixture(0.8, normal(0, 0.2), normal(0, 1))", iov = "normal", value = 4, lower = 0, upper = 9 }
V = { typical = "gamma(2, 1)", iiv = "normal", covariates = { SEX = "categorical(male = normal(0, 0.5))" } }
[population.F1]
typical = "beta(2, 2)"
iiv = "logitnormal"
[population.F1.covariates]
CYP = { form = "categorical", levels = { "*1/*3" = "normal(0, 1)" } }
WT = "power(normal(0.75, 0.1), 70)"
AAG = { form = "linear", coefficient = -0.1 }
[population.omega]
CL = "half_cauchy(0.5)"
V = 0.3
occasion = { CL = 0.1 }
correlate = [["CL", "V"]]
lkj = 1.5
centred = ["CL"]
non_centred = ["V", "kappa[CL]"]

[joint_prior.CL]
targets = ["V", "omega[CL]"]
scales = ["log", "log"]
mean = [1, -1]
sd = [0.2, 0.3]
correlation = [[1, 0.5], [0.5, 1]]
weight = 0.8
vague_sd = [1, 1]
discount = 0.5
provenance = { method = "qsp", source = "none", seed = 1, outer = 10, ess = { V = 12.5 } }

[study]
ignore = ["C == C"]
columns = { DV = "conc" }
units = { DV = "ng/mL" }
date_format = "%d/%m/%Y"

[observe.cp]
value = { value = "C", unit = "mg/L" }
dvid = "1"
error = { form = "combined", additive = 0.1, proportional = "half_normal(0.3)" }
[observe.pd]
value = 3
unit = "%"
error = { form = "student_t", sigma = "half_normal(1)", df = "gamma(2, 0.1)" }
[observe.power]
value = "R"
error = { form = "power", sigma = 0.1, exponent = 0.5 }
'''  # noqa: E501
