"""Slack's messages as utterances: exports, pages, events; one shape for all."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.fields import attrs_of, inner, objects, prose, time_of, word
from affectflow.sources.records import attempt, not_an_object
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.times import parse_time
from affectflow_connectors.slack.markup import words_of
from affectflow_connectors.slack.places import Channel, Workspace, channel_of

SITE = "slack"
_SLACKBOT = "USLACKBOT"
_TS = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)

# A message of a person or an integration has one of these, or no subtype.
_SAID = {
    "assistant_app_thread",
    "bot_message",
    "bot_thread_broadcast",
    "document_mention",
    "ekm_access_denied",
    "file_comment",
    "file_mention",
    "file_share",
    "me_message",
    "reply_broadcast",
    "slackbot_response",
    "thread_broadcast",
}
_BOTS = ("bot_message", "slackbot_response", "bot_thread_broadcast")
_NO_MESSAGE = ("message_replied", "unpinned_item")

Record = Mapping[str, Any]


class Setting(NamedTuple):
    """The context of a message."""

    channel: Channel = Channel()
    workspace: Workspace = Workspace()


def messages(record: Any, setting: Setting) -> Iterator[Row | RefusedError]:
    """Yields the messages of one object of any shape, or why there are none."""
    if not isinstance(record, Mapping):
        yield not_an_object(record)
        return
    setting = setting._replace(
        channel=channel_of(record, setting.channel, setting.workspace)
    )
    if isinstance(record.get("event"), Mapping):
        yield from messages(record["event"], setting)
    elif "messages" in record:
        yield from _page(record, setting)
    elif "ts" not in record and "deleted_ts" not in record:
        yield _no_message(record)
    elif record.get("type") not in (None, "message"):
        event = word(record, "type")
        yield RefusedError(f"{event}: not a message", NOT_AN_UTTERANCE)
    else:
        yield attempt(_any_row, record, setting)
        for reply in objects(record, "slackdump_thread_replies"):
            yield from messages(reply, setting)


def _page(record: Record, setting: Setting) -> Iterator[Row | RefusedError]:
    held = record["messages"]
    if isinstance(held, Mapping):
        held = held.get("matches")
    if not isinstance(held, list):
        yield RefusedError("`messages` is not a list")
        return
    for each in held:
        yield from messages(each, setting)


def _no_message(record: Record) -> RefusedError:
    if record.get("ok") is False:
        return RefusedError(f"an error returned by Slack: {word(record, 'error')}")
    if record.get("ok") is True or "profile" in record or "members" in record:
        return RefusedError("a user, a channel, or another answer", NOT_AN_UTTERANCE)
    names = ", ".join(list(record)[:8]) or "none"
    return RefusedError(f"it has no `ts`; its fields: {names}", "missing_field")


def _any_row(record: Record, setting: Setting) -> Row:
    subtype = word(record, "subtype") or ""
    if subtype in _NO_MESSAGE:
        raise RefusedError(f"{subtype}: not a message", NOT_AN_UTTERANCE)
    if subtype == "message_changed":
        return _changed(record, setting)
    if subtype == "message_deleted":
        return _deleted(record, setting)
    if subtype == "tombstone":
        return _as_deleted(_row(record, setting), {})
    return _row(record, setting)


def _changed(event: Record, setting: Setting) -> Row:
    """Returns the new version of a message; one that was deleted left a tombstone."""
    message, before = inner(event, "message"), inner(event, "previous_message")
    row = _row(message, setting)
    if word(message, "subtype") == "tombstone":
        return _as_deleted(row, before, setting, time_of(event, "ts", "event_ts"))
    if not row["edited_at"] and before and before.get("text") != message.get("text"):
        row["edited_at"] = time_of(event, "ts", "event_ts")
    return row


def _deleted(event: Record, setting: Setting) -> Row:
    before = inner(event, "previous_message")
    stub = {"ts": event.get("deleted_ts"), "thread_ts": event.get("thread_ts")}
    row = _row({**stub, **before, "ts": stub["ts"] or before.get("ts")}, setting)
    return _as_deleted(row, before, setting, time_of(event, "ts", "event_ts"))


def _as_deleted(
    row: Row, before: Record, setting: Setting | None = None, when: Any = None
) -> Row:
    """Returns a row marked as deleted, with its last words, if the event has them."""
    text = words_of(before, str) if before else ""
    speaker = row["speaker_id"]
    if before and setting:
        speaker = _row({**before, "ts": "0"}, setting)["speaker_id"]
    elif speaker == _SLACKBOT:
        speaker, row["is_bot"] = None, None  # the tombstone has no author of its own
    return row | {
        "deleted": True,
        "text": text,
        "speaker_id": speaker,
        "edited_at": when or row["edited_at"],
        "kind": "message",
    }


def _row(record: Record, setting: Setting) -> Row:
    """Returns one message as a row.

    Raises:
      RefusedError: it does not say when it was posted, which is its id.
    """
    ts, channel = timestamp(record.get("ts")), setting.channel
    if not ts:
        raise RefusedError("it has no `ts` that is a number", "missing_field")
    place = f"{SITE}:{channel.key}/" if channel.key else f"{SITE}:"
    thread = timestamp(record.get("thread_ts")) or ts
    subtype = word(record, "subtype") or ""
    comment = inner(record, "comment")
    speaker = word(record, "user") or word(inner(record, "user"), "id")
    speaker = speaker or word(comment, "user") or word(record, "bot_id", "username")
    automaton, role = setting.workspace.users.get(speaker or "", (False, ""))
    automaton = automaton or subtype in _BOTS or bool(record.get("bot_id"))
    whole = record if not comment else {"text": prose(comment, "comment")}
    return {
        "utterance_id": place + ts,
        "conversation_id": place + thread,
        "reply_to": place + thread if thread != ts else None,
        "speaker_id": speaker,
        "speaker_role": role or None,
        "is_bot": automaton or speaker == _SLACKBOT,
        "timestamp": parse_time(ts)[0],
        "edited_at": time_of(inner(record, "edited"), "ts"),
        "source": SITE,
        "container": channel.container,
        "kind": "message" if not subtype or subtype in _SAID else "system",
        "text": words_of(whole, setting.workspace.name_of),
        "visibility": channel.visibility,
        "url": word(record, "permalink"),
        "attrs": _attrs(record, subtype),
    }


def timestamp(value: Any) -> str:
    """Returns the time that is a message's id, as Slack writes it; else nothing.

    >>> timestamp(1427799888.5)
    '1427799888.500000'
    """
    match = _TS.fullmatch(word({"ts": value}, "ts") or "")
    return f"{match[1]}.{(match[2] or ''):0<6}" if match else ""


def _attrs(record: Record, subtype: str) -> dict[str, str] | None:
    files = [*objects(record, "files"), *filter(None, [inner(record, "file")])]
    titles = [word(each, "title", "name") or "" for each in files]
    return attrs_of(
        {
            "subtype": subtype,
            "files": ", ".join(filter(None, titles)),
            "file_types": ", ".join(filter(None, (word(f, "mimetype") for f in files))),
        }
        | _reactions(record)
    )


def _reactions(record: Record) -> dict[str, str]:
    counts: Counter[str] = Counter()
    for each in objects(record, "reactions"):
        name = (word(each, "name") or "").partition("::")[0]
        count = each.get("count")
        if name and isinstance(count, int) and 0 < count < 1 << 31:
            counts[name] += count
    return {f"reaction.{name}": str(count) for name, count in counts.items()}
