"""ReadGoemotions: Reddit comments with 27 emotions, aggregated or by rater."""

import re
from dataclasses import dataclass
from typing import ClassVar

from affectflow.registry import Card
from affectflow.schemas import Status
from affectflow.sources.fields import attrs_of
from affectflow.sources.labels import SAID, Said
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow.sources.times import parse_time
from affectflow.vocabularies import get
from affectflow_connectors.csv.parsing import Record
from affectflow_connectors.datasets.tables import (
    Cells,
    LabelledTable,
    header_of,
    needed,
    split_of,
)

SITE = "goemotions"
_AGREED = ("text", "labels", "id")
_UNCLEAR = "example_very_unclear"
_ROW = re.compile(rb"[^\r\n]*\t\d{1,2}(?:,\d{1,2})*\te[a-z0-9]{5,7}")
_YES = ("1", "1.0", "True", "true", "TRUE")


@dataclass(kw_only=True)
class ReadGoemotions(LabelledTable):
    """Reads GoEmotions: `train.tsv` (aggregated labels), `goemotions_1.csv` (all).

    Aggregated labels belong to the annotator `person:goemotions`; in the raw files each
    rater is one, such as `person:goemotions-37`. A comment that a rater found unclear
    is one without an answer. The id of a comment is Reddit's in both shapes, and
    each is a conversation of its own: the set is a sample, its threads are not in it.
    """

    card: ClassVar[Card] = Card(
        summary="GoEmotions: Reddit comments with 27 emotions, aggregated or by rater",
        example="affectflow ingest train.tsv --source goemotions --to lake",
        terms="CC BY 4.0; the comments are from Reddit, whose terms apply, and whose "
        "authors may have deleted them since: do not quote them with a name",
    )
    vocabulary: ClassVar[str] = "goemotions"
    licence: ClassVar[str] = "CC-BY-4.0"
    commercial_use: ClassVar[bool | None] = True
    names: ClassVar[tuple[str, ...]] = _AGREED

    def names_of(self, first: Record) -> tuple[str, ...]:
        names = super().names_of(first)
        return names if "id" in names and "text" in names else ()

    def row(self, cells: Cells, uri: str) -> Row:
        id_ = f"{SITE}:{needed(cells, 'id')}"
        return {
            "utterance_id": id_,
            "conversation_id": id_,
            "speaker_id": cells.get("author") or None,
            "timestamp": parse_time(cells.get("created_utc", ""))[0],
            "source": SITE,
            "container": cells.get("subreddit") or None,
            "kind": "comment",
            "text": cells["text"],
            "lang": "en",
            "visibility": "public",
            "split": split_of(uri),
            "attrs": attrs_of({k: cells.get(k) for k in ("link_id", "parent_id")}),
            SAID: _said(cells),
        }

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        columns = header_of(head)
        if "rater_id" in columns and _UNCLEAR in columns:
            return 0.97
        rows = decompressed_head(head).split(b"\n")[:-1][:20]
        return 0.95 if rows and all(map(_ROW.fullmatch, rows)) else 0.0


def _said(cells: Cells) -> Said:
    labels = get(SITE).labels
    if "labels" not in cells:
        rater = f"{SITE}-{needed(cells, 'rater_id')}"
        if cells.get(_UNCLEAR) in _YES:
            return Said(rater, status=Status.ABSTAINED, raw=_UNCLEAR)
        return Said(rater, [each for each in labels if cells.get(each) in _YES])
    numbers = [each.strip() for each in cells["labels"].split(",")]
    strange = [n for n in numbers if not n.isdecimal() or int(n) >= len(labels)]
    if strange:
        raise RefusedError(
            f"{strange[0]!r} is not a GoEmotions label; labels are 0 to "
            f"{len(labels) - 1}",
            "unknown_label",
        )
    return Said(SITE, [labels[int(n)] for n in numbers])
