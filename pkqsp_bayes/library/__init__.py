"""Models of the library, one TOML file each, with their sources."""

from pkqsp_bayes.spec.library import load_model, names, path

__all__ = ["load_model", "names", "path"]
