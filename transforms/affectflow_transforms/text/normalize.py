"""NormalizeText: text made clean, personal data replaced, segments found."""

import functools
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import batch as batches
from affectflow.errors import UsageError
from affectflow.kinds.transform import BatchTransform
from affectflow.registry import Card
from affectflow.schemas import SEGMENT, UTTERANCES, fields
from affectflow_transforms.text.entities import unescape_column
from affectflow_transforms.text.garbled import looks_garbled
from affectflow_transforms.text.segments import (
    Segment,
    detectors,
    families,
    find_segments,
    in_chats,
    mask_personal,
    may_have_segments,
)

_TEXT = UTTERANCES.field("text")
_SEGMENTS = UTTERANCES.field("segments")

# What ftfy fixes besides mojibake: control characters, escapes and line ends. Tab and
# newline stay.
_CONTROL = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{2028}\x{2029}\x{206a}-\x{206f}"
    r"\x{feff}\x{fff9}-\x{fffd}]"
)
# Masking may reveal something to mask (`a@b.c@d`); each round leaves less.
_MAX_ROUNDS = 8
_Bits = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(kw_only=True)
class NormalizeText(BatchTransform):
    """Cleans text, replaces personal data and types what is not prose.

    `text` becomes what all offsets refer to: entities such as `&gt;` unescaped once,
    except in code and where a text is about them; mojibake fixed, control
    characters removed, lines ended by LF, NFC. E-mail addresses, telephone numbers,
    public network addresses and credentials become `[EMAIL]`, `[PHONE]`, `[IP]` and
    `[SECRET]`. Code, quotes, logs, links, signatures and the like are typed in
    `segments` and stay in the text. Doing it twice changes nothing, unless entities
    were escaped twice.

    If the batch has `kind`, `source` or `container`, they identify chat messages, which
    may begin with an account (`mike42: text`); without them nothing counts as chat.

    A row without text is refused with error type `no_text`; an empty text is fine.

    Args:
      mentions: `placeholder` replaces account names by `[USER]`; `keep` leaves them.
        Both record a segment of type `mention`.

    Raises:
      UsageError: `mentions` is another word.
    """

    mentions: str = "placeholder"

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text")
    provides: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    card: ClassVar[Card] = Card(
        summary="cleans text, replaces personal data, types code, quotes, logs, links"
    )

    def __post_init__(self) -> None:
        super().__init__()
        if self.mentions not in ("placeholder", "keep"):
            raise UsageError(
                f"`mentions` must be 'placeholder' or 'keep', got {self.mentions!r}"
            )

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        texts = batch.column("text")
        cleaned, segments = normalize(
            texts, mask_mentions=self.mentions != "keep", chats=in_chats(batch)
        )
        batch = batches.with_column(batch, _TEXT, cleaned)
        batch = batches.with_column(batch, _SEGMENTS, segments)
        return _refuse_null(batch, texts) if texts.null_count else batch


def normalize(
    texts: pa.Array,
    *,
    mask_mentions: bool = True,
    chats: pa.BooleanArray | None = None,
) -> tuple[pa.Array, pa.Array]:
    """Returns the clean texts and, for each, its segments; null stays null.

    Rows that Arrow shows to be plain never become Python objects.

    Args:
      texts: as they were written.
      mask_mentions: whether accounts are replaced.
      chats: which texts are messages of chats; none if not given.
    """
    texts = _clean_column(unescape_column(texts))
    typed: dict[int, list[Segment]] = {}
    bits = detectors(texts)
    rows = _rows(pc.or_(may_have_segments(texts), pa.array(bits != 0)))
    bits = bits[_numpy(rows)]
    for _ in range(_MAX_ROUNDS):
        in_chat = chats.take(rows) if chats else pa.repeat(False, len(rows))
        looked = _looked_at(texts.take(rows), in_chat, bits, mask_mentions)
        typed.update(zip(rows.to_pylist(), looked.segments, strict=True))
        if not looked.masked:
            break
        # What was replaced may have hidden something.
        rows = rows.take(pa.array(list(looked.masked), pa.int64()))
        new = _clean_column(pa.array(list(looked.masked.values()), pa.string()))
        texts, bits = _replaced(texts, rows, new), detectors(new)
    return texts, _segment_column(len(texts), typed)


class _Looked(NamedTuple):
    """Segments of each text, and what becomes of those with personal data, by place."""

    segments: list[list[Segment]]
    masked: dict[int, str]


def _looked_at(
    texts: pa.Array, chats: pa.Array, bits: _Bits, mask_mentions: bool
) -> _Looked:
    looked = _Looked([], {})
    columns = (texts.to_pylist(), chats.to_pylist(), bits, families(texts).tolist())
    for place, (text, chat, may_mask, may_type) in enumerate(
        zip(*columns, strict=True)
    ):
        segments = find_segments(text, chat=chat, bits=may_type)
        masked = mask_personal(
            text, segments, mentions=mask_mentions, chat=chat, bits=int(may_mask)
        )
        looked.segments.append(segments)
        if masked != text:
            looked.masked[place] = masked
    return looked


def clean(text: str) -> str:
    """Returns one text as ftfy fixes it, in NFC.

    What people chose stays: curly quotes, ligatures and wide letters are not damage,
    and kaomoji are made of them. Entities stay too: what was escaped was unescaped
    before, once. Mojibake in code stays: it may be what the text is about.
    """
    text = _fixed(text, encoding=False)
    if text.isascii():
        return text
    pieces, end = [], 0
    for found in find_segments(text):
        if found.type == "code":
            prose = _fixed(text[end : found.start], encoding=True)
            pieces += [prose, text[found.start : found.end]]
            end = found.end
    return "".join([*pieces, _fixed(text[end:], encoding=True)])


def _fixed(text: str, *, encoding: bool) -> str:
    from ftfy import fix_text

    for _ in range(_MAX_ROUNDS):
        fixed = fix_text(text, _ftfy_config(encoding=encoding))
        if fixed == text:
            break
        text = fixed
    return text


@functools.cache
def _ftfy_config(*, encoding: bool) -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        fix_encoding=encoding,
        unescape_html=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        normalization="NFC",
        explain=False,
    )


def _clean_column(texts: pa.Array) -> pa.Array:
    """Returns the column with its suspicious rows cleaned, and all of it in NFC."""
    wide = _rows(pc.invert(pc.string_is_ascii(texts)))
    texts = _replaced(texts, wide, _composed(texts.take(wide)))
    suspicious = np.union1d(
        _numpy(_rows(pc.match_substring_regex(texts, _CONTROL))),
        _numpy(wide)[looks_garbled(texts.take(wide))],
    )
    rows = pa.array(suspicious, pa.uint64())
    fixed = [clean(text) for text in texts.take(rows).to_pylist()]
    return _replaced(texts, rows, fixed)


def _composed(texts: pa.Array) -> list[str]:
    """Returns texts in NFC. Arrow 25's `utf8_normalize` decomposes for "NFC"."""
    return [unicodedata.normalize("NFC", text or "") for text in texts.to_pylist()]


def _rows(chosen: pa.BooleanArray) -> pa.Array:
    return pc.indices_nonzero(pc.fill_null(chosen, False))


def _numpy(rows: pa.Array) -> "np.ndarray[Any, np.dtype[np.uint64]]":
    return np.asarray(rows.to_numpy(zero_copy_only=False))


def _replaced(texts: pa.Array, rows: pa.Array, written: Any) -> pa.Array:
    if not len(rows):
        return texts
    mask = np.zeros(len(texts), bool)
    mask[_numpy(rows)] = True
    new = written if isinstance(written, pa.Array) else pa.array(written, pa.string())
    return pc.replace_with_mask(texts, pa.array(mask), new)


def _segment_column(length: int, found: dict[int, list[Segment]]) -> pa.ListArray:
    """Returns a list of segments for each of `length` rows, most of them empty.

    Args:
      length: how many rows.
      found: segments by row, in the order of the rows.
    """
    counts = np.zeros(length, np.int32)
    counts[list(found)] = [len(segments) for segments in found.values()]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    flat = [segment for segments in found.values() for segment in segments]
    columns = [[segment[n] for segment in flat] for n in range(4)]
    columns.append([None] * len(flat))
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, SEGMENT, strict=True)
    ]
    values = pa.StructArray.from_arrays(arrays, fields=list(SEGMENT))
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=_SEGMENTS.type)


def _refuse_null(batch: pa.RecordBatch, texts: pa.Array) -> pa.RecordBatch:
    """Refuses the rows without text; a source should have done so."""
    error = {
        "step": NormalizeText.__name__,
        "error_type": "no_text",
        "message": "`text` is null; map the column that holds what was said to `text`",
        "payload": None,
    }
    return batches.refuse(
        batch, [[error] if null else None for null in texts.is_null().to_pylist()]
    )
