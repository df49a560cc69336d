"""PBPK, QSP and population models compiled to fast Stan programs.

The public names are listed by task in ``__init__.pyi``; each is imported when it is first used.

>>> import pkqsp_bayes as pq
>>> pq.load_model("one-compartment").title
'One compartment, oral and intravenous'
"""

import lazy_loader

from pkqsp_bayes.notebook import import_progress_bars

import_progress_bars()
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
