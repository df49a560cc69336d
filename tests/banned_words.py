"""Words and phrases that do not occur in texts and names of the package, with their replacements.

The left column of GLOSSARY.md has the field terms; this list has the paraphrases that they replace,
and idioms that a reader whose first language is not English has to read twice.
"""

import re

WORDS: dict[str, str] = {
    # The package is a package, with modules and layers.
    r"houses?": "package",
    r"rooms?": "module, layer, package; on a disk: space",
    r"floors?(?!\()": "layer; lower bound",
    r"(the|a|one|same|this) doors?": "function, module",
    r"rungs?": "level",
    r"ladders?": "levels",
    r"workshop": "scratch folder",
    # Terms of the field.
    r"people|persons?": "subjects, individuals; between-subject variability; users, readers",
    r"noise": "residual error; Monte Carlo error",
    r"laws?(?! of)": "distribution",
    r"learn(t|s|ed|ing)?": "prior-to-posterior contraction, estimate, adapt",
    r"ignorance": "parameter uncertainty",
    r"traded against": "correlated with",
    r"not? told well": "not identifiable, imprecisely estimated",
    r"lean(s|ed|ing)? on": "is dominated by, depends on",
    r"beginnings?": "initial values, start",
    r"blames?|blamed|culprits?": "initial value diagnostics, problematic term",
    r"twins?": "most correlated quantity",
    r"nobody knows": "parameter uncertainty",
    # Verbs that state what is meant.
    r"tells?|told|telling": "state, report, show, distinguish, notify",
    r"says?|said|saying": "state, report, give, specify",
    r"asks": "requires, checks, calls",
    r"wants?|wanted": "require, need, expected",
    r"lies?|lay": "is, be",
    r"shall": "must, will",
    r"comes? to": "equals, results in",
    r"work(s|ed|ing)? out": "compute",
    r"put to work": "use",
    r"(goes|go|went) with|(goes|go) together": "belongs to, is consistent with",
    r"(laid|lay|lays) out": "assemble, arrange",
    r"tak(e|es|en|ing) away": "remove",
    r"tak(e|es|en|ing) apart": "split, parse",
    r"sweeps?|swept": "remove",
    r"pass(ed|es)? over": "ignore, skip",
    r"mend(s|ed|ing)?": "repair",
    r"spoken of": "mentioned",
    r"be had": "be obtained",
    r"at home": "defined",
    r"wakes? up": "start",
    # Idioms.
    r"nobody|anybody|everybody|whoever|whom": "no one by name: state the case in a plain sentence",
    r"whatever": "regardless of, any",
    r"honest": "valid",
    r"(its|the) likes?": "similar ones",
    r"of any name": "with special characters in the name",
    r"anew": "again",
    r"apart(?! from)": "except, separately, distinguish",
    r"for want of": "because there is no",
    r"come what may": "in every case",
    r"hand in hand": "together",
    r"in ([\w']+ ){0,2}words": "as text, in a sentence",
    r"(without a|a) word": "message",
    r"no matter": "not a problem",
    r"as it is in life": "in vivo",
    r"one an? [a-z]+": "one per ...",
    r"accounts?(?! for)": "record, log, metadata",
    r"at fault|in force|for good|twice over": "affected; effective; irreversibly; two times",
    r"beside": "next to, with",
    r"born": "created",
    r"business": "task",
    r"(come|comes|came) (of|to nothing)": "result from; fail",
    r"cut short": "truncated",
    r"(goes|go|went|going) by": "is determined by, has dimensions",
    r"hand(s|ed)? (back|over)": "return, pass",
    r"hang(s|ing)? on": "is attached to",
    r"(hold|holds|held)( [\w']+){0,3} against": "compare with",
    r"mere|merely": "only",
    r"moves": "changes, affects",
    r"oddit(y|ies)": "warning",
    r"reckon(s|ed|ing)?": "compute",
    r"shape of one": "valid structure",
    r"so many": "a number of",
    r"speak(s|ing)? (for|against|of)|spoke of": "is evidence for, describe, concern",
    r"stand(s|ing)?|stood": "is, represent",
    r"(take|takes|taken|took|taking) over": "reuse",
    r"things?": "the name of the object",
    r"turn(s|ed)? up": "occur",
    r"whole or not at all": "atomically",
    r"as \w+ (has|have) it": "as in ...",
    r"(?<!there )(is|are|was|were) no(?! (longer|more))(?= \w)": "is not a",
    r"(?<!there )(is|are) (?-i:none)(?! or\b)": "is not one",
}
"""Regular expressions of whole words, in any case, to what is written instead."""

EXCEPTIONS = (
    r"power laws?",
    r"reads as",
    r"reference persons?",  # the term of ICRP 89
    r"one at a time",
    r"stands? for",
    r"into account",
    r"J Mach Learn Res",
)
"""Phrases in which a banned word has a plain meaning."""

TITLES = r"(What|How|Where|Who|Which|Whatever|Whoever|When)\b"
"""Ways in which no docstring begins: a title is a noun phrase, a function's summary a verb."""

NAMES: dict[str, str] = {
    "blame": "init_diagnostics",
    "culprit": "init_diagnostics",
    "told": "explain, describe, report",
    "said": "statement, message",
    "words": "description",
    "learnt": "prior_posterior",
    "law": "dist",
    "rung": "level",
    "ladder": "levels",
    "twin": "most_correlated",
    "twins": "most_correlated",
    "culprits": "init_diagnostics",
    "door": "the name of the thing",
    "room": "space",
    "house": "package",
    "people": "subjects",
    "persons": "subjects",
    "noise": "residual_error",
    "account": "metadata",
    "facts": "report_context",
    "oddities": "warnings",
    "workshop": "scratch_dir",
    "whoever": "subjects",
}
"""Parts of names of functions, classes and arguments, with better ones."""


def without_code(text: str) -> str:
    """Return text without code in backticks, doctests, and names of parameters in docstrings."""
    text = re.sub(r"``[^`]*``|`[^`]*`", " x ", text)
    text = re.sub(r"^\s*(>>>|\.\.\.) .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"^\s*\**\w+(, \**\w+)* : .*$", "", text, flags=re.MULTILINE)


_PATTERN = re.compile(
    "|".join(rf"(?P<w{i}>(?<![\w-])(?:{word})(?![\w-]))" for i, word in enumerate(WORDS)),
    re.IGNORECASE,
)
_ALLOWED = re.compile("|".join(EXCEPTIONS), re.IGNORECASE)


def find_banned(text: str) -> list[str]:
    """Return each banned phrase of a text with what to write instead.

    >>> find_banned("the door of the room")
    ["'the door': function, module", "'room': module, layer, package; on a disk: space"]
    """
    plain = _ALLOWED.sub(" ", without_code(text))
    replacements = list(WORDS.values())
    return [
        f"{found[0]!r}: {replacements[int(str(found.lastgroup)[1:])]}"
        for found in _PATTERN.finditer(re.sub(r"\s+", " ", plain))
    ]
