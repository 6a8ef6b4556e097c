"""ReadReddit: comments and submissions, of dumps and of the API."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.nouns import count
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.bots import is_bot_name
from affectflow.sources.fields import (
    Record,
    attrs_of,
    inner,
    objects,
    prose,
    time_of,
    unread_time,
    word,
)
from affectflow.sources.html import unescaped
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "reddit"
_URL = "https://www.reddit.com"
# Monthly and daily dumps (`RC_2019-04.zst`), and those of one subreddit, have no
# ending of their own: `RC_2019-04`, `r_foo_posts`, `Foo_comments`.
_DUMPS = (
    *(f"-{n:02}" for n in range(1, 32)),
    *("_comments", "_submissions", "_posts"),
)
_KINDS = {"t1": "comment", "t3": "submission", "t4": "message"}
_HOLDS_NONE = {"t2": "an account", "t5": "a subreddit", "t6": "an award"}
_GONE = re.compile(r"\[ ?(deleted|removed|unavailable)( by [^\]\n]{1,40})? ?\]", re.I)
_OFFICES = {"moderator": "moderator", "admin": "admin", "special": "admin"}
# What its editors leave in Markdown, and readers never see.
_UNSEEN = re.compile(r"&#(?:x200[bB]|8203);|\u200b")
_MARKS = (b'"subreddit"', b'"author"', b'"created_utc"')
_SAID = (b'"link_id"', b'"parent_id"', b'"selftext"', b'"is_self"', b'"num_comments"')
_NAMED = re.compile(r"(^|[^a-z])(rc|rs)_20\d\d-\d\d")


@dataclass(kw_only=True)
class ReadReddit(JsonSource):
    """Reads comments and submissions: Pushshift and Arctic Shift dumps, API answers.

    An id is the same in every shape. A conversation is a submission; deleted or removed
    messages are marked and have no text; comments that a page leaves out are counted.
    """

    card: ClassVar[Card] = Card(
        summary="Reddit: dumps of comments and submissions, listings, comment trees",
        terms="Reddit's User Agreement and Data API Terms; authors keep their rights: "
        "quote with the permalink, but nothing that was deleted since",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, *_DUMPS)
    lines: ClassVar[tuple[str, ...]] = (*LINES, *_DUMPS)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        for kind, thing in _things(record):
            yield attempt(_row, kind, thing)

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and (
            isinstance(record.get("data"), dict | list) or bool(_kind_of(record))
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        # A page may begin with a submission above 64 KB; its first line is enough.
        if all(mark in head for mark in _MARKS) and any(m in head for m in _SAID):
            return 0.97
        fits = _NAMED.search(name.lower()) and b'"subreddit"' in head
        return 0.9 if fits else 0.0


# -- what holds messages -------------------------------------------------------------


def _things(record: Record) -> Iterator[tuple[str, Record]]:
    """Yields kind and data of all things in a record, those of a tree in its order."""
    pending: list[Any] = [record]
    while pending:
        thing = pending.pop()
        if not isinstance(thing, dict):
            continue
        kind, data = thing.get("kind"), thing.get("data")
        if kind == "Listing" or (kind is None and isinstance(data, list)):
            children = inner(thing, "data").get("children") or data
            pending += reversed(children if isinstance(children, list) else [])
        elif isinstance(kind, str) and isinstance(data, dict):
            yield kind, data
            pending.append(data.get("replies"))
        elif things := list(objects(inner(thing, "json", "data"), "things")):
            pending += reversed(things)
        else:
            yield _kind_of(thing), thing
            pending.append(thing.get("replies"))


def _kind_of(record: Record) -> str:
    name = word(record, "name") or ""
    if name[:3] in ("t1_", "t3_", "t4_"):
        return name[:2]
    if word(record, "link_id") or ("parent_id" in record and "body" in record):
        return "t1"
    if "title" in record and ("selftext" in record or "subreddit" in record):
        return "t3"
    return ""


def _row(kind: str, thing: Record) -> Row:
    """Returns one thing as a row.

    Raises:
      RefusedError: it holds no message, or does not name itself.
    """
    if kind == "more":
        left_out = count(int(word(thing, "count") or 0), "comment")
        raise RefusedError(f"{left_out} left out of a page", NOT_AN_UTTERANCE)
    if kind in _HOLDS_NONE:
        raise RefusedError(f"{_HOLDS_NONE[kind]}: not a message", NOT_AN_UTTERANCE)
    if kind not in _KINDS:
        names = ", ".join(list(thing)[:8]) or "none"
        raise RefusedError(f"not a comment or submission; its fields: {names}")
    own = _full(word(thing, "id", "name"), kind)
    if own is None:
        raise RefusedError("it has no id", "no_id")
    if kind == "t1":
        return _comment(thing, own)
    return _submission(thing, own) if kind == "t3" else _message(thing, own)


def _full(id_: str | None, kind: str) -> str | None:
    """Returns an id with its kind before it: `t1_c0cmuol`, however it is spelt."""
    if not id_:
        return None
    return id_ if re.match(r"t\d_", id_) else f"{kind}_{id_}"


# -- messages ------------------------------------------------------------------------


def _comment(thing: Record, own: str) -> Row:
    thread = _full(word(thing, "link_id") or _linked(thing), "t3")
    parent = _parent(thing, thread)
    row = _common(thing, own, "t1")
    gone, text = _text(thing, "body")
    if text is None:
        raise RefusedError("a comment without text", "no_text", row)
    short = (thread or "").removeprefix("t3_")
    return row | {
        "conversation_id": f"{SITE}:{thread or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "title": _shown(prose(thing, "link_title")),
        "text": text,
        "deleted": gone or None,
        "url": f"{_URL}/comments/{short}/_/{own[3:]}/" if short else None,
    }


def _linked(thing: Record) -> str | None:
    found = re.search(r"/comments/(\w+)", word(thing, "permalink", "link_url") or "")
    return found[1] if found else None


def _parent(thing: Record, thread: str | None) -> str | None:
    given = thing.get("parent_id")
    if isinstance(given, int) and not isinstance(given, bool):
        given = _base36(given)  # how Pushshift's later answers spell it
        return thread if thread == f"t3_{given}" else f"t1_{given}"
    return _full(word(thing, "parent_id"), "t1") or thread


def _base36(number: int) -> str:
    digits = ""
    while number > 0:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


def _submission(thing: Record, own: str) -> Row:
    row = _common(thing, own, "t3")
    title = _shown(prose(thing, "title"))
    gone, text = _text(thing, "selftext")
    gone = gone or bool(title and _GONE.fullmatch(title.strip()))
    text = "" if gone and not text else text or title
    if text is None:
        raise RefusedError("a submission with neither title nor text", "no_text", row)
    return row | {
        "conversation_id": f"{SITE}:{own}",
        "title": title,
        "text": text,
        "deleted": gone or None,
        "url": f"{_URL}/comments/{own[3:]}/",
    }


def _message(thing: Record, own: str) -> Row:
    first = _full(word(thing, "first_message_name", "first_message"), "t4")
    parent = _full(word(thing, "parent_id"), "t4")
    _, text = _text(thing, "body")
    return _common(thing, own, "t4") | {
        "conversation_id": f"{SITE}:{first or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "title": _shown(prose(thing, "subject")),
        "text": text or "",
        "visibility": "private",
    }


def _common(thing: Record, own: str, kind: str) -> Row:
    author = word(thing, "author")
    author = None if author and _GONE.fullmatch(author) else author
    place = word(thing, "subreddit")
    private = word(thing, "subreddit_type") in ("private", "employees_only")
    return {
        "utterance_id": f"{SITE}:{own}",
        "speaker_id": author,
        "speaker_role": _role(thing, kind),
        "is_bot": _is_bot(author) if author else None,
        "timestamp": time_of(thing, "created_utc"),
        "edited_at": time_of(thing, "edited"),
        "source": SITE,
        # The page of an account is named after it.
        "container": "u_*" if place and place.lower().startswith("u_") else place,
        "kind": _KINDS[kind],
        "visibility": "private" if private else "public",
        "attrs": _attrs(thing),
    }


def _role(thing: Record, kind: str) -> str | None:
    office = _OFFICES.get(word(thing, "distinguished") or "")
    if office:
        return office
    author = word(thing, "author")
    asked = thing.get("is_submitter") is True
    asked = asked or (author is not None and author == word(thing, "link_author"))
    return "submitter" if asked or kind == "t3" else None


def _is_bot(author: str) -> bool:
    automatic = author == "AutoModerator" or author.endswith("-ModTeam")
    return automatic or is_bot_name(author)


_KEPT = (
    *("score", "num_comments", "upvote_ratio", "controversiality", "gilded"),
    *("link_flair_text", "distinguished", "crosspost_parent", "domain"),
)


def _attrs(thing: Record) -> dict[str, str] | None:
    kept = {name: word(thing, name) for name in _KEPT}
    parent = _full(kept.pop("crosspost_parent"), "t3")
    yes = {n: "true" for n in ("over_18", "stickied", "locked") if thing.get(n) is True}
    linked = word(thing, "url") if thing.get("is_self") is False else None
    return attrs_of(
        {name: value for name, value in kept.items() if value not in ("0", None)}
        | yes
        | {
            "score": kept["score"],
            "link": linked,
            "repost_of": f"{SITE}:{parent}" if parent else None,
            "edited": "true" if thing.get("edited") is True else None,
        }
        | unread_time(thing, "created_utc")
    )


def _text(thing: Record, name: str) -> tuple[bool, str | None]:
    """Returns whether a message is gone, and its words if it is not."""
    text = prose(thing, name)
    gone = bool(text and _GONE.fullmatch(text.strip()))
    shown = None if not text else "" if gone else _shown(text)
    taken = word(thing, "removed_by_category") or word(
        inner(thing, "_meta"), "removal_type"
    )
    return gone or bool(taken), shown


def _shown(text: str | None) -> str | None:
    """Returns a text without the escapes that Reddit's API puts into it, once."""
    if text is None:
        return None
    return _UNSEEN.sub("", unescaped(text)).replace("&nbsp;", " ")
