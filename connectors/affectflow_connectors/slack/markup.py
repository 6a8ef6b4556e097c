"""Slack's markup as the text that people saw; accounts become placeholders."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from affectflow.sources.coerce import text_of
from affectflow.sources.fields import inner, objects, prose

# What people type is escaped, so an unescaped sign is Slack's own.
_MARKUP = re.compile(r"<([@#!]?)([^<>\n|]*)(?:\|([^<>\n]*))?>")
_LINK = re.compile(r"[a-z][a-z0-9+.-]*:\S", re.I)
_ESCAPE = re.compile(r"&(amp|lt|gt|quot|apos|#39|#x27|nbsp);", re.I)
_SIGNS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " "}
# What Slack wrote on behalf of a user who uploaded a file, in older versions.
_UPLOAD = re.compile(
    r"<@[^>]*> (?:uploaded|shared) a file: <[^>]*>(?: and commented: (.*))?$", re.S
)
_MENTION = "[USER]"
_EVERYBODY = ("here", "channel", "everyone", "group")
_MOST_LEVELS = 20

ChannelName = Callable[[str], str]


def plain(text: str, channel_name: ChannelName) -> str:
    """Returns a text without markup: mentions masked, links spelt out, signs back.

    >>> plain("<@U123|ann> see <https://x.example/a|the docs> &lt;3", str)
    '[USER] see [the docs](https://x.example/a) <3'
    """
    if "<" in text:
        text = _MARKUP.sub(lambda match: _said(match, channel_name), text)
    return unescaped(text)


def unescaped(text: str) -> str:
    """Returns a text with the signs that Slack escapes, unescaped once."""
    if "&" not in text:
        return text
    return _ESCAPE.sub(lambda m: _SIGNS.get(m[1].lower(), "'"), text)


def _said(match: re.Match[str], channel_name: ChannelName) -> str:
    sign, target, label = match[1], match[2], match[3] or ""
    if sign == "@":
        return _MENTION
    if sign == "#":
        return f"#{label or channel_name(target) or 'channel'}"
    if sign == "!":
        return _command(target, label)
    if not _LINK.match(target):
        return match[0]
    return _link(target, label)


def _command(target: str, label: str) -> str:
    if target.startswith("subteam^"):
        return _MENTION
    if target in _EVERYBODY:
        return f"@{target}"
    return label or target.partition("^")[0]


def _link(target: str, label: str) -> str:
    scheme, _, rest = target.partition(":")
    if scheme.lower() in ("mailto", "tel"):
        return label or rest
    if not label or label in (target, rest.strip("/"), target.rstrip("/")):
        return target
    return f"[{label}]({target})"


# -- messages whose words are not in `text` -----------------------------------------


def words_of(message: Mapping[str, Any], channel_name: ChannelName) -> str:
    """Returns the words of a message; those of its blocks if it has no `text`.

    A card is the message of an integration that writes nothing else; a message that
    is passed on is a quote. A link preview is left out.
    """
    text = prose(message, "text") or ""
    if upload := _UPLOAD.match(text):
        initial = inner(message, "file", "initial_comment")
        return plain(prose(initial, "comment") or upload[1] or "", channel_name)
    if not text.strip():
        text = "\n".join(_block_texts(message.get("blocks"), _MOST_LEVELS))
    if text.strip():
        return plain(text, channel_name)
    cards = [_card(each, channel_name) for each in objects(message, "attachments")]
    return "\n".join(card for card in cards if card)


def _card(card: Mapping[str, Any], channel_name: ChannelName) -> str:
    if card.get("from_url") and not _is_passed_on(card):
        return ""
    parts = [prose(card, name) or "" for name in ("pretext", "title", "text")]
    whole = "\n".join(part for part in parts if part.strip())
    whole = plain(whole or prose(card, "fallback") or "", channel_name)
    if not _is_passed_on(card):
        return whole
    return "\n".join(f"> {line}" for line in whole.splitlines())


def _is_passed_on(card: Mapping[str, Any]) -> bool:
    return bool(card.get("is_share") or card.get("is_msg_unfurl"))


def _block_texts(blocks: Any, levels: int) -> Iterator[str]:
    """Yields the text of each block; blocks nested too deeply are left out."""
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, Mapping):
            text = "".join(_element_texts(block, levels))
            if text.strip():
                yield text


def _element_texts(element: Mapping[str, Any], levels: int) -> Iterator[str]:
    kind, own = element.get("type"), element.get("text")
    if kind == "user":
        yield f"<@{text_of(element.get('user_id'))}>"
    elif kind == "channel":
        yield f"<#{text_of(element.get('channel_id'))}>"
    elif kind == "emoji":
        yield f":{text_of(element.get('name'))}:"
    elif kind == "link":
        yield f"<{text_of(element.get('url'))}|{text_of(own) or ''}>"
    elif isinstance(own, str):
        yield own
    else:
        yield prose(inner(own), "text") or ""
    if levels:
        for name in ("elements", "fields"):
            for each in objects(element, name):
                yield from _element_texts(each, levels - 1)
