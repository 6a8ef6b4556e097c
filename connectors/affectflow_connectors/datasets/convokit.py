"""ReadConvokit: any corpus in the format of ConvoKit, as a folder or a zip."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from affectflow.errors import StorageError, UsageError
from affectflow.registry import Card
from affectflow.sources.archives import member_uri, name_of, without_ending
from affectflow.sources.coerce import text_of
from affectflow.sources.fields import attrs_of, inner, prose, time_of, unread_time, word
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import DamagedFileError, json_head, plain_head

SITE = "convokit"
_UTTERANCES = ("utterances.jsonl", "utterances.json")
_CONVERSATIONS = "conversations.json"
_BESIDE = (_CONVERSATIONS, "speakers.json", "users.json", "corpus.json", "index.json")
_LIST_BYTES = 256 << 20
_META_CHARS = 500
# The older names come after the newer.
_ROOTS, _REPLIES = ("conversation_id", "root"), ("reply-to", "reply_to")
_SPEAKERS = ("speaker", "user")
_FIELDS = (_ROOTS, _REPLIES, _SPEAKERS, ("meta",), ("id",), ("text",))
# Parses are too long to keep, and account names stay out of a lake.
_LEFT_OUT = re.compile(r"parsed|.*(?:author|user|speaker|e-?mail).*", re.I)
_GENERIC = re.compile(r"|corpus|data|out|full|download(?:s|ed)?|saved[-_]corpora", re.I)

Record = Mapping[str, Any]


class _Corpus(NamedTuple):
    """A corpus: its name, and its metadata of conversations, by id."""

    name: str
    conversations: Record


@dataclass(kw_only=True)
class ReadConvokit(JsonSource):
    """Reads the utterances of a corpus that ConvoKit wrote, or that it downloads.

    Ids are the corpus's own after its name, which is that of its folder, zipped or not,
    unless `corpus` gives another. Metadata of an utterance, such as labels, is in
    `attrs` as `meta.NAME`; of conversations, `title` and `split` are read.

    Args:
      corpus: the name of the corpus, as ids have it; that of the folder if empty.
    """

    corpus: str = ""

    card: ClassVar[Card] = Card(
        summary="ConvoKit: any corpus in its format, as a folder or a zip",
        example="affectflow ingest movie-corpus.zip --source convokit --to lake",
        terms="each corpus has its own, on its page at convokit.cornell.edu; those "
        "from sites such as Reddit and Wikipedia require attribution",
    )
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._known: dict[str, _Corpus] = {}

    def has_messages(self, name: str) -> bool:
        return _file_of(name) in _UTTERANCES

    def reads_beside(self, name: str) -> bool:
        return name == _CONVERSATIONS

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and "id" in record and "text" in record

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        uri = where.rpartition("#")[0]
        if uri not in self._known:
            self._known = {uri: _corpus_of(uri, self.corpus)}
        yield _row(record, self._known[uri])

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        if head.startswith(b"PK"):
            beside = sum(each.encode() in head for each in _BESIDE)
            is_corpus = any(each.encode() in head for each in _UTTERANCES)
            return 0.95 if is_corpus and beside else 0.7 if is_corpus else 0.0
        head = json_head(head)
        if _file_of(name) in _BESIDE:
            known = b'"meta"' in head or b"-index" in head
            return 0.9 if known else 0.35 if head else 0.0
        said = [
            any(f'"{name}":'.encode() in head for name in names) for names in _FIELDS
        ]
        return 0.96 if all(said) else 0.0


def _file_of(uri: str) -> str:
    return re.split(r"[/\\]", uri.partition("::")[0])[-1].lower()


def _corpus_of(uri: str, name: str) -> _Corpus:
    """Returns the corpus that a file of utterances belongs to."""
    path, _, archive = uri.partition("::")
    folder = re.sub(r"[^/\\]*$", "", name_of(uri) if archive else path)
    names = [each for each in re.split(r"[/\\]", folder) if each]
    own = names[-1] if names else ""
    if archive and _GENERIC.fullmatch(own):
        own = without_ending(re.split(r"[/\\]", archive)[-1])
    held = _listed(archive, folder + _CONVERSATIONS)
    return _Corpus(name or own or "corpus", held if isinstance(held, dict) else {})


def _listed(archive: str, name: str) -> Any:
    """Returns the content of a file beside the utterances; empty if unreadable."""
    try:
        uri = member_uri(name, archive) if archive else name
        found = plain_head(uri, _LIST_BYTES)
        return json.loads(found) if found else {}
    except (StorageError, UsageError, DamagedFileError, ValueError, RecursionError):
        return {}


def _row(record: Record, corpus: _Corpus) -> Row:
    """Returns one utterance as a row.

    Raises:
      RefusedError: it has no id, or no text.
    """
    own, text = word(record, "id"), prose(record, "text")
    if not own or text is None:
        missing = "text" if own else "id"
        raise RefusedError(f"it has no `{missing}`", "missing_field")
    place = f"{SITE}:{corpus.name}/"
    root, parent = word(record, *_ROOTS) or own, word(record, *_REPLIES)
    about = inner(corpus.conversations, root)
    about = inner(about, "meta") or about
    meta = inner(record, "meta")
    speaker = record.get("speaker", record.get("user"))
    return {
        "utterance_id": place + own,
        "conversation_id": place + root,
        "reply_to": place + parent if parent else None,
        "speaker_id": word(record, *_SPEAKERS) or word(speaker, "id", "name"),
        "timestamp": time_of(record, "timestamp"),
        "source": SITE,
        "container": corpus.name,
        "kind": "message",
        "title": word(about, "title", "page_title"),
        "text": text,
        "visibility": "public",
        "split": word(meta, "split") or word(about, "split"),
        "attrs": attrs_of({**_told(meta), **unread_time(record, "timestamp")}),
    }


def _told(meta: Record) -> dict[str, str]:
    """Returns the metadata to keep: without parses, account names and long texts."""
    texts = {n: text_of(v) for n, v in meta.items() if not _LEFT_OUT.fullmatch(n)}
    return {f"meta.{n}": t for n, t in texts.items() if t and len(t) <= _META_CHARS}
