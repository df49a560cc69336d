"""``python -m pkqsp_bayes.cli``."""

from pkqsp_bayes.cli import app

app(prog_name="pkqsp")
