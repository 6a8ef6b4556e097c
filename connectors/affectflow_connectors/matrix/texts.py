"""What an event says, as the text that people saw; accounts become placeholders."""

import re
from html import unescape

from affectflow.sources.fields import Record, inner, prose, word
from affectflow.sources.html import text_of_html

_PILL = re.compile(
    r"<a\b[^<>]*?\bhref=[\"'](?:https?://matrix\.to/#/(?:@|%40)|matrix:u/)"
    r"[^\"'<>]*[\"'][^<>]*>(.{0,300}?)</a>",
    re.S | re.I,
)
# By the specification, an event has at most 64 KB.
_MOST_HTML = 64 << 10
_TAG = re.compile(r"<[^>]*>")
# How clients repeat what is answered, for those that show no replies.
_REPLY = re.compile(r"\A(?:>[^\n]*(?:\n|\Z))+\n?")
_WHOSE = re.compile(r"^> (?:\* )?<@[^>\s]+> ?", re.M)
_REPLY_HTML = re.compile(r"\A\s*<mx-reply>.*?</mx-reply>", re.S | re.I)
_FORMED = re.compile(r"<(?:blockquote|pre|code)\b", re.I)
_FORM = re.compile(r"^>|`|^ {4}\S", re.M)
_FILES = ("m.image", "m.file", "m.audio", "m.video", "m.sticker")
_POLLS = ("m.poll", "m.poll.start", "org.matrix.msc3381.poll.start")
_TEXTS = ("m.text", "org.matrix.msc1767.text", "body")


def text_of_message(content: Record, answers: bool) -> str:
    """Returns the words of a message.

    Args:
      content: of the event, or of its newest version.
      answers: whether it is a reply, whose body may begin with what it answers.
    """
    if word(content, "msgtype") in _FILES:
        return _caption(content)
    text, html = prose(content, "body") or _question(content), _html(content)
    if answers and (found := _REPLY.match(text)):
        quote = _WHOSE.sub("> ", found[0])
        text = quote + text[found.end() :] if quote.strip() else text
    elif html and (
        not text.strip() or (_FORMED.search(html) and not _FORM.search(text))
    ):
        text = text_of_html(_REPLY_HTML.sub("", html))
    return _without_names(text, html)


def file_of(content: Record) -> str | None:
    """Returns the name of the file that a message is about."""
    if word(content, "msgtype") not in _FILES:
        return None
    return word(content, "filename") or word(content, "body")


def _caption(content: Record) -> str:
    body, name = prose(content, "body") or "", word(content, "filename")
    return _without_names(body, _html(content)) if name and body != name else ""


def _html(content: Record) -> str:
    is_html = word(content, "format") == "org.matrix.custom.html"
    html = prose(content, "formatted_body") or "" if is_html else ""
    return html[:_MOST_HTML]


def _question(content: Record) -> str:
    for name in _POLLS:
        question = inner(content, name, "question")
        for text in _TEXTS:
            if found := prose(question, text):
                return found
    return ""


def _without_names(text: str, html: str) -> str:
    """Returns a text without the names under which it mentions accounts."""
    shown = (unescape(_TAG.sub("", name)) for name in _PILL.findall(html))
    names = {name.strip().lstrip("@") for name in shown} - {""}
    if not names:
        return text
    longest = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)@?(?:{longest})(?!\w)", "[USER]", text)


def text_of_state(kind: str, content: Record, before: Record) -> str:
    """Returns the words for a change of a room's state, without accounts."""
    if kind == "m.room.member":
        change, reason = word(content, "membership") or "", word(content, "reason")
        if change == word(before, "membership"):
            change = "profile"
        return f"{change}: {reason}" if reason else change
    for name in ("topic", "name"):
        if kind == f"m.room.{name}":
            return prose(content, name) or ""
    return kind.removeprefix("m.room.").replace("_", " ").replace(".", " ")
