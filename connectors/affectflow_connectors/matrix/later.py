"""What events say about others (edits, reactions, redactions) and about rooms."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from affectflow.sources.fields import Record, inner, time_of, word


class Edit(NamedTuple):
    """The newest version of a message."""

    at: datetime | None
    content: Record


class Later:
    """Collected while a file is read a first time; a file read twice counts once."""

    def __init__(self) -> None:
        self._edits: dict[tuple[str, str | None], Edit] = {}
        self.gone: dict[str, datetime | None] = {}
        self.visibility: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.events: set[str] = set()
        self._reactions: dict[str, dict[str, str]] = defaultdict(dict)

    def take(self, event: Record, room: str) -> None:
        """Records what an event says about another, or about its room."""
        content = inner(event, "content")
        about, kind = inner(content, "m.relates_to"), word(event, "type") or ""
        target, relation = word(about, "event_id"), word(about, "rel_type")
        own = word(event, "event_id") or ""
        if kind == "m.room.redaction":
            target = word(event, "redacts") or word(content, "redacts")
            if target:
                self.gone[target] = time_of(event, "origin_server_ts")
        elif relation == "m.replace" and target:
            self._take_edit(event, target)
        elif relation == "m.annotation" and target and (key := word(about, "key")):
            self._reactions[target][own] = key.removesuffix("\ufe0f")
        elif "state_key" in event:
            self._take_state(kind, content, room)
        self.events.add(own)

    def _take_edit(self, event: Record, target: str) -> None:
        at = time_of(event, "origin_server_ts")
        key = target, word(event, "sender")
        known = self._edits.get(key)
        if known is None or _later(at, known.at):
            self._edits[key] = Edit(at, inner(event, "content", "m.new_content"))

    def _take_state(self, kind: str, content: Record, room: str) -> None:
        if kind == "m.room.join_rules" and self.visibility.get(room) != "direct":
            rule = word(content, "join_rule")
            self.visibility[room] = "public" if rule == "public" else "private"
        elif kind == "m.room.member" and content.get("is_direct") is True:
            self.visibility[room] = "direct"
        elif kind == "m.room.name" and (name := word(content, "name")):
            self.names[room] = name

    def reactions(self, event_id: str) -> dict[str, str]:
        """Returns how often each reaction was given to a message."""
        counts: dict[str, int] = {}
        for own, key in self._reactions.get(event_id, {}).items():
            if own not in self.gone:
                counts[key] = counts.get(key, 0) + 1
        return {f"reaction.{key}": str(count) for key, count in counts.items()}

    def edit(self, event_id: str, sender: str | None) -> Edit | None:
        """Returns the newest version of a message; only its sender may edit it."""
        return self._edits.get((event_id, sender))


def _later(at: datetime | None, known: datetime | None) -> bool:
    return at is not None and (known is None or at >= known)
