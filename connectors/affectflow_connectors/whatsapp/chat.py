"""ReadWhatsapp: a chat as WhatsApp's applications export it, in many languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import pyarrow as pa

from affectflow.kinds.source import File, Split
from affectflow.nouns import count
from affectflow.registry import Card
from affectflow.sources.chat_text import Digests, decoded, lines_of_text
from affectflow.sources.fields import attrs_of
from affectflow.sources.files import FileSource, is_plain, ranges
from affectflow.sources.line_records import Record, records
from affectflow.sources.rows import Row, dead_row, in_batches
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.whatsapp.entries import (
    AUTHOR,
    Entry,
    begins_message,
    entry_of,
)
from affectflow_connectors.whatsapp.stamps import Stamp, bare, stamp, time_of_stamp
from affectflow_connectors.whatsapp.survey import Chat, survey

SITE = "whatsapp"
_MENTION = re.compile("@\u2068[^\u2069\n]{1,80}\u2069|@\\d{6,15}\\b")
# What stands in the place of a file: `<Media omitted>`, `image omitted`.
_GONE = (
    r"omitted|omitid[oa]s?|omis(?:es?)?|omess[oi]|weggelassen|ausgeschlossen|weggelaten"
    r"|ocult[oa]s?|ocultad[oa]s?|absente?s?|utelämn\w*|utelatt|udelad\w*|pominięt\w*"
    r"|без медиа\w*|пропущен\w*|dahil edilmedi|생략\w*|省略\w*|忽略\w*|略過\w*|omitido"
)
_ATTACHED = (
    r"file attached|attached|datei angehängt|anhang|archivo adjunto|adjunto|anexad[oa]"
    r"|arquivo anexado|anexo|fichier joint|pièce jointe|file allegato|allegato"
    r"|bestand bijgevoegd|bijgevoegd|файл добавлен|添付ファイル|附件"
)
_MEDIA = re.compile(
    rf"<[^<>]{{0,40}}(?:{_GONE})[^<>]{{0,20}}>|[\w ]{{1,30}} (?:{_GONE})"
    rf"|<(?:{_ATTACHED}) ?: ?(?P<one>[^<>]{{1,200}})>"
    rf"|(?P<two>\S[^\n]{{0,200}}?) \((?:{_ATTACHED})\)",
    re.I,
)
_DELETED = re.compile(
    r"(?:this message was deleted|you deleted this message"
    r"|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht"
    r"|se eliminó este mensaje|eliminaste este mensaje"
    r"|este mensaje fue eliminado|mensagem apagada|(?:esta|essa) mensagem foi apagada"
    r"|você apagou esta mensagem|apagou esta mensagem|ce message a été supprimé"
    r"|vous avez supprimé ce message|questo messaggio è stato eliminato"
    r"|hai eliminato questo messaggio|dit bericht is verwijderd"
    r"|je hebt dit bericht verwijderd|данное сообщение удалено"
    r"|вы удалили данное сообщение"
    r"|bu mesaj silindi|bu mesajı sildiniz)[. ]*(?:by admin.*)?",
    re.I,
)
_EDITED = re.compile(
    r" ?<(?:this message was edited|diese nachricht wurde bearbeitet"
    r"|se editó este mensaje"
    r"|esta mensagem foi editada|mensagem editada|ce message a été modifié"
    r"|questo messaggio è stato modificato|dit bericht is bewerkt)\.?>$",
    re.I,
)
_LEFT_TO_RIGHT = "\u200e"


@dataclass(kw_only=True)
class ReadWhatsapp(FileSource):
    """Reads `WhatsApp Chat with ....txt` and `_chat.txt`, also inside their archive.

    A day of a chat is a conversation: an export does not say which message answers
    which. Times are local, without a zone, and taken as UTC. If the order of day and
    month cannot be told, `attrs` has the assumed `date_order`. WhatsApp's own messages
    contain names, so their text is left out.

    Args:
      day_first: whether a date begins with its day; if not given, the file decides.
    """

    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".zip")

    day_first: bool | None = None

    card: ClassVar[Card] = Card(
        summary="WhatsApp: chats exported as text, in many languages",
        example="affectflow ingest _chat.txt --source whatsapp --include-private "
        "--to lake",
        terms="a chat is private, and belongs to everyone who wrote in it; quote only "
        "with the author's consent",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._seen: tuple[str, Chat] | None = None

    def split_file(self, file: File) -> list[Split]:
        return ranges(file) if is_plain(file) else super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows(split))

    def _rows(self, split: Split) -> Iterator[Row]:
        chat = self._chat(split.uri)
        # Ids count equal messages of a day, so a piece begins where its day does.
        start = chat.day_before(split.start)
        ids = Digests(chat.key)
        chat.halves.begin()
        for record in records(split._replace(start=start), begins_message):
            if record.offset in chat.days:
                ids = Digests(chat.key, chat.days[record.offset])
            row = self._row(record, chat, ids)
            if row and record.offset >= split.start:
                yield row | {"origin": f"{split.uri}#{record.offset}"}

    def _row(self, record: Record, chat: Chat, ids: Digests) -> Row | None:
        """Returns a message, or what is refused, as a row; None of blank lines."""
        if not record.begun or record.too_large:
            refused = _refused(record)
            return refused and dead_row(self.step, self.source_name, "", refused)
        said = {"source": self.source_name, "visibility": chat.visibility}
        return _row(entry_of(record), chat, ids) | said

    def _chat(self, uri: str) -> Chat:
        if self._seen is None or self._seen[0] != uri:
            self._seen = uri, survey(uri, self.day_first)
        return self._seen[1]

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        lines = [line for line in lines_of_text(decompressed_head(head)[:8000]) if line]
        found = [each for line in lines[:40] if (each := stamp(line))]
        if not found or not stamp(lines[0]):
            return 0.0
        said = [each for each in found if AUTHOR.match(each.rest)]
        if any(each.rest.startswith("<") for each in found):
            return 0.1
        return 0.95 if said else 0.3


def _refused(record: Record) -> tuple[str, str] | None:
    """Returns why a record is not a message; empty if it is blank."""
    if record.begun:
        return "too_large", "a message larger than 64 MB"
    strays = sum(bool(decoded(line).strip()) for line in record.lines)
    why = f"not a message: {count(strays, 'line')} before the first date"
    return ("unknown_shape", why) if strays else None


def _row(entry: Entry, chat: Chat, ids: Digests) -> Row:
    author, text = entry.said()
    order, key = chat.order, chat.key
    when = time_of_stamp(_on_24_hours(entry.stamp, chat), order.letters)
    own = ids.of(str(entry.stamp.numbers), str(entry.stamp.clock), author, text)
    row: Row = _words(text) if author else {"kind": "system", "text": ""}
    attrs: dict[str, str] = dict(row.pop("attrs", {}))
    if not order.is_sure:
        attrs["date_order"] = order.letters
    if not when:
        attrs["timestamp_raw"] = str(entry.stamp.numbers)
    return {
        "utterance_id": f"{SITE}:{key}/{own}",
        "conversation_id": f"{SITE}:{key}/{_day(entry, when)}",
        "speaker_id": author or None,
        "timestamp": when,
        "kind": "message",
        "attrs": attrs_of(attrs),
        **row,
    }


def _on_24_hours(found: Stamp, chat: Chat) -> Stamp:
    if found.late is not None:
        return found
    hour, minute, second = found.clock
    half = chat.halves.next(found.numbers, hour, minute)
    return found._replace(clock=(half.hour, minute, second))


def _day(entry: Entry, when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else "-".join(map(str, entry.stamp.numbers))


def _words(text: str) -> Row:
    """Returns the columns that follow from the text after a name."""
    first, _, rest = text.partition("\n")
    shown = bare(first).strip()
    if _DELETED.fullmatch(bare(text).strip()):
        return {"text": "", "deleted": True}
    if media := _MEDIA.fullmatch(shown):
        name = media["one"] or media["two"] or "omitted"
        return {"text": _masked(rest), "attrs": {"media": name}}
    if first.startswith(_LEFT_TO_RIGHT):
        return {"text": "", "kind": "system"}  # names who joined, left, or was called
    edited = _EDITED.search(bare(text))
    attrs = {"edited": "true"} if edited else {}
    return {"text": _masked(_EDITED.sub("", text)), "attrs": attrs}


def _masked(text: str) -> str:
    return _MENTION.sub("[USER]", text).replace(_LEFT_TO_RIGHT, "")
