"""ReadMeld: scenes from a television series, each turn with its emotion and times."""

from dataclasses import dataclass
from typing import ClassVar

from affectflow.registry import Card
from affectflow.schemas import raw_name
from affectflow.sources.coerce import seconds_of
from affectflow.sources.fields import attrs_of
from affectflow.sources.labels import SAID
from affectflow.sources.rows import Row
from affectflow_connectors.datasets.labels import one_label
from affectflow_connectors.datasets.tables import (
    Cells,
    LabelledTable,
    header_of,
    needed,
    split_of,
)

SITE = "meld"
_COLUMNS = {"Utterance", "Speaker", "Dialogue_ID", "Utterance_ID"}


@dataclass(kw_only=True)
class ReadMeld(LabelledTable):
    """Reads MELD's `train_sent_emo.csv` and similar files.

    Dialogue numbers start again in train, dev and test, so the split is part of the
    ids; keep the file names. `media_uri` is the episode, to which the times refer, and
    `attrs` has the clip and the sentiment.
    """

    card: ClassVar[Card] = Card(
        summary="MELD: scenes from a television series, with emotions and times",
        example="affectflow ingest dev_sent_emo.csv --source meld --to lake",
        terms="GPL-3.0 for the set; the lines are from a television series, whose "
        "owners hold the rights: use them for research only, do not pass them on",
    )
    vocabulary: ClassVar[str] = "meld"
    licence: ClassVar[str] = "GPL-3.0"

    def row(self, cells: Cells, uri: str) -> Row:
        dialogue, turn = needed(cells, "Dialogue_ID"), needed(cells, "Utterance_ID")
        split = split_of(uri)
        id_ = f"{SITE}:{split or 'all'}/{dialogue}"
        episode = _episode(cells)
        times = {"start_s": cells.get("StartTime"), "end_s": cells.get("EndTime")}
        read = {name: seconds_of(text or "") for name, text in times.items()}
        unread = {raw_name(n): t for n, t in times.items() if read[n] is None}
        return {
            # Filled up: ids decide the order where there are no times.
            "utterance_id": f"{id_}/{turn:0>3}",
            "conversation_id": id_,
            "speaker_id": cells.get("Speaker") or None,
            "source": SITE,
            "container": episode,
            "kind": "turn",
            "text": cells.get("Utterance"),
            "lang": "en",
            **read,
            "media_uri": episode,
            "visibility": "public",
            "split": split,
            "attrs": attrs_of(
                {
                    "clip": f"dia{dialogue}_utt{turn}",
                    "sentiment": cells.get("Sentiment"),
                    **unread,
                }
            ),
            SAID: one_label(SITE, cells.get("Emotion"), {}, SITE),
        }

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        return 0.96 if _COLUMNS.issubset(header_of(head)) else 0.0


def _episode(cells: Cells) -> str | None:
    season, episode = (cells.get(name, "") for name in ("Season", "Episode"))
    return f"s{season:0>2}e{episode:0>2}" if season and episode else None
