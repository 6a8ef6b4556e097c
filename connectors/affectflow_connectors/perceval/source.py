"""ReadPerceval: what Perceval fetched, of any of its backends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow import registry
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.fields import Record, inner, objects, prose, time_of, word
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import rows_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head
from affectflow_connectors.perceval.gerrit import rows_of_change
from affectflow_connectors.perceval.handed import HANDED, Handed
from affectflow_connectors.perceval.places import name_of, path_of, server_of
from affectflow_connectors.perceval.plain import rows_of_shape
from affectflow_connectors.perceval.sites import SITES

_ENVELOPE = re.compile(rb'"backend_name"\s*:\s*"\w+"')
_VERSIONS = (b'"backend_version"', b'"perceval_version"')


@dataclass(kw_only=True)
class ReadPerceval(JsonSource):
    """Reads what Perceval prints or keeps: JSON objects, one per line or in a row.

    Items of a site that has a source of its own are read by that source, and get
    its ids and marks. Of other sites, the fields that are messages are read: issues,
    comments, questions, reviews, pages.
    """

    card: ClassVar[Card] = Card(
        summary="Perceval (GrimoireLab): items of any backend",
        example="affectflow ingest items.json --source perceval --to lake",
        terms="those of the site that each item was fetched from; see the card of that "
        "source",
    )
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._sources: dict[tuple[str, ...], Any] = {}

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        if inner(record, "hits"):  # an answer of the index that items are kept in
            yield from rows_of(
                list(objects(record["hits"], "hits")), lambda hit: self.rows(hit, where)
            )
            return
        item = inner(record, "_source") or record
        backend, data = (word(item, "backend_name") or ""), inner(item, "data")
        if not backend or not data:
            names = ", ".join(list(item)[:8]) or "none"
            raise RefusedError(f"not a Perceval item; its fields: {names}")
        yield from self._of_item(backend, item, where)

    def _of_item(
        self, backend: str, item: Record, where: str
    ) -> Iterator[Row | RefusedError]:
        name, data = backend.lower(), inner(item, "data")
        origin = word(item, "origin") or ""
        if name in HANDED and word(item, "category") != "repository":
            yield from self._handed(HANDED[name], data, origin, where)
        elif name in SITES:
            source, shape, by_path = SITES[name]
            place = path_of(origin) if by_path else server_of(origin)
            yield from rows_of_shape(data, shape, source, place)
        elif name == "gerrit":
            yield from rows_of_change(data, server_of(origin))
        elif name == "supybot":
            yield _line_of_chat(data, item)
        else:
            raise RefusedError(f"{backend}: not a message", NOT_AN_UTTERANCE)

    def _handed(
        self, handed: Handed, data: Record, origin: str, where: str
    ) -> Iterator[Row | RefusedError]:
        options = handed.options(origin)
        key = (handed.source, *options.values())
        if key not in self._sources:
            given = {"paths": where, **options}
            self._sources[key] = registry.make("connectors", handed.source, given)
        source = self._sources[key]
        for record in handed.records(data):
            for row in rows_of(record, lambda each: source.rows(each, where)):
                if handed.named and isinstance(row, dict) and not row.get("container"):
                    row["container"] = name_of(origin)
                yield row

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and (
            "backend_name" in record or "_source" in record
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        known = any(mark in head for mark in _VERSIONS)
        return 1.0 if known and _ENVELOPE.search(head) else 0.0


def _line_of_chat(data: Record, item: Record) -> Row:
    """Returns a line that a bot logged on IRC; it has no id but Perceval's.

    Raises:
      RefusedError: it has no id or no words.
    """
    own, text = word(item, "uuid"), prose(data, "body")
    if own is None or text is None:
        raise RefusedError("a line without an id or without text", "no_id")
    id_ = f"irc:{own}"
    return {
        "utterance_id": id_,
        "conversation_id": id_,
        "speaker_id": word(data, "nick"),
        "timestamp": time_of(data, "timestamp"),
        "source": "irc",
        "container": name_of(word(item, "origin") or ""),
        "kind": "message" if word(data, "type") == "comment" else "system",
        "text": text,
        "visibility": "unknown",
    }
