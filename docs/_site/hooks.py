"""Hooks of MkDocs: generated pages and sections, links to files of the repository, formulas.

A page states what is inserted by a comment on a line of its own::

    <!-- reference: model -->     reference of a file of the user
    <!-- families -->             families of priors
    <!-- model: two-compartment -->  text of a model of the library
    <!-- include: CHANGELOG.md --> a page of the repository
"""

import ast
import html
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from griffe import Class, DocstringSectionKind, ExprTuple, Extension, Function, Module
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from pkqsp_bayes.assets import library_folder
from pkqsp_bayes.file_reference.text import families_markdown, reference_markdown

ROOT = Path(__file__).parent.parent.parent
STUB = ROOT / "pkqsp_bayes" / "__init__.pyi"
COPIED = (".png", ".svg", ".html", ".csv", ".toml", ".md")

_COMMENT = re.compile(r"^<!-- (reference|families|model|include)(?:: (.+?))? -->$", re.MULTILINE)
_FOR_TESTS = re.compile(r"^[ \t]*<!-- (?:not run|added to): .+ -->\n", re.MULTILINE)
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)"
)
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def api_groups() -> dict[str, list[tuple[str, str]]]:
    """Return the public names with their full paths, by the comment above them in the stub."""
    parts = re.split(r"^# (.+)\n(?=from)", STUB.read_text(), flags=re.MULTILINE)[1:]
    return {
        title: [
            (alias.name, f"pkqsp_bayes.{node.module}.{alias.name}")
            for node in ast.parse(text).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def api_page(title: str) -> str:
    """Return the path of the page of a group of public names."""
    return f"api/{re.sub(r'[^a-z]+', '_', title.lower()).strip('_')}.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the API, and files of the repository that pages link to."""
    for title, names in api_groups().items():
        text = "\n\n".join([f"# {title}", *(f"::: {path}" for _, path in names)])
        files.append(File.generated(config, api_page(title), content=text + "\n"))
    for path in sorted(_linked(ROOT / "docs")):
        source = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, source, abs_src_path=str(path)))
    return files


def _linked(folder: Path) -> Iterator[Path]:
    """Yield the files outside of `docs` that its pages link to, and those that these link to."""
    seen: set[Path] = set()
    pages = list(folder.rglob("*.md"))
    while pages:
        page = pages.pop()
        for _, _, target, _ in _LINK.findall(page.read_text()):
            path = (page.parent / target).resolve()
            if path in seen or not _is_copied(path):
                continue
            seen.add(path)
            pages += [path] if path.suffix == ".md" else []
            yield path


def _is_copied(path: Path) -> bool:
    is_report = path.is_relative_to(ROOT / "reports")
    return is_report and path.suffix in COPIED and path.is_file()


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Insert what the comments of a page state, and correct links to other folders."""
    del config, files
    source = page.file.src_uri
    place = "docs/" + source if not source.startswith("reports/") else source
    text = _outside_code(markdown, lambda part: _correct_links(part, place, source))
    text = _outside_code(_FOR_TESTS.sub("", text), _plain_pipes)
    text = _COMMENT.sub(lambda found: _insert(found[1], found[2], source), text)
    return _link_names(text) if source == "api.md" else text


def _outside_code(markdown: str, change: Any) -> str:
    parts = _FENCED.split(markdown)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def _plain_pipes(text: str) -> str:
    """Return text with plain pipes in code, which GitHub needs to be escaped in tables."""
    return _CODE.sub(lambda found: found[0].replace("\\|", "|"), text)


def _correct_links(text: str, place: str, source: str) -> str:
    """Rewrite the links of a text.

    Parameters
    ----------
    text : str
        Markdown without code blocks.
    place, source : str
        Its path in the repository, and in the documentation.
    """

    def rewrite(found: re.Match[str]) -> str:
        picture, label, target, part = found[1], found[2], found[3], found[4] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
        if path.startswith("docs/"):
            return f"{picture}[{label}]({_relative(path[5:], source)}{part})"
        if _is_copied(ROOT / path):
            return f"{picture}[{label}]({_relative(path, source)}{part})"
        return label

    return _LINK.sub(rewrite, text)


def _relative(path: str, source: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(source) or ".")


def _insert(what: str, name: str | None, source: str) -> str:
    if what == "reference":
        return reference_markdown(str(name))
    if what == "families":
        return families_markdown()
    if what == "model":
        text = (library_folder() / f"{name}.toml").read_text()
        return f"```toml\n{text.strip()}\n```"
    if what == "include":
        text = (ROOT / str(name)).read_text()
        return _outside_code(text, lambda part: _correct_links(part, str(name), source))
    raise ValueError(f"{source}: nothing is known as {what}")


def _link_names(markdown: str) -> str:
    """Link the names of the API page to their documentation."""
    for title, names in api_groups().items():
        for name, path in names:
            target = f"{api_page(title)}#{path}"
            markdown = markdown.replace(f"\n| `{name}` |", f"\n| [`{name}`]({target}) |")
    return markdown


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace formulas by MathML, which needs no script; keep short code on one line."""
    del page, config, files
    content = _FORMULA.sub(_mathml, content)
    content = _WITH_MARKS.sub(r'<span class="unbroken">\g<0></span>', content)
    return "".join(
        part if part.startswith("<pre") else _INLINE_CODE.sub(_unbroken, part)
        for part in _PRE.split(content)
    )


_PRE = re.compile(r"(<pre.*?</pre>)", re.DOTALL)
_INLINE_CODE = re.compile(r"<code>([^<]*)</code>")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
_WITH_MARKS = re.compile(
    r'(?<=[\s>])(?:\(<math|<math)[^>]*display="inline"(?:(?!</math>).)*</math>[.,;:)]*', re.DOTALL
)


def _unbroken(found: re.Match[str]) -> str:
    """Return inline code in which a browser breaks no line at the hyphens of an option."""
    if len(found[1]) <= 16:
        return f'<code class="unbroken">{found[1]}</code>'
    text = _OPTION.sub(r'<span class="unbroken">\g<0></span>', found[1])
    return f"<code>{text}</code>"


_SUBSCRIPT = re.compile(r"<mrow>(?:<mi>[A-Za-z]</mi>|<mo>&#x0002C;</mo>)+</mrow></m(?:sub|under)>")
_LETTERS = re.compile(r"(?:<mi>[A-Za-z]</mi>){2,}")
_FUNCTION = re.compile(r"<mi>(log|exp)</mi>(?!<mo)")


def _mathml(found: re.Match[str]) -> str:
    kind, latex = found[1], html.unescape(found[3])
    shown = convert(latex, display="block" if kind == "div" else "inline")
    shown = shown.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")
    shown = _FUNCTION.sub(r'<mi>\1</mi><mspace width="0.167em" />', shown)
    return _SUBSCRIPT.sub(lambda part: _LETTERS.sub(_upright, part[0]), shown)


def _upright(found: re.Match[str]) -> str:
    """Return letters of a subscript as an upright word; indices remain italic."""
    word = re.sub("<[^>]*>", "", found[0])
    return found[0] if set(word) <= set("dijk") else f"<mi>{word}</mi>"


class ParameterTypes(Extension):
    """Types and defaults of parameters that a docstring describes together.

    griffe gives all of them the default of the first one, and shows several types in parentheses.
    """

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Correct the parameters of all functions and classes."""
        _correct_members(pkg)


def _correct_members(holder: Module | Class) -> None:
    for member in holder.members.values():
        if isinstance(member, Function | Class) and member.docstring:
            for section in member.docstring.parsed:
                if section.kind is DocstringSectionKind.parameters:
                    _correct_parameters(section.value, member)
                elif section.kind in (DocstringSectionKind.returns, DocstringSectionKind.raises):
                    _correct_types(section.value)
        if isinstance(member, Module | Class):
            _correct_members(member)


def _correct_parameters(described: list[Any], owner: Function | Class) -> None:
    signature = owner.parameters
    stated = [one.annotation for one in signature]
    for one in described:
        if one.name in signature:
            one.value = signature[one.name].default
            if any(one.annotation is annotation for annotation in stated):
                one.annotation = signature[one.name].annotation
    _correct_types(described)


def _correct_types(described: list[Any]) -> None:
    for one in described:
        if isinstance(one.annotation, ExprTuple) and len(one.annotation.elements) > 1:
            one.annotation.implicit = True


_SHIM = "https://unpkg.com/iframe-worker/shim"


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Let the search of a page that is opened from a disk use the local copy of its worker."""
    del config
    return output.replace(_SHIM, _relative("assets/iframe-worker/shim.js", page.file.src_uri))


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Do the same for pages without a source, such as that of an error 404."""
    del template_name, config
    return output_content.replace(_SHIM, "/assets/iframe-worker/shim.js")
