"""GitHub's objects as utterances: REST, web hooks, events; one shape for all.

Every function yields rows: dictionaries with values of the columns' types. What
carries no message, or too little to name it, is a `RefusedError`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.bots import is_bot_name
from affectflow.sources.coerce import text_of
from affectflow.sources.records import attempt, not_an_object
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.times import parse_time
from affectflow_connectors.github.ids import (
    Place,
    comment,
    native_id,
    place_of_url,
    thread,
)

Record = Mapping[str, Any]

_REASONS = ("completed", "not_planned")
_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


class Setting(NamedTuple):
    """The context of a message: its thread, and who may read it."""

    place: Place = Place()
    title: str | None = None
    visibility: str = "public"
    deleted: bool | None = None


class _Kind(NamedTuple):
    name: str
    family: str
    anchor: str


_KINDS = {
    "comment": _Kind("comment", "issues", "issuecomment-"),
    "review": _Kind("review", "issues", "pullrequestreview-"),
    "review_comment": _Kind("review_comment", "issues", "discussion_r"),
    "discussion_comment": _Kind(
        "discussion_comment", "discussions", "discussioncomment-"
    ),
    "commit_comment": _Kind("commit_comment", "commits", "commitcomment-"),
}
_THREADS = {"issue": "issues", "pull_request": "issues", "discussion": "discussions"}


def kind_of(record: Record) -> str:
    """Returns what an object is: a kind of utterance, `reaction`, or empty."""
    if "title" in record and ("number" in record or "html_url" in record):
        return _thread_kind(record)
    url = record.get("html_url")
    fragment = url.partition("#")[2] if isinstance(url, str) else ""
    for name, kind in _KINDS.items():
        if fragment.startswith(kind.anchor):
            return name
    if "diff_hunk" in record or "pull_request_review_id" in record:
        return "review_comment"
    if "submitted_at" in record or ("pull_request_url" in record and "body" in record):
        return "review"
    if "tag_name" in record:
        return "release"
    if "discussion_id" in record or "discussion_url" in record:
        return "discussion_comment"
    if "issue_url" in record:
        return "comment"
    if "commit_id" in record and "body" in record:
        return "commit_comment"
    return "reaction" if "content" in record and "user" in record else ""


def _thread_kind(record: Record) -> str:
    url = str(record.get("html_url") or record.get("url") or "")
    if "/discussions/" in url or "answer_html_url" in record:
        return "discussion"
    pull = "/pull/" in url or "/pulls/" in url
    if pull or "pull_request" in record or "merged_at" in record or "head" in record:
        return "pull_request"
    return "issue"


def utterance(record: Record, setting: Setting, kind: str = "") -> Row:
    """Returns one message as a row.

    Raises:
      RefusedError: it is of no known kind, has no text, or does not name its place.
    """
    kind = kind or kind_of(record)
    if kind == "reaction":
        raise RefusedError("a reaction without a message", NOT_AN_UTTERANCE)
    if not kind:
        raise RefusedError(_unknown(record))
    if kind in _THREADS:
        return _thread_row(record, setting, kind)
    if kind == "release":
        return _release_row(record, setting)
    return _comment_row(record, setting, kind)


def _unknown(record: Record) -> str:
    if "documentation_url" in record:
        return f"an error returned by GitHub: {text_of(record.get('message'))}"
    names = ", ".join(list(record)[:8]) or "none"
    return f"not an issue, comment, review, discussion or event; its fields: {names}"


def _thread_row(record: Record, setting: Setting, kind: str) -> Row:
    place = thread(record, setting.place, _THREADS[kind])
    title = text_of(record.get("title"))
    row = _row(record, setting, kind, place)
    row |= {
        "utterance_id": f"github:{place.thread_id}",
        "title": title,
        "text": text_of(record.get("body")) or title,
        "attrs": _thread_attrs(record),
    }
    return _with_text(row)


def _comment_row(record: Record, setting: Setting, kind: str) -> Row:
    _, family, anchor = _KINDS[kind]
    place = comment(record, setting.place, family)
    row = _row(record, setting, kind, place)
    prefix = f"github:{place.thread_id}/{anchor}"
    row["utterance_id"] = prefix + native_id(record)
    row["title"] = setting.title
    row["text"] = text_of(record.get("body"))
    row["attrs"] = _comment_attrs(record)
    answered = record.get("in_reply_to_id") or record.get("parent_id")
    if answered:
        row["reply_to"] = f"{prefix}{answered}"
    elif kind != "commit_comment":
        row["reply_to"] = row["conversation_id"]
    if kind == "review" and not row["text"]:
        raise RefusedError("a review without text of its own", NOT_AN_UTTERANCE)
    return _with_text(row)


def _release_row(record: Record, setting: Setting) -> Row:
    urls = (record.get("html_url"), record.get("url"))
    places = [place_of_url(url) for url in urls if isinstance(url, str)]
    known = [place for place in [*places, setting.place] if place.repository]
    if not known:
        raise RefusedError("it has no html_url, url or repository", "missing_field")
    place = Place(known[0].repository)
    row = _row(record, setting, "release", place)
    own_id = f"github:{place.repository}/releases/{native_id(record)}"
    title = text_of(record.get("name")) or text_of(record.get("tag_name"))
    row |= {
        "utterance_id": own_id,
        "conversation_id": own_id,
        "title": title,
        "text": text_of(record.get("body")) or title,
        "attrs": _pairs({"tag": record.get("tag_name")}),
    }
    return _with_text(row)


def _with_text(row: Row) -> Row:
    if not row["text"]:
        raise RefusedError("a message without text", "no_text", row)
    return row


def _row(record: Record, setting: Setting, kind: str, place: Place) -> Row:
    """Returns what messages of all kinds have in common."""
    user = record.get("user") or record.get("author")
    user = user if isinstance(user, Mapping) else {}
    login = text_of(user.get("login"))
    created, _ = _created(record)
    edited, _ = parse_time(text_of(record.get("updated_at")) or "")
    role = record.get("author_association")
    return {
        "conversation_id": f"github:{place.thread_id}",
        "speaker_id": login,
        "speaker_role": role.lower() if isinstance(role, str) else None,
        "is_bot": user.get("type") == "Bot" or is_bot_name(login),
        "timestamp": created,
        "edited_at": edited if edited != created else None,
        "source": "github",
        "container": place.repository,
        "kind": kind,
        "deleted": setting.deleted,
        "visibility": setting.visibility,
        "url": text_of(record.get("html_url")),
    }


def _created(record: Record) -> tuple[Any, dict[str, str]]:
    for name in ("submitted_at", "published_at", "created_at"):
        raw = text_of(record.get(name))
        if raw:
            when, _ = parse_time(raw)
            return when, {} if when else {"timestamp_raw": raw}
    return None, {}


def _thread_attrs(record: Record) -> dict[str, str] | None:
    labels = record.get("labels")
    names = [_label(label) for label in labels] if isinstance(labels, list) else []
    return _pairs(
        _created(record)[1]
        | {
            "state": record.get("state"),
            "closed_at": record.get("closed_at"),
            "outcome": _outcome(record),
            "locked_reason": record.get("active_lock_reason"),
            "labels": ",".join(name for name in names if name) or None,
        }
        | _reactions(record)
    )


def _label(label: Any) -> str | None:
    return text_of(label.get("name") if isinstance(label, Mapping) else label)


def _outcome(record: Record) -> str | None:
    state = record.get("state")
    pull = record.get("pull_request")
    merged = record.get("merged_at") or record.get("merged")
    if merged or (isinstance(pull, Mapping) and pull.get("merged_at")):
        return "merged"
    if state != "closed":
        return "open" if state == "open" else None
    reason = record.get("state_reason")
    return reason if reason in _REASONS else "closed"


def _comment_attrs(record: Record) -> dict[str, str] | None:
    state = {"state": record.get("state"), "path": record.get("path")}
    return _pairs(_created(record)[1] | state | _reactions(record))


def _reactions(record: Record) -> dict[str, Any]:
    counts = record.get("reactions")
    if not isinstance(counts, Mapping):
        return {}
    return {f"reaction.{n}": counts[n] for n in _REACTIONS if counts.get(n)}


def _pairs(values: Mapping[str, Any]) -> dict[str, str] | None:
    texts = {name: text_of(value) for name, value in values.items()}
    return {name: text for name, text in texts.items() if text} or None


# -- what holds messages -------------------------------------------------------------


_NOWHERE = Setting()


def messages(record: Any, setting: Setting = _NOWHERE) -> Iterator[Row | RefusedError]:
    """Yields the messages of one object of any shape, or why there are none."""
    if isinstance(record, list):
        for each in record:
            yield from messages(each, setting)
    elif not isinstance(record, Mapping):
        yield not_an_object(record)
    elif "response" in record and ("path" in record or "status" in record):
        yield from _recorded(record["response"], setting)
    elif "items" in record and "total_count" in record:
        yield from messages(record["items"], setting)
    elif isinstance(record.get("payload"), Mapping):
        yield from event_messages(record)
    elif _is_hook(record):
        yield from hook_messages(record, setting)
    else:
        yield attempt(utterance, record, setting)


def _recorded(response: Any, setting: Setting) -> Iterator[Row | RefusedError]:
    if isinstance(response, list | Mapping):
        yield from messages(response, setting)
    else:
        yield RefusedError("a recorded answer without objects", NOT_AN_UTTERANCE)


_PARTS = ("issue", "pull_request", "discussion", "comment", "review", "release")


def _is_hook(record: Record) -> bool:
    around = "action" in record or "repository" in record or "sender" in record
    return around and "title" not in record and "body" not in record


def hook_messages(record: Record, setting: Setting) -> Iterator[Row | RefusedError]:
    """Yields the messages in a web hook's payload, with their thread."""
    parts = [name for name in _PARTS if isinstance(record.get(name), Mapping)]
    if not parts:
        action = text_of(record.get("action")) or "this"
        yield RefusedError(f"{action}: not a message", NOT_AN_UTTERANCE)
        return
    setting = _around(record, setting)
    head = next((name for name in parts if name in _THREADS), "")
    remarks = [name for name in parts if name not in _THREADS]
    if head:
        kind = _thread_kind(record[head]) if head == "issue" else head
        yield from _thread_of(record[head], setting, kind, alone=not remarks)
        setting = _within(record[head], setting, kind)
    for name in remarks:
        kind = _remark_kind(name, head, record[name])
        yield attempt(utterance, record[name], setting, kind)


def _around(record: Record, setting: Setting) -> Setting:
    repository = record.get("repository")
    if isinstance(repository, Mapping):
        name = text_of(repository.get("full_name")) or ""
        private = repository.get("private") or (
            repository.get("visibility") in ("private", "internal")
        )
        setting = setting._replace(
            place=Place(name), visibility="private" if private else "public"
        )
    return setting._replace(deleted=True if record.get("action") == "deleted" else None)


def _thread_of(
    record: Record, setting: Setting, kind: str, alone: bool
) -> Iterator[Row | RefusedError]:
    """Yields the issue or pull request of an event, if it comes with its words."""
    if "title" in record or "body" in record:
        # If a comment was deleted, its thread was not.
        deleted = setting.deleted if alone else None
        yield attempt(utterance, record, setting._replace(deleted=deleted), kind)
    elif alone:
        message = "an event that names a thread without its text"
        yield RefusedError(message, NOT_AN_UTTERANCE)


def _within(record: Record, setting: Setting, kind: str) -> Setting:
    try:
        place = thread(record, setting.place, _THREADS[kind])
    except RefusedError:
        return setting
    return setting._replace(place=place, title=text_of(record.get("title")))


def _remark_kind(name: str, head: str, record: Record) -> str:
    if name != "comment":
        return name
    if head == "pull_request":
        return "review_comment"
    if head == "discussion":
        return "discussion_comment"
    return "comment" if head == "issue" else kind_of(record) or "commit_comment"


def event_messages(record: Record) -> Iterator[Row | RefusedError]:
    """Yields the messages in an event of the Events API, or of GH Archive."""
    repo = record.get("repo")
    name = text_of(repo.get("name")) if isinstance(repo, Mapping) else ""
    private = record.get("public") is False
    setting = Setting(Place(name or ""), visibility="private" if private else "public")
    payload = record["payload"]
    if any(isinstance(payload.get(part), Mapping) for part in _PARTS):
        yield from hook_messages(payload, setting)
    else:
        kind = text_of(record.get("type")) or "an event"
        yield RefusedError(f"{kind}: not a message", NOT_AN_UTTERANCE)
