"""Stories of Lobsters, as `https://lobste.rs/s/ID.json` gives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from affectflow import Card
from affectflow.sources.fields import Record, objects, prose, time_of, word
from affectflow.sources.html import text_of_html
from affectflow.sources.json_source import JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row


@dataclass(kw_only=True)
class ReadLobsters(JsonSource):
    """Reads stories and their comments; a story is one conversation."""

    card: ClassVar[Card] = Card(
        summary="Lobsters: stories and their comments",
        terms="stories and comments belong to their authors; link to what you quote",
    )
    site: ClassVar[str] = "lobsters"

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        if not word(record, "short_id"):
            raise RefusedError("not a story: it has no `short_id`")
        story = f"{self.site}:{word(record, 'short_id')}"
        title = prose(record, "title")
        said = prose(record, "description_plain", "description")
        yield _message(record, story, "submitter_user") | {
            "utterance_id": story,
            "kind": "story",
            "title": title,
            "text": said or title or "",
        }
        for each in objects(record, "comments"):
            yield attempt(_comment, each, story)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        marks = (b'"short_id"', b'"submitter_user"', b'"comments_url"')
        return 0.9 if all(mark in head for mark in marks) else 0.0


def _comment(record: Record, story: str) -> Row:
    if not word(record, "short_id"):
        raise RefusedError("a comment without a `short_id`", "no_id")
    parent, html = word(record, "parent_comment"), prose(record, "comment") or ""
    return _message(record, story, "commenting_user") | {
        "utterance_id": f"lobsters:{word(record, 'short_id')}",
        "reply_to": f"lobsters:{parent}" if parent else story,
        "kind": "comment",
        "text": prose(record, "comment_plain") or text_of_html(html),
        "deleted": record.get("is_deleted") is True,
    }


def _message(record: Record, story: str, author: str) -> Row:
    """Returns what stories and comments have in common."""
    # In older pages an author is an object.
    account = word(record, author) or word(record.get(author), "username")
    return {
        "conversation_id": story,
        "speaker_id": account,
        "timestamp": time_of(record, "created_at"),
        "source": "lobsters",
        "visibility": "public",
        "url": word(record, "short_id_url"),
    }
