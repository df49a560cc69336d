"""Small models as text, for the tests of components."""

from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.reading.toml import parse_model

__all__ = ["BODY", "compose"]

BODY = """
title = "a body"
[drug]
name = "x"
fup = 0.2
BP = 0.8
MW = 500
[body]
cardiac_output = 300
[pools.arterial]
volume = 2
[pools.venous]
volume = 4
[organs.lung]
volume = 0.5
position = "series"
Kp = 1.6
[organs.spleen]
volume = 0.2
flow = 10
Kp = 2.4
drains_to = "liver"
[organs.gut]
volume = 1
flow = 40
Kp = 4
drains_to = "liver"
[organs.liver]
volume = 1.8
flow = 90
Kp = 5
[organs.kidney]
volume = 0.3
flow = 60
Kp = 3
[organs.rest]
volume = 50
flow = "balance"
Kp = 0.9
[dose.iv]
to = "venous"
[observe.cp]
value = "venous.Cp"
"""


def compose(text: str) -> OdeSystem:
    """Compose a model given as text."""
    return compose_model(parse_model(text, where="model.toml"))
