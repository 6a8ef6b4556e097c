"""HTML as the text that its author wrote: quotes, code, lists and links as Markdown.

Parsers of HTML build a tree; those in Python that walk it by recursion end at a few
hundred levels, and those that do not are libraries of C. Messages need neither: one
look at each tag, with a stack, takes any input in a time linear in it.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# How deep quotes and lists are shown; what lies deeper is shown as deep as that.
_MOST_LEVELS = 8
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_NOT_ONE_SPACE = re.compile(r"[\t\r\n\f]|  ")
_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*+)")
_STEP = re.compile(r">|\"[^\"]*+\"|'[^']*+'|[\"']")
_OTHER = re.compile(r"<[!?][a-zA-Z\[-]")
_ATTRIBUTE = re.compile(
    r"(?<![^\s/\"'])([^\s=/\"']++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
_ESCAPE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31}\d{0,2});")
_ADDRESS = re.compile(r"https?://\S", re.I)

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr")
)
_SILENT = frozenset(("iframe", "noscript", "script", "style", "svg", "title"))
_APART = frozenset(
    (
        *("aside", "blockquote", "details", "dl", "figure", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"),
    )
)
_LINES = frozenset(
    (
        *("address", "article", "body", "dd", "div", "dt", "figcaption", "footer"),
        *("header", "html", "li", "main", "nav", "section", "summary", "tr"),
    )
)
_MARKS = {
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "`"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
    "q": '"',
}
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}


def text_of_html(source: str) -> str:
    r"""Returns the text of a piece of HTML, in the style of Markdown.

    Quotes begin with `> `, code stands between backticks, lists and links are written
    as in Markdown; emphasis goes. Never fails, and takes linear time.

    >>> text_of_html("<blockquote><p>it &amp; I</p></blockquote><p>No, <code>a</code>.")
    '> it & I\n\nNo, `a`.'
    """
    writer = _Writer()
    for token in _tokens(source):
        writer.take(token)
    return writer.text()


def unescaped(text: str) -> str:
    """Returns a plain text without the escapes of HTML, which are taken away once.

    Those without a semicolon stay: `&copy=1` is a part of an address.

    >>> unescaped("I can&#39;t &amp;amp; won&#39;t")
    "I can't &amp; won't"
    """
    if "&" not in text:
        return text
    return _ESCAPE.sub(lambda found: html.unescape(found[0]), text)


class _Token(NamedTuple):
    """A tag, by its name, or a piece of text, whose name is empty."""

    name: str
    text: str
    ends: bool = False

    @property
    def attributes(self) -> Mapping[str, str]:
        found = reversed(_ATTRIBUTE.findall(self.text))  # of two, the first counts
        return {n.lower(): _words_of(a or b or c) for n, a, b, c in found}


def _tokens(source: str) -> Iterator[_Token]:
    at, silent, quotes = 0, "", True
    while (start := source.find("<", at)) >= 0:
        if start > at and not silent:
            yield _Token("", source[at:start])
        named = _NAME.match(source, start)
        end = _tag_end(source, named.end(), quotes) if named else -1
        if named and end < 0 and quotes:
            quotes = False  # one is never closed: the rest is looked through only once
            end = _tag_end(source, named.end(), quotes)
        if named is None or end < 0:
            at = _behind_other(source, start)
            if at == start + 1 and not silent:
                yield _Token("", "<")
            continue
        at = end
        token = _Token(named[2].lower(), source[named.end() : end - 1], bool(named[1]))
        if not silent and (token.name not in _SILENT or token.ends):
            yield token
        else:
            ended = token.ends and token.name == silent
            if not silent and not token.text.endswith("/"):
                silent = token.name
            silent = "" if ended else silent
    if at < len(source) and not silent:
        yield _Token("", source[at:])


def _tag_end(source: str, at: int, quotes: bool) -> int:
    """Returns where a tag ends, -1 if it does not; a quoted `>` ends none."""
    if not quotes:
        other = source.find("<", at)
        end = source.find(">", at, other if other >= 0 else len(source))
        return end + 1 if end >= 0 else -1
    for found in _STEP.finditer(source, at):
        if found[0] == ">":
            return found.end()
        if len(found[0]) == 1:
            return -1
    return -1


def _behind_other(source: str, start: int) -> int:
    """Returns where a comment or declaration ends; just behind a `<` that is text."""
    if not _OTHER.match(source, start):
        return start + 1
    mark = "-->" if source.startswith("<!--", start) else ">"
    end = source.find(mark, start + 2)
    return len(source) if end < 0 else end + len(mark)


class _Writer:
    """Writes text under the marks of the quotes and lists that it stands in."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[_Token] = []
        self._count: Counter[str] = Counter()
        self._levels: list[str] = []  # what each quote and list item puts before lines
        self._shared = 0  # levels that were open all the time since the last words
        self._numbers: list[int] = []  # of items, for each list; -1 if not numbered
        self._item = ""  # the mark of a list item that has no words yet
        self._feeds = 0  # line feeds owed
        self._held = 0  # line feeds in code that may be its last
        self._link = -1  # where the words of a link began
        self._begins = False  # code whose first line is yet to come
        self._muted = 0  # how many tags were open where something is left out

    def text(self) -> str:
        while self._open:
            self._close(self._open[-1].name)
        text = "".join(self._parts)
        if " \n" in text:
            text = re.sub(" +\n", "\n", text)
        return text.strip("\n ")

    def take(self, token: _Token) -> None:
        if not token.name:
            self._say(token.text)
        elif not token.ends:
            self._start(token)
        elif self._count[token.name]:
            self._close(token.name)
        elif token.name == "br":
            self._break(1)

    # -- tags --

    def _start(self, token: _Token) -> None:
        name = token.name
        if name in ("li", "p", "dd", "dt", "td", "th", "tr") and self._top() == name:
            self._close(name)
        if not self._item:  # a mark stands in the line of its first words
            self._apart(name)
        if name == "br":
            self._held += bool(self._count["pre"])
            self._feeds = min(self._feeds + 1, 2)
        elif name == "img":
            self._picture(token.attributes)
        elif name in ("td", "th") and self._parts and not self._feeds:
            self._write(" | ")
        if name not in _VOID:
            self._open.append(token)
            self._count[name] += 1
            self._enter(token, name)

    def _enter(self, token: _Token, name: str) -> None:
        if name in ("aside", "blockquote"):
            self._levels.append("> " if self._quotes(token) else "")
        elif name in ("ol", "ul"):
            self._numbers.append(0 if name == "ol" else -1)
        elif name == "li":
            self._item = self._next_mark()
            self._levels.append(" " * len(self._item))
        elif name == "a" and self._link < 0:
            self._link = len(self._parts)
        elif name == "pre" and self._count["pre"] == 1:
            self._write("```")
            self._begins = True
        elif name == "div" and self._count["aside"] and not self._muted:
            # Who is quoted: an account, not words.
            titled = "title" in token.attributes.get("class", "").split()
            self._muted = len(self._open) if titled else 0
        elif not self._count["pre"]:
            self._write(_HEADINGS.get(name) or _MARKS.get(name, ""))

    def _close(self, name: str) -> None:
        while self._open:
            token = self._open.pop()
            self._count[token.name] -= 1
            self._leave(token, token.name)
            if token.name == name:
                return

    def _leave(self, token: _Token, name: str) -> None:
        if len(self._open) < self._muted:
            self._muted = 0
        if name in ("aside", "blockquote", "li"):
            self._levels.pop()
            self._shared = min(self._shared, len(self._levels))
            self._item = ""
        elif name in ("ol", "ul"):
            self._numbers.pop()
        elif name == "a" and not self._count["a"]:
            self._end_link(token.attributes)
        elif name == "pre" and not self._count["pre"]:
            self._held = 0
            self._write("\n" + self._before() + "```")
        elif not self._count["pre"]:
            self._write(_MARKS.get(name, ""))
        self._apart(name)

    def _top(self) -> str:
        return self._open[-1].name if self._open else ""

    def _quotes(self, token: _Token) -> bool:
        classes = token.attributes.get("class", "").split()
        if token.name == "aside":
            return "quote" in classes or "onebox" in classes
        # A spoiler hides the author's own words; an aside marks its quote itself.
        within = len(self._open) > 1 and self._open[-2].name == "aside"
        return "spoiler" not in classes and not (within and self._levels[-1:] == ["> "])

    def _next_mark(self) -> str:
        if not self._numbers or self._numbers[-1] < 0:
            return "- "
        self._numbers[-1] += 1
        return f"{self._numbers[-1]}. "

    def _picture(self, attributes: Mapping[str, str]) -> None:
        words = " ".join(attributes.get("alt", "").split())
        source = attributes.get("src", "")
        if "emoji" in attributes.get("class", "") or not _ADDRESS.match(source):
            self._write(words)
        else:
            self._write(f"![{words}]({source})")

    def _end_link(self, attributes: Mapping[str, str]) -> None:
        start, self._link = self._link, -1
        words = "".join(self._parts[start:])
        said = words.strip()
        address = attributes.get("href", "").strip()
        kind = attributes.get("class", "")
        if not said or "mention" in kind or "hashtag" in kind:
            return
        if "\n" in said or "](" in said or not _ADDRESS.match(address):
            return
        if _bare(address).startswith(_bare(said).rstrip(".\u2026/")):
            self._parts[start:] = [words.replace(said, address, 1)]
        else:
            self._parts[start:] = [words.replace(said, f"[{said}]({address})", 1)]

    # -- words --

    def _say(self, text: str) -> None:
        text = _words_of(text)
        if self._count["pre"]:
            self._say_code(text.replace("\r\n", "\n"))
            return
        if _NOT_ONE_SPACE.search(text):
            text = _BLANKS.sub(" ", text)
        if self._feeds or not self._parts or self._parts[-1].endswith(" "):
            text = text.lstrip(" ")
        self._write(text)

    def _say_code(self, text: str) -> None:
        body = text.strip("\n")
        if not body:
            self._held += len(text)
            return
        first = self._held + len(text) - len(text.lstrip("\n"))
        first, self._begins = 1 if self._begins else first, False
        self._held = len(text) - len(text.rstrip("\n"))
        self._feeds = 0
        self._write(("\n" * first + body).replace("\n", "\n" + self._before()))

    def _apart(self, name: str) -> None:
        if name in _APART:
            nested = name in ("ol", "ul") and bool(self._numbers)
            self._break(1 if nested else 2)
        elif name in _LINES:
            self._break(1)

    def _break(self, feeds: int) -> None:
        if not self._count["pre"]:
            self._feeds = max(self._feeds, feeds)

    def _before(self) -> str:
        return "".join(self._levels[:_MOST_LEVELS])

    def _write(self, text: str) -> None:
        if not text or self._muted:
            return
        if self._feeds or not self._parts:
            if self._parts:
                blank = "".join(self._levels[: min(self._shared, _MOST_LEVELS)])
                self._parts.append(f"\n{blank}" * (self._feeds - 1) + "\n")
            self._parts.append(self._line_start())
        self._feeds, self._shared = 0, len(self._levels)
        self._parts.append(text)

    def _line_start(self) -> str:
        shown = self._levels[:_MOST_LEVELS]
        if self._item and len(shown) == len(self._levels):
            shown[-1] = self._item
        self._item = ""
        return "".join(shown)


def _words_of(text: str) -> str:
    try:
        return html.unescape(text) if "&" in text else text
    except ValueError:  # a number of thousands of digits
        return text


def _bare(address: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", address.lower())
