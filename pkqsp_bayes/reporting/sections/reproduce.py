"""Versions, and how to make everything again."""

import hashlib
import json

from pkqsp_bayes.reporting.facts import Facts
from pkqsp_bayes.reporting.section import Section, Table
from pkqsp_bayes.spec.prior_table import format_priors
from pkqsp_bayes.study.write import format_study

__all__ = ["reproduce_section"]


def reproduce_section(facts: Facts) -> Section:
    """Return commands, seeds, versions, and the sums that say whether inputs are the same."""
    attributes = facts.fit.attrs
    versions = json.loads(attributes.get("versions", "{}"))
    settings = json.loads(attributes.get("settings", "{}"))
    return Section(
        anchor="reproduce",
        title="How to reproduce",
        content={
            "versions": Table(
                head=["Package", "Version"],
                rows=[[name, version] for name, version in versions.items() if version],
            ),
            "hashes": Table(head=["Input", "SHA-256"], rows=_hashes(facts)),
            "command": _command(facts, settings),
            "seconds": attributes.get("seconds", ""),
            "model": attributes["model"],
            "program": attributes.get("program", ""),
        },
    )


def _command(facts: Facts, settings: dict[str, float]) -> str:
    keys = ("chains", "warmup", "draws", "seed", "adapt_delta", "max_treedepth", "begin")
    stated = [f"--{key.replace('_', '-')} {settings[key]}" for key in keys if key in settings]
    priors = ["--priors priors.toml"] if facts.priors is not None else []
    return " ".join(["pkqsp fit model.toml study.csv -o fit", *priors, *stated])


def _hashes(facts: Facts) -> list[list[str]]:
    texts = {"model.toml": facts.fit.attrs["model"]}
    if facts.study is not None:
        texts["study.csv"] = format_study(facts.study)
    if facts.priors is not None:
        texts["priors.toml"] = format_priors(facts.priors)
    if "program" in facts.fit.attrs:
        texts["program.stan"] = facts.fit.attrs["program"]
    return [[name, hashlib.sha256(text.encode()).hexdigest()] for name, text in texts.items()]
