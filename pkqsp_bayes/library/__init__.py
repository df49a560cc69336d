"""Ready models: one TOML file each, with its source."""

from pkqsp_bayes.spec.library import load_model, names, path

__all__ = ["load_model", "names", "path"]
