"""Changes of Gerrit: the message of the commit, and what reviewers say."""

import re
from collections import Counter
from collections.abc import Iterator

from affectflow.sources.bots import is_bot_name
from affectflow.sources.fields import (
    Record,
    attrs_of,
    inner,
    objects,
    prose,
    time_of,
    word,
)
from affectflow.sources.rows import RefusedError, Row

SITE = "gerrit"
# What Gerrit writes before a reviewer's words: the patch set, votes, a count.
_HEADER = re.compile(
    r"\A(?:(?:Patch Set|Uploaded patch set) \d+[^\n]*"
    r"|\(\d+ (?:inline )?comments?\))\n*"
)
_TRAILER = re.compile(r"(?:\n[A-Z][\w-]+: [^\n]*)+\s*\Z")


def rows_of_change(change: Record, host: str) -> Iterator[Row]:
    """Yields a change and what was said of it.

    Comments have no ids: they are known by their time, and their place among equals.

    Raises:
      RefusedError: the change has no number.
    """
    number = word(change, "number")
    if number is None:
        raise RefusedError("it has no number", "no_id")
    id_ = f"{SITE}:{host}/{number}"
    head = {
        "conversation_id": id_,
        "source": SITE,
        "container": word(change, "project"),
        "visibility": "unknown",
    }
    title = prose(change, "subject")
    whole = prose(change, "commitMessage") or title
    text = _TRAILER.sub("", f"\n{whole or ''}").strip()
    yield head | {
        **_said_by(inner(change, "owner")),
        "utterance_id": id_,
        "timestamp": time_of(change, "createdOn"),
        "kind": "change",
        "title": title,
        "text": text or title or "",
        "url": word(change, "url"),
        "attrs": attrs_of({"state": word(change, "status")}),
    }
    seen: Counter[str] = Counter()
    for comment in objects(change, "comments"):
        yield head | _comment(comment, id_, seen)
    for patch in objects(change, "patchSets"):
        for comment in objects(patch, "comments"):
            yield head | _comment(comment, id_, seen, word(patch, "number") or "")


def _comment(
    comment: Record, thread: str, seen: Counter[str], patch: str | None = None
) -> Row:
    """Returns a comment as a row, of kind `system` if only Gerrit speaks in it."""
    at = word(comment, "timestamp") or f"patch-{patch}"
    seen[at] += 1
    own = f"{thread}#{at}" if seen[at] == 1 else f"{thread}#{at}-{seen[at]}"
    whole = said = prose(comment, "message") or ""
    while patch is None and (found := _HEADER.match(said)):
        said = said[found.end() :]
    header = whole[: len(whole) - len(said)].partition("\n")[0]
    return {
        **_said_by(inner(comment, "reviewer")),
        "utterance_id": own,
        "reply_to": thread,
        "timestamp": time_of(comment, "timestamp"),
        "kind": "comment" if said.strip() else "system",
        "text": said.strip() or whole,
        "attrs": attrs_of({"vote": header, "path": word(comment, "file")}),
    }


def _said_by(person: Record) -> Row:
    account = word(person, "username", "email", "name")
    names = (word(person, "username"), word(person, "name"))
    return {"speaker_id": account, "is_bot": any(map(is_bot_name, names))}
