"""Posts and comments of Stack Exchange as utterances: of the dump and of the API."""

import re
from collections.abc import Iterator, Mapping

from affectflow.schemas import NOT_AN_UTTERANCE
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
from affectflow.sources.html import text_of_html, unescaped
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row

SITE = "stack-exchange"
_COMMUNITY = "-1"
"""The account of the site itself, which keeps old questions alive."""
_POSTS = {"1": "question", "2": "answer", "6": "nomination"}
_WIKIS = {
    "3": "an orphaned wiki",
    "4": "an excerpt of a tag wiki",
    "5": "a tag's wiki",
    "7": "a wiki placeholder",
    "8": "a privilege's wiki",
}
# What other tables of the dump have in every row, and no post or comment has.
_OTHERS = {
    "PostHistoryTypeId": "an earlier version of a post",
    "VoteTypeId": "a vote",
    "LinkTypeId": "a link between posts",
    "TagName": "a tag",
    "TagBased": "a badge",
    "Reputation": "an account",
}
_NETWORK = re.compile(
    r"(?:[a-z0-9-]+\.)*(?:stackexchange|stackoverflow|superuser|serverfault|askubuntu"
    r"|stackapps|mathoverflow)\.(?:com|net)"
)
_TAG = re.compile(r"[^<>|\s]+")


def site_of(path: str) -> str | None:
    """Returns the site that a path or an address names; else its last folder's name.

    >>> site_of("dump/stackoverflow.com-Posts.7z")
    'stackoverflow.com'
    >>> site_of("https://meta.superuser.com/q/1")
    'meta.superuser.com'
    """
    parts = [part for part in re.split(r"[/\\]", path.lower()) if part]
    for part in reversed(parts):
        if found := _NETWORK.search(part):
            return found[0].removeprefix("www.")
    return parts[-2] if len(parts) > 1 else None


# -- the dump ------------------------------------------------------------------------


def row_of_dump(given: Mapping[str, str], site: str) -> Row:
    """Returns a post or comment of the dump as a row; `given` are its attributes.

    Raises:
      RefusedError: it is of another table, or has no text or id.
    """
    for name, what in _OTHERS.items():
        if name in given:
            raise RefusedError(f"{what}: not a message", NOT_AN_UTTERANCE)
    if not word(given, "Id"):
        raise RefusedError("it has no Id", "no_id")
    if word(given, "PostId") and "Text" in given:
        return _dumped_comment(given, site)
    type_ = word(given, "PostTypeId") or ""
    if type_ in _WIKIS:
        raise RefusedError(f"{_WIKIS[type_]}: not a message", NOT_AN_UTTERANCE)
    if type_ not in _POSTS:
        names = ", ".join(list(given)[:8])
        raise RefusedError(f"neither a post nor a comment; its attributes: {names}")
    return _dumped_post(given, site, _POSTS[type_])


def _dumped_comment(given: Mapping[str, str], site: str) -> Row:
    row = _common(site, word(given, "UserId"), word(given, "UserDisplayName"))
    return (
        row
        | _comment_place(site, word(given, "Id"), word(given, "PostId"), None)
        | {
            "timestamp": time_of(given, "CreationDate"),
            "text": given["Text"],
            "attrs": attrs_of(
                {
                    "score": word(given, "Score"),
                    "licence": word(given, "ContentLicense"),
                }
                | unread_time(given, "CreationDate")
            ),
        }
    )


def _dumped_post(given: Mapping[str, str], site: str, kind: str) -> Row:
    id_, question = word(given, "Id"), word(given, "ParentId")
    row = _common(site, word(given, "OwnerUserId"), word(given, "OwnerDisplayName"))
    row |= _post_place(site, kind, id_, question)
    title = prose(given, "Title")
    if "Body" not in given:
        raise RefusedError("a post without text", "no_text", row)
    return row | {
        "timestamp": time_of(given, "CreationDate"),
        "edited_at": time_of(given, "LastEditDate"),
        "title": title,
        "text": text_of_html(given["Body"]) or title or "",
        "attrs": attrs_of(
            {
                "score": word(given, "Score"),
                "tags": ",".join(_TAG.findall(given.get("Tags", ""))),
                "licence": word(given, "ContentLicense"),
                "accepted_answer": _id(site, word(given, "AcceptedAnswerId")),
                "closed_at": word(given, "ClosedDate"),
                "outcome": "closed" if word(given, "ClosedDate") else None,
            }
            | unread_time(given, "CreationDate")
        ),
    }


# -- the API -------------------------------------------------------------------------


def rows_of_api(
    record: Record, site: str, *, linked: bool = True
) -> Iterator[Row | RefusedError]:
    """Yields the messages of a page, or of one item, each with those under it.

    Args:
      record: the page or item.
      site: that messages are of.
      linked: the site that the links of an item name counts more.
    """
    if "error_id" in record:
        said = word(record, "error_message")
        yield RefusedError(f"an error returned by the API: {said}")
    elif isinstance(record.get("items"), list):
        for item in objects(record, "items"):
            yield from _rows_of_item(item, site, linked)
    else:
        yield from _rows_of_item(record, site, linked)


def _rows_of_item(
    item: Record, site: str, linked: bool
) -> Iterator[Row | RefusedError]:
    links = [word(item, "link"), word(inner(item, "owner"), "link")]
    found = (_NETWORK.search(link.lower()) for link in links if link and linked)
    named = next((each[0].removeprefix("www.") for each in found if each), site)
    question = word(item, "question_id")
    yield attempt(_api_row, item, named, question)
    for name in ("comments", "answers"):
        for each in objects(item, name):
            around = {"question_id": question} if question else {}
            yield from _rows_of_item(around | dict(each), named, linked)


def _api_row(item: Record, site: str, question: str | None) -> Row:
    owner = inner(item, "owner")
    row = _common(site, word(owner, "user_id"), word(owner, "display_name"))
    if word(owner, "user_type") == "moderator":
        row["speaker_role"] = "moderator"
    answer, comment = word(item, "answer_id"), word(item, "comment_id")
    if comment:
        place = _comment_place(site, comment, word(item, "post_id"), question)
    elif answer or question:
        kind = "answer" if answer else "question"
        place = _post_place(site, kind, answer or question, question)
    else:
        names = ", ".join(list(item)[:8]) or "none"
        raise RefusedError(f"not a question, answer or comment; its fields: {names}")
    title = None if comment or answer else prose(item, "title")
    row |= place | {"title": unescaped(title) if title else None}
    row["text"] = _api_text(item, bool(comment), row["title"])
    if row["text"] is None:
        message = "no text; ask the API again with a filter that includes `body`"
        raise RefusedError(message, "no_text", row)
    return row | {
        "timestamp": time_of(item, "creation_date"),
        "edited_at": time_of(item, "last_edit_date"),
        "attrs": _api_attrs(item, site),
    }


def _api_text(item: Record, is_comment: bool, title: str | None) -> str | None:
    body, markdown = prose(item, "body"), prose(item, "body_markdown")
    plain = unescaped(markdown) if markdown is not None else None
    shown = text_of_html(body) if body is not None else None
    # A comment in the dump is Markdown, a post is HTML.
    found = (plain or shown) if is_comment else (shown or plain)
    known = markdown is not None or body is not None
    return found or title or ("" if known else None)


def _api_attrs(item: Record, site: str) -> dict[str, str] | None:
    tags = item.get("tags")
    closed = time_of(item, "closed_date")
    return attrs_of(
        {
            "score": word(item, "score"),
            "tags": ",".join(map(str, tags)) if isinstance(tags, list) else None,
            "licence": word(item, "content_license"),
            "accepted": "true" if item.get("is_accepted") is True else None,
            "accepted_answer": _id(site, word(item, "accepted_answer_id")),
            "closed_at": closed.isoformat() if closed else None,
            "outcome": "closed" if closed else None,
        }
        | unread_time(item, "creation_date")
    )


# -- both ----------------------------------------------------------------------------


def _id(site: str, number: str | None) -> str | None:
    return f"{SITE}:{site}/{number}" if number else None


def _common(site: str, user: str | None, name: str | None) -> Row:
    # Users who left have a name without a number; numbers are per site.
    account = user or (f"name {name}" if name else None)
    return {
        "speaker_id": f"{site}/{account}" if account else None,
        "is_bot": user == _COMMUNITY if account else None,
        "source": SITE,
        "container": site,
        "visibility": "public",
    }


def _post_place(site: str, kind: str, id_: str | None, question: str | None) -> Row:
    answers = kind == "answer"
    letter = "a" if answers else "q"
    return {
        "utterance_id": _id(site, id_),
        "conversation_id": _id(site, question if answers and question else id_),
        "reply_to": _id(site, question) if answers else None,
        "kind": kind,
        "url": f"https://{site}/{letter}/{id_}" if "." in site else None,
    }


def _comment_place(
    site: str, id_: str | None, post: str | None, question: str | None
) -> Row:
    return {
        "utterance_id": _id(site, f"comment-{id_}"),
        # The dump says only which post; that answers a question, or is one.
        "conversation_id": _id(site, question or post),
        "reply_to": _id(site, post or question),
        "kind": "comment",
        "url": f"https://{site}/posts/comments/{id_}" if "." in site else None,
    }
