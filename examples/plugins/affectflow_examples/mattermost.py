"""Bulk exports of Mattermost: JSON Lines, a post and its replies in each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from affectflow import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.json_source import JsonSource
from affectflow.sources.rows import RefusedError, Row


@dataclass(kw_only=True)
class ReadMattermost(JsonSource):
    """Reads the posts of a bulk export, each with its replies as one conversation.

    An export gives no ids: a message is known by its channel and its millisecond.
    """

    card: ClassVar[Card] = Card(summary="Mattermost: posts of a bulk export")
    site: ClassVar[str] = "mattermost"

    def rows(self, record: Any, where: str) -> Iterator[Row]:
        if record.get("type") != "post":
            raise RefusedError("no post in this line", NOT_AN_UTTERANCE)
        try:
            yield from self._thread(record["post"])
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(f"a post of another shape: {error!r}") from error

    def _thread(self, post: dict[str, Any]) -> Iterator[Row]:
        container = f"{post['team']}/{post['channel']}"
        first = self._message(post, container)
        yield first
        id_ = first["utterance_id"]
        for reply in post.get("replies") or ():
            thread = {"conversation_id": id_, "reply_to": id_}
            yield self._message(reply, container) | thread

    def _message(self, post: dict[str, Any], container: str) -> Row:
        at = post["create_at"]
        id_ = f"{self.source_name}:{container}/{at}"
        return {
            "utterance_id": id_,
            "conversation_id": id_,
            "speaker_id": post["user"],
            "timestamp": datetime.fromtimestamp(at / 1000, UTC),
            "source": self.source_name,
            "container": container,
            "kind": "message",
            "text": post["message"],
            "visibility": "private",
        }

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        return 0.9 if b'"type"' in head and b'"create_at"' in head else 0.0
