"""What the site needs beyond MkDocs: where its pages are, links, `llms.txt`."""

import posixpath
import re
from pathlib import Path

_DOCS = Path(__file__).parent
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]*)(#[^)]*)?\)")
_INLINE_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<!et al)\. ")
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_SUMMARY = re.compile(r"^(?![#!|<>-])\S.*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)


def on_config(config):
    """Sets the folder of the pages: MkDocs refuses the one that `mkdocs.yml` is in."""
    config.docs_dir = str(_DOCS)
    config.nav = [_expanded(part) for part in config.nav]
    return config


def _expanded(part):
    """Returns a part of the navigation with `folder/*` replaced by its pages."""
    if isinstance(part, str):
        return part
    ((title, inner),) = part.items()
    if isinstance(inner, str):
        return part
    pages = []
    for entry in inner:
        if isinstance(entry, str) and entry.endswith("/*"):
            found = sorted(_DOCS.glob(entry + ".md"))
            pages += [path.relative_to(_DOCS).as_posix() for path in found]
        else:
            pages.append(_expanded(entry))
    return {title: pages}


def on_page_markdown(markdown, page, **_):
    """Returns the page with links to files outside the docs as the files' paths."""
    folder = posixpath.dirname(page.file.src_uri)

    def plain(link):
        there = posixpath.normpath(posixpath.join("docs", folder, link[2]))
        return link[0] if there.startswith("docs/") else f"{link[1]} (`{there}`)"

    return _LINK.sub(plain, markdown)


def on_post_build(config):
    """Writes `llms.txt`: every page with its title and first sentence."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    for part in config.nav:
        ((title, inner),) = part.items()
        lines += ["", f"## {title}", ""]
        lines += [_line(source) for source in _sources(inner)]
    text = "\n".join(lines) + "\n"
    Path(config.site_dir, "llms.txt").write_text(text, encoding="utf-8")


def _sources(inner):
    if isinstance(inner, str):
        return [inner]
    if isinstance(inner, dict):
        return [source for value in inner.values() for source in _sources(value)]
    return [source for entry in inner for source in _sources(entry)]


def _line(source):
    text = (_DOCS / source).read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    found = _SUMMARY.search(_FENCED.sub("", text))
    words = _INLINE_LINK.sub(r"\1", " ".join(found[0].split())) if found else ""
    summary = _SENTENCE_END.split(words, maxsplit=1)[0].rstrip(".:")
    return f"- [{title}]({source.removesuffix('.md')}.html): {summary}"
