"""NormalizeText: text made clean, personal data replaced, segments found."""

import functools
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar

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
    ALL,
    ALL_FAMILIES,
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
_LONG = 10_000


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

    Where the batch has `kind`, `source` or `container`, they tell messages of chats,
    which may begin with an account (`mike42: text`); without them nothing is one.

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
                f"mentions must be 'placeholder' or 'keep', not {self.mentions!r}"
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
    bits = detectors(texts)
    rows = _rows(pc.or_(may_have_segments(texts), pa.array(bits != 0)))
    chosen = texts.take(rows)
    columns = (
        chosen.to_pylist(),
        chats.take(rows).to_pylist() if chats else [False] * len(rows),
        bits[_numpy(rows)].tolist(),
        families(chosen).tolist(),
    )
    written, found = [], []
    for text, chat, may_mask, may_type in zip(*columns, strict=True):
        text, segments = normalize_text(
            text,
            mask_mentions=mask_mentions,
            chat=chat,
            may_mask=may_mask,
            may_type=may_type,
        )
        written.append(text)
        found.append(segments)
    return _replaced(texts, rows, written), _segment_column(len(texts), rows, found)


def normalize_text(
    text: str,
    *,
    mask_mentions: bool = True,
    chat: bool = False,
    may_mask: int = ALL,
    may_type: int = ALL_FAMILIES,
) -> tuple[str, list[Segment]]:
    """Returns one text, clean and with personal data replaced, and its segments.

    Args:
      text: as it was written, but for what `clean` does.
      mask_mentions: whether accounts are replaced.
      chat: whether it is a message of a chat.
      may_mask: bits of the detectors that may find something, see `detectors`.
      may_type: bits of the families that may begin in it, see `families`.
    """
    for _ in range(_MAX_ROUNDS):
        segments = find_segments(text, chat=chat, bits=may_type)
        masked = mask_personal(
            text, segments, mentions=mask_mentions, chat=chat, bits=may_mask
        )
        if masked == text:
            return text, segments
        # What was replaced may have hidden something from the hints.
        text = clean(masked)
        may_mask, may_type = _may_have(text)
    return text, find_segments(text, chat=chat)


def _may_have(text: str) -> tuple[int, int]:
    """Returns the bits of `detectors` and `families`; all, if looking is not worth it.

    A call of Arrow takes as long as a search in a short text.
    """
    if len(text) < _LONG:
        return ALL, ALL_FAMILIES
    column = pa.array([text])
    return int(detectors(column)[0]), int(families(column)[0])


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


def _segment_column(
    length: int, rows: pa.Array, found: list[list[Segment]]
) -> pa.ListArray:
    """Returns a list of segments for each of `length` rows, most of them empty."""
    counts = np.zeros(length, np.int32)
    counts[_numpy(rows)] = [len(segments) for segments in found]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    flat = [segment for segments in found for segment in segments]
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
