"""Readings: what a model reads of an utterance, and the mapping back to its text.

A reading is composed when a model asks for it: segments that are not the author's
prose are masked, cues are written as words, and those without a place in the text stand
in a frame around it. Offsets of a reading lead back to code points of
`utterances.text`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.frames import HEAD, Frame, Placeless
from affectflow.errors import UsageError

DEFAULT_MASKS: Mapping[str, str] = MappingProxyType(
    {
        "code": "",
        "inline_code": "[CODE]",
        "log": "",
        "quote": "",
        "link": "[LINK]",
        "link_target": "",
        "mention": "[NAME]",
        "signature": "",
        "bot": "",
        "template": "",
        "html": "",
    }
)
"""What a model reads instead of a segment; types that are not named stay as written.

Two types are distinguished by how they stand in the text: `inline_code` is code within
a line, which leaves a word so that the sentence stays a sentence; `link_target` is the
address behind `[text]`, with its brackets. `[NAME]` is what GoEmotions has for people.
"""

AS_WRITTEN = frozenset({"shouting", "stretched", "punctuation", "hesitation"})
"""Cues that stay in a reading as written: they are in the letters."""

CUE_BEGINS, CUE_ENDS = "\x1e", "\x1f"
"""What a cue in words stands between, for a model that weighs it apart. No text has
them: `NormalizeText` takes control characters out."""

# Anything but blanks and ASCII punctuation says something; so do "?" and "!".
_SAYS = re.compile(r"[^\s\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\ufffc]|[!?]")

_CUES = ("words", "in_text", "as_written")
Flags = np.ndarray[Any, np.dtype[np.bool_]]


class _Edit(NamedTuple):
    """`text[start:end]` reads `words`; a cue is the author's, a mask is not."""

    start: int
    end: int
    words: str
    is_cue: bool


class _Map(NamedTuple):
    """Pieces of one reading, from left to right: where each begins, there and here.

    Piece `i` of the reading is `read_at[i]:read_at[i + 1]`; of the text it is
    `text_at[i]:text_at[i + 1]`. `edited[i]` says whether it was rewritten.
    """

    read_at: list[int]
    text_at: list[int]
    edited: list[bool]


@dataclass(frozen=True)
class Readings:
    """What a model reads of the rows of a batch.

    Attributes:
      texts: one reading for each row; empty where the text is null.
      silent: where none of the author's own words are left. Silence is never scored
        as calm; a lone emoji is not silence, nor is a cue of a voice.
    """

    texts: pa.StringArray
    silent: Flags
    _maps: Mapping[int, _Map] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def to_text(self, row: int, start: int, end: int) -> tuple[int, int]:
        """Returns the span of `utterances.text` that `reading[start:end]` stands for.

        A span that touches a mask or a cue in words takes in all that it stands for.
        An empty span leads to an empty span, and so does one within the frame.
        """
        pieces = self._maps.get(row)
        if pieces is None:
            return start, end
        first = _piece_of(pieces, start)
        text_start = _place(pieces, first, start, at_end=False)
        if end <= start:
            return text_start, text_start
        last = bisect_left(pieces.read_at, end) - 1
        return text_start, _place(pieces, last, end, at_end=True)


def _piece_of(pieces: _Map, place: int) -> int:
    return min(bisect_right(pieces.read_at, place) - 1, len(pieces.edited) - 1)


def _place(pieces: _Map, piece: int, place: int, *, at_end: bool) -> int:
    if pieces.edited[piece]:
        return pieces.text_at[piece + at_end]
    return pieces.text_at[piece] + place - pieces.read_at[piece]


def read(
    batch: pa.RecordBatch,
    *,
    masked: Mapping[str, str] = DEFAULT_MASKS,
    cues: str = "words",
    frame: Frame = HEAD,
    apart: bool = False,
) -> Readings:
    """Returns what a model reads of each row of `batch`.

    Needs the column `text`; uses `segments` and `cues` where the batch has them. Rows
    with neither are read as they are, without becoming Python objects.

    Args:
      batch: utterances.
      masked: what stands for a segment of each type.
      cues: `words` writes cues that have a place in the text out as their phrases,
        set off by blanks, and the others into the frame; `in_text` leaves the
        frame out, and `as_written` both.
      frame: what is read around a text that has cues without a place in it.
      apart: cues written out stand between `CUE_BEGINS` and `CUE_ENDS`.

    Raises:
      UsageError: `cues` is not one of these words.
    """
    check_cues(cues)
    mark = (CUE_BEGINS, f" {CUE_ENDS}") if apart else ("", "")
    texts = pc.fill_null(batch.column("text"), "")
    silent = _is_blank(texts)
    segments = _by_row(batch, "segments", "type", left_out=())
    spoken = _by_row(batch, "cues", "cue", left_out=AS_WRITTEN)
    framed = _placeless(batch, frame) if cues == "words" else {}
    maps: dict[int, _Map] = {}
    written = []
    rows = sorted(segments.keys() | spoken.keys() | framed.keys())
    chosen = texts.take(pa.array(rows, pa.int64())).to_pylist()
    for row, text in zip(rows, chosen, strict=True):
        kinds, said = segments.get(row, []), spoken.get(row, [])
        edits = list(_masks(text, kinds, masked))
        if cues != "as_written":
            edits += [_Edit(s.start, s.end, s.words.join(mark), True) for s in said]
        around = frame.around(framed[row]) if row in framed else ("", "")
        reading, maps[row] = _compose(text, _framed(text, _apart(edits), *around))
        written.append(reading)
        heard = bool(said) or row in framed
        silent[row] = not heard and not _says_something(text, kinds)
    return Readings(_replaced(texts, rows, written), silent, maps)


def check_cues(cues: str) -> None:
    """Raises UsageError unless cues are read in `words`, `in_text` or `as_written`."""
    if cues not in _CUES:
        raise UsageError(f"`cues` must be one of {_CUES}, got {cues!r}")


def _is_blank(texts: pa.Array) -> Flags:
    length = pc.utf8_length(pc.utf8_trim_whitespace(texts))
    # A copy: what Arrow hands over may be read-only.
    return np.array(pc.equal(length, 0).to_numpy(zero_copy_only=False))


def _replaced(texts: pa.Array, rows: list[int], written: list[str]) -> pa.StringArray:
    if not rows:
        return texts
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(written, pa.string()))


class _Span(NamedTuple):
    start: int
    end: int
    words: str


def _by_row(
    batch: pa.RecordBatch, column: str, kind: str, left_out: Iterable[str]
) -> dict[int, list[_Span]]:
    """Returns the spans of a list column by row: segments by type, cues by phrase."""
    if column not in batch.schema.names:
        return {}
    lists = batch.column(column)
    flat = pa.Table.from_struct_array(lists.flatten())
    flat = flat.append_column("row", pc.list_parent_indices(lists))
    gone = pc.is_in(flat[kind], pa.array(list(left_out), pa.string()))
    flat = flat.filter(pc.and_(pc.invert(gone), pc.is_valid(flat["start"])))
    words = flat["phrase" if column == "cues" else kind].to_pylist()
    places = (flat[name].to_pylist() for name in ("row", "start", "end"))
    spans: dict[int, list[_Span]] = {}
    for row, start, end, said in zip(*places, words, strict=True):
        spans.setdefault(row, []).append(_Span(start, end, said or ""))
    return spans


def _placeless(batch: pa.RecordBatch, frame: Frame) -> dict[int, list[Placeless]]:
    """Returns the cues of each row that a frame reads, in their order."""
    if "cues" not in batch.schema.names:
        return {}
    lists = batch.column("cues")
    places = lists.flatten().field("start")
    if not places.null_count:
        return {}
    gone = pc.is_null(places)
    rows = pc.list_parent_indices(lists).filter(gone).to_pylist()
    flat = lists.flatten().filter(gone)
    columns = (flat.field(name).to_pylist() for name in Placeless._fields)
    found: dict[int, list[Placeless]] = {}
    for row, modality, cue, phrase in zip(rows, *columns, strict=True):
        told = Placeless(modality or "", cue or "", phrase or "")
        if phrase and frame.reads(told):
            found.setdefault(row, []).append(told)
    return found


def _masks(
    text: str, segments: list[_Span], masked: Mapping[str, str]
) -> Iterator[_Edit]:
    for start, end, type_ in segments:
        if type_ == "code" and _is_inline(text, start, end):
            type_ = "inline_code"
        elif type_ == "link" and text[start - 2 : start] == "](":
            start, end, type_ = start - 1, end + 1, "link_target"
        if type_ in masked:
            yield _Edit(start, end, masked[type_] or _gap(text, start, end), False)


def _is_inline(text: str, start: int, end: int) -> bool:
    return text[start] in "`<" and "\n" not in text[start:end]


def _gap(text: str, start: int, end: int) -> str:
    """Returns a blank where words would grow together: "one<br>two"."""
    return " " if (text[start - 1 : start] + text[end : end + 1]).isalnum() else ""


def _apart(edits: list[_Edit]) -> Iterator[_Edit]:
    """Yields edits from left to right; of two that overlap, the first."""
    position = 0
    for edit in sorted(edits):
        if edit.start >= position:
            yield edit
            position = edit.end


def _framed(
    text: str, edits: Iterable[_Edit], before: str, after: str
) -> Iterator[_Edit]:
    """Yields edits between those that write a frame."""
    if before:
        yield _Edit(0, 0, before, False)
    yield from edits
    if after:
        yield _Edit(len(text), len(text), after, False)


def _says_something(text: str, segments: list[_Span]) -> bool:
    position = 0
    for start, end, _ in sorted(segments):
        if _SAYS.search(text, position, start):
            return True
        position = max(position, end)
    return bool(_SAYS.search(text, position))


def _compose(text: str, edits: Iterable[_Edit]) -> tuple[str, _Map]:
    """Returns the reading of one text and the mapping back to it."""
    pieces: list[str] = []
    read_at, text_at, edited = [0], [0], []

    def write(words: str, until: int, *, rewritten: bool) -> None:
        pieces.append(words)
        edited.append(rewritten)
        read_at.append(read_at[-1] + len(words))
        text_at.append(until)

    for edit in edits:
        write(text[text_at[-1] : edit.start], edit.start, rewritten=False)
        before = pieces[-1] or (pieces[-2] if len(pieces) > 1 else "")
        words = _set_off(edit.words, before, text[edit.end : edit.end + 1])
        write(words if edit.is_cue else edit.words, edit.end, rewritten=True)
    write(text[text_at[-1] :], len(text), rewritten=False)
    return "".join(pieces), _Map(read_at, text_at, edited)


def _set_off(phrase: str, before: str, after: str) -> str:
    lead = " " if before and not before[-1].isspace() else ""
    trail = " " if after.strip(" \n\t.,;:!?)") else ""
    return f"{lead}{phrase}{trail}"
