"""ReadWhatsapp: a chat as WhatsApp's applications export it, in many languages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from affectflow.registry import Card
from affectflow.sources.chat_text import Digests, TextLog, digest, lines_of_text
from affectflow.sources.fields import attrs_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.whatsapp.stamps import (
    Order,
    Stamp,
    bare,
    order_of,
    stamp,
    time_of_stamp,
)

SITE = "whatsapp"
_AUTHOR = re.compile(
    '[\u200e\u200f\ufeff]*(?:~[ \u202f\xa0]?)?([^"“”«»:]{1,60}?) ?:(?: |$)'
)
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


class _Entry(NamedTuple):
    """One message: its stamp, the lines of it, and the number of the first."""

    stamp: Stamp
    lines: list[str]
    line: int


@dataclass(kw_only=True)
class ReadWhatsapp(TextLog):
    """Reads `WhatsApp Chat with ....txt` and `_chat.txt`, also inside their archive.

    A day of a chat is a conversation: an export does not say what answers what. Times
    are local ones without a zone, and taken for UTC. Where nothing tells the day from
    the month, `attrs` has `date_order` with what was assumed. What WhatsApp itself
    says holds names, and has no text.

    Args:
      day_first: whether a date begins with its day; if none, the file decides.
    """

    day_first: bool | None = None

    card: ClassVar[Card] = Card(
        summary="WhatsApp: chats exported as text, in many languages",
        example="affectflow ingest _chat.txt --source whatsapp --include-private "
        "--to lake",
        terms="a chat is private, and belongs to all who wrote in it; do not quote "
        "without the author's consent",
    )

    def rows_of_lines(self, lines: list[str], uri: str) -> Iterator[Row | RefusedError]:
        entries, strays = _entries(lines)
        if strays:
            yield RefusedError(
                f"{strays} lines before the first date are not a message"
            )
        if not entries:
            return
        order = order_of([entry.stamp for entry in entries])
        if self.day_first is not None and order.letters != "ymd":
            order = Order("dmy" if self.day_first else "mdy")
        authors = {author for entry in entries if (author := _said(entry)[0])}
        first = entries[0]
        key = digest(str(first.stamp.numbers), str(first.stamp.clock), first.stamp.rest)
        ids = Digests(key)
        visibility = "private" if len(authors) > 2 else "direct"
        for entry in entries:
            row = _row(entry, order, key, ids)
            yield row | {"source": self.source_name, "visibility": visibility}

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        lines = [line for line in lines_of_text(decompressed_head(head)[:8000]) if line]
        found = [each for line in lines[:40] if (each := stamp(line))]
        if not found or not stamp(lines[0]):
            return 0.0
        said = [each for each in found if _AUTHOR.match(each.rest)]
        if any(each.rest.startswith("<") for each in found):
            return 0.1
        return 0.95 if said else 0.3


def _entries(lines: Sequence[str]) -> tuple[list[_Entry], int]:
    """Returns the messages of a file, and how many lines come before the first."""
    entries: list[_Entry] = []
    strays = 0
    for number, line in enumerate(lines, 1):
        found = stamp(line)
        if found:
            entries.append(_Entry(found, [line], number))
        elif entries:
            entries[-1].lines.append(line)
        else:
            strays += bool(line.strip())
    return entries, strays


def _said(entry: _Entry) -> tuple[str, str]:
    """Returns who wrote a message, and its text; nobody, if WhatsApp did."""
    match = _AUTHOR.match(entry.stamp.rest)
    if not match:
        return "", entry.stamp.rest
    text = entry.stamp.rest[match.end() :]
    return bare(match[1]).strip(), "\n".join([text, *entry.lines[1:]]).rstrip()


def _row(entry: _Entry, order: Order, key: str, ids: Digests) -> Row:
    author, text = _said(entry)
    when = time_of_stamp(entry.stamp, order.letters)
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
        "line": entry.line,
        **row,
    }


def _day(entry: _Entry, when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else "-".join(map(str, entry.stamp.numbers))


def _words(text: str) -> Row:
    """Returns the columns that follow from what stands behind a name."""
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
