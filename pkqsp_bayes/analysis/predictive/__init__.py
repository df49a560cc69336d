"""Does the model predict: the kernel's predictions of a study against what was observed."""

from pkqsp_bayes.analysis.predictive.loo import loo, loo_subject
from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.analysis.predictive.predict import predict
from pkqsp_bayes.analysis.predictive.pvalues import predictive_pvalues
from pkqsp_bayes.analysis.predictive.vpc import vpc

__all__ = ["loo", "loo_subject", "npde", "predict", "predictive_pvalues", "vpc"]
