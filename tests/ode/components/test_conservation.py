"""Every component conserves drug: proved on its equations, and in simulation to 1e-10."""

import numpy as np
import pytest

from pkqsp_bayes.ode.checks.balance import prove_balance
from tests.ode.components.models import BODY, compose
from tests.ode.components.test_kinetics import ANTIBODY
from tests.ode.components.test_qsp import BINDING, METABOLISM, SUBVOLUMES
from tests.ode.numeric import Numeric

PERMEABLE = 'model = "permeability"\nfraction_vascular = 0.1\nfraction_interstitial = 0.2\nPS = 3\n'

PARTS = {
    "body alone": "",
    "linear clearance": "[elimination.liver]\nCLint = 30\n",
    "unbound clearance": '[elimination.liver]\nCLint = 30\ndriving = "unbound"\n',
    "emergent clearance": '[elimination.liver]\nCLint = 30\ndriving = "emergent"\n',
    "Michaelis-Menten": "[elimination.liver]\nVmax = 6\nKm = 0.2\n",
    "filtration": '[elimination.renal]\norgan = "kidney"\nGFR = 7\n',
    "clearance from a pool": "[elimination.venous]\nCLint = 3\n",
    "first-order route": '[absorption.oral]\ninto = "gut"\nka = 1\n',
    "zero-order route": '[absorption.oral]\ninto = "gut"\nkind = "zero-order"\nduration = 2\n',
    "transit route": '[absorption.oral]\ninto = "gut"\nkind = "transit"\nn = 3\nMTT = 1\nka = 2\n',
    "gut lumen": '[absorption.oral]\ninto = "gut"\nkind = "gut-lumen"\n'
    "volume = 0.3\nPS = 0.5\nk_transit = 0.7\nsegments = 3\n",
    "lumps": '[lump]\nslow = ["kidney", "rest"]\nfast = ["spleen", "gut", "liver"]\n',
    "metabolism": "[elimination.liver]\nCLint = 30\n" + SUBVOLUMES + METABOLISM,
    "full binding": BINDING.replace("VARIANT", "full"),
    "quasi-equilibrium": BINDING.replace("VARIANT", "qe"),
    "quasi-steady state": BINDING.replace("VARIANT", "qss"),
    "Michaelis-Menten binding": BINDING.replace("VARIANT", "mm"),
    "a link": "[elimination.liver]\nCLint = 30\n"
    '[[link]]\ntarget = "fup"\nvalue = "base / (1 + t)"\n',
}
MODELS = {name: BODY + part for name, part in PARTS.items()}
MODELS["permeability"] = BODY.replace("[organs.kidney]\n", "[organs.kidney]\n" + PERMEABLE)
MODELS["capillary"] = MODELS["permeability"].replace("PS = 3", "PS = 3\nPS_capillary = 9")
MODELS["plasma basis"] = BODY.replace("[body]", '[body]\nbasis = "plasma"')
MODELS["subset"] = BODY.replace("[body]", '[body]\nsubset = ["lung", "liver", "rest"]')
MODELS["antibody"] = ANTIBODY.replace("[dose.iv]", "CL_plasma = 0.03\nCL_tissue = 0.01\n[dose.iv]")
MODELS["antibody with target"] = ANTIBODY + BINDING.replace("VARIANT", "full").replace(
    'organ = "liver"', 'organ = "plasma"'
).replace("[qsp", '[drug]\nname = "y"\nMW = 150000\n[qsp')


@pytest.mark.parametrize("name", MODELS)
def test_drug_is_conserved(name: str) -> None:
    system = compose(MODELS[name])
    assert prove_balance(system).holds
    model = Numeric(system)
    times = np.linspace(0, 10, 9)
    for target in range(len(system.doses)):
        states, lost = model.simulate(model.dosed(2.0, target), times)
        total = [model.drug(t, y) for t, y in zip(times, states, strict=True)] + lost
        np.testing.assert_allclose(total, 2.0, rtol=1e-10)
