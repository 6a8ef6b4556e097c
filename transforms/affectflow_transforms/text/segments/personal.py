"""Personal data: what is replaced by a placeholder, and the placeholders.

Each detector yields spans of the text as it is. Where spans overlap, the more specific
detector wins, and all are replaced at once, so placeholders never cut into each other.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.text.segments import (
    addresses,
    credentials,
    mail,
    mentions,
    networks,
    payments,
    phones,
)
from affectflow_transforms.text.segments.base import Segment

PLACEHOLDER = r"\[(?:USER|EMAIL|PHONE|SECRET|IP|PERSON|PLACE)\]"
MENTION = "[USER]"

_PLACED = re.compile(PLACEHOLDER)
Span = tuple[int, int]


class _Detector(NamedTuple):
    """What finds one kind of personal data.

    `hints` are the cheap tests that Arrow runs over whole columns (RE2 syntax): in a
    text that none of them matches there is nothing to find. `chat` limits it to chats,
    `prose` to what is not code, logs or links.
    """

    hints: tuple[str, ...]
    finds: tuple[Callable[[str], Iterable[Span]], ...]
    placeholder: str
    prose: bool = False
    chat: bool = False


# In order of precedence: a password in a URL may hold an `@`, a cookie an address.
_DETECTORS = (
    _Detector(credentials.HINTS, credentials.FINDS, "[SECRET]"),
    _Detector((addresses.HINT,), (addresses.find_address,), MENTION, True, True),
    _Detector((mentions.HINT,), (mentions.find_mentions,), MENTION, True),
    _Detector((mail.HINT,), (mail.find_mail,), "[EMAIL]"),
    _Detector((networks.HINT,), (networks.find_addresses,), "[IP]"),
    _Detector((payments.HINT,), (payments.find_payments,), "[SECRET]", True),
    _Detector((phones.HINT,), (phones.find_phones,), "[PHONE]", True),
)
ALL = (1 << len(_DETECTORS)) - 1
"""The bits of all detectors, see `detectors`."""

_NOT_PROSE = frozenset({"code", "log", "link", "html"})


def detectors(texts: pa.Array) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Returns, for each text, the bits of the detectors that may find something in it.

    A text whose value is 0 has no personal data; nor has null.
    """
    bits = np.zeros(len(texts), np.int64)
    for place, detector in enumerate(_DETECTORS):
        # One by one: all hints in one expression take RE2 several times as long.
        for hint in detector.hints:
            may = pc.fill_null(pc.match_substring_regex(texts, hint), False)
            bits |= np.asarray(may.to_numpy(zero_copy_only=False), np.int64) << place
    return bits


def mask_personal(
    text: str,
    segments: list[Segment],
    *,
    mentions: bool,
    chat: bool = False,
    bits: int = ALL,
) -> str:
    """Returns `text` with personal data replaced by placeholders.

    E-mail addresses, secrets and public network addresses go everywhere; numbers of
    telephones, cards and bank accounts, and account names stay in code, logs and links,
    where the same characters mean something else.

    Args:
      text: clean, see `clean`.
      segments: of the text.
      mentions: whether accounts are replaced.
      chat: whether the text is a message of a chat, which may begin with an account.
      bits: of the detectors that may find something in it, see `detectors`.
    """
    if not bits:
        return text
    taken, prose = _Taken(text), _Prose(segments)
    for place, detector in enumerate(_DETECTORS):
        if not bits >> place & 1 or (detector.chat and not chat):
            continue
        if detector.placeholder == MENTION and not mentions:
            continue
        for find in detector.finds:
            taken.add(
                prose.of(find(text)) if detector.prose else find(text),
                detector.placeholder,
            )
    return taken.replaced()


class _Taken:
    """The spans that are replaced, disjoint; placeholders that are there are kept."""

    def __init__(self, text: str):
        self._text = text
        self._masks = [(*m.span(), m[0]) for m in _PLACED.finditer(text)]

    def add(self, spans: Iterable[Span], placeholder: str) -> None:
        """Takes the spans that overlap none that is taken."""
        # One by one they would be put into the middle of a list that may be long.
        rising: list[tuple[int, int, str]] = []
        for start, end in spans:
            if rising and start < rising[-1][1]:
                self._masks, rising = sorted([*self._masks, *rising]), []
            if not self._masks or self._is_free(start, end):
                rising.append((start, end, placeholder))
        if rising:
            self._masks = sorted([*self._masks, *rising])

    def _is_free(self, start: int, end: int) -> bool:
        place = bisect_left(self._masks, (start, end, ""))
        before = self._masks[place - 1][1] if place else 0
        after = self._masks[place][0] if place < len(self._masks) else end
        return before <= start and end <= after

    def replaced(self) -> str:
        """Returns the text with all spans replaced."""
        pieces, end = [], 0
        for start, stop, placeholder in self._masks:
            pieces += [self._text[end:start], placeholder]
            end = stop
        return "".join([*pieces, self._text[end:]])


class _Prose:
    """Where a text is prose: outside code, logs, links and tags."""

    def __init__(self, segments: list[Segment]):
        self._closed = [s for s in segments if s.type in _NOT_PROSE]
        self._ends = [segment.end for segment in self._closed]

    def of(self, spans: Iterable[Span]) -> Iterable[Span]:
        """Returns the spans that touch nothing but prose."""
        return filter(self._holds, spans) if self._closed else spans

    def _holds(self, span: Span) -> bool:
        behind = bisect_right(self._ends, span[0])
        return behind == len(self._closed) or span[1] <= self._closed[behind].start
