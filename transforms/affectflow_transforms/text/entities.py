r"""Escaped text: `&gt;`, `&#39;` and the like, unescaped once.

Many exports store text as HTML would write it. Unescaping it once is right for them and
for Markdown, where `&amp;` reads as `&`. What stays as it is:

- entities in code;
- all of a text that has `&amp;` or `&lt;`, and the same sign bare: an escaped text has
  no bare sign, so this one is about entities ("write &amp; to get &");
- an entity of a quote that is a word of its own, where the sign is bare elsewhere, and
  `&nbsp;` between two words and their blanks;
- names other than HTML 4's letters and punctuation: `p = &sum;` is C.

One level goes: `&amp;gt;` becomes `&gt;`. Two go where every entity of a text was
escaped twice: `Q&amp;amp;A, &amp;#39;yes&amp;#39;`. So do backslashes that dumps of SQL
and JSON leave in contractions: `don\'t`, `don\u2019t`, and breaks and letters that
they escape, see `escapes`.
"""

import html
import re
from html.entities import name2codepoint

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.text import escapes
from affectflow_transforms.text.segments import find_segments

_HINT = (
    rf"[A-Za-z]\\(?:'|u2019)[a-z]|{escapes.HINT}"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,7});"
)
_ALWAYS = ("amp", "lt", "gt", "quot", "apos", "nbsp")
_READ = (
    range(0x180),
    range(0x2000, 0x2123),
    range(0x2190, 0x2200),
    range(0x2660, 0x2667),
)
_NAMES = "|".join(
    name
    for name, code in name2codepoint.items()
    if name not in _ALWAYS and any(code in block for block in _READ)
)
_ENTITY = re.compile(
    rf"&(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|{'|'.join(_ALWAYS)});"
    # `p = &copy;` takes an address.
    rf"|(?<![=(,])(?<![=(,] )&(?:{_NAMES});"
)
# Blanks that only HTML needs.
_BLANKS = {"\xa0": " ", "\u200b": "", "\ufeff": ""}

_AMP = re.compile(r"&(?:amp|#38|#[xX]26);")
_LESS = re.compile(r"&(?:lt|#60|#[xX]3[cC]);")
_URL = re.compile(r"(?:\w+://|www\.)\S+|<[^<>\n]+>")
_BARE_AMP = re.compile(r"&(?!\w{1,8};|#\w{1,7};)")
_BARE_LESS = re.compile(r"<(?=[\s\"'.,;)]|\Z)")
_BETWEEN_WORDS = re.compile(r"[A-Za-z]  [A-Za-z]")
_WORD = re.compile(r"[^\s.,;:!?()\"'\[\]]")


def unescape_column(texts: pa.Array) -> pa.Array:
    """Returns the texts, entities unescaped once; null stays null."""
    chosen = pc.fill_null(pc.match_substring_regex(texts, _HINT), False)
    rows = pc.indices_nonzero(chosen)
    if not len(rows):
        return texts
    written = [unescape(text) for text in texts.take(rows).to_pylist()]
    mask = np.asarray(chosen.to_numpy(zero_copy_only=False))
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(written, pa.string()))


def unescape(text: str) -> str:
    """Returns the text, its entities unescaped once but for those it is about.

    >>> unescape("I can&#39;t &lt;3 it"), unescape("write &amp; to get &")
    ("I can't <3 it", 'write &amp; to get &')
    """
    text = _without_backslashes(text)
    text = escapes.without_escapes(text, lambda text: _prose(text, []))
    return _unescaped(_unescaped(text) if _is_escaped_twice(text) else text)


_TWICE = re.compile(
    r"&amp;(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{2,5}|#[xX][0-9a-fA-F]{2,4});"
)
_ABOUT = re.compile(
    r"(?i)\b(?:html|xml|escap\w+|entit(?:y|ies)|encod\w+|ampersands?)\b"
)
_SAID = re.compile(r"[^\W\d_]{2}")


def _is_escaped_twice(text: str) -> bool:
    """Returns whether every `&` of a text begins an entity that was escaped again."""
    if "&amp;" not in text or _ABOUT.search(text):
        return False
    twice = sum(1 for _ in _TWICE.finditer(text))
    if not twice or twice != text.count("&") or "<" in text:
        return False
    return _SAID.search(_TWICE.sub(" ", text)) is not None


def _unescaped(text: str) -> str:
    entities = list(_ENTITY.finditer(text))
    if not entities:
        return text
    prose = _prose(text, entities)
    if _is_about_entities(prose):
        return text
    pieces, end = [], 0
    for entity in entities:
        if prose[entity.start()] == "&" and not _is_named(prose, entity):
            pieces += [text[end : entity.start()], _sign(entity[0])]
            end = entity.end()
    return "".join([*pieces, text[end:]])


_CONTRACTED = re.compile(r"(?<=[A-Za-z])\\(?:'|u(2019))(?=(?:s|t|m|d|re|ve|ll)\b)")


def _without_backslashes(text: str) -> str:
    """Returns a text whose contractions outside of code have no backslash."""
    if "\\" not in text or not (found := list(_CONTRACTED.finditer(text))):
        return text
    prose, pieces, end = _prose(text, []), [], 0
    for each in found:
        if prose[each.start()] == "\\":
            pieces += [text[end : each.start()], "’" if each[1] else "'"]
            end = each.end()
    return "".join([*pieces, text[end:]])


def _prose(text: str, entities: list[re.Match[str]]) -> str:
    """Returns the text without its code, of the same length.

    The `;` of an entity must not make a line look like one of code.
    """
    letters = list(text)
    for entity in entities:
        letters[entity.start() : entity.end()] = "x" * len(entity[0])
    prose = list(text)
    for found in find_segments("".join(letters)):
        if found.type == "code":
            prose[found.start : found.end] = " " * (found.end - found.start)
    return "".join(prose)


def _is_about_entities(prose: str) -> bool:
    prose = _URL.sub(" ", prose)
    return bool(
        (_AMP.search(prose) and _BARE_AMP.search(prose))
        or (_LESS.search(prose) and _BARE_LESS.search(prose))
    )


def _is_named(prose: str, entity: re.Match[str]) -> bool:
    """Returns whether the entity is a word: `&quot; for "`, "use &nbsp; in HTML"."""
    sign = html.unescape(entity[0])
    start, end = entity.span()
    before, after = prose[max(0, start - 2) : start], prose[end : end + 2]
    if sign == "\xa0":
        return bool(_BETWEEN_WORDS.fullmatch(before + after))
    if sign not in ('"', "'") or sign not in prose:
        return False
    return not _WORD.search(before[-1:] + after[:1])


def _sign(entity: str) -> str:
    sign = html.unescape(entity)
    return _BLANKS.get(sign, sign)
