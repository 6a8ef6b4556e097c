"""Personal data: what is replaced by a placeholder, and the placeholders.

Each detector yields spans of the text as it stands; where spans overlap the detector that
says more wins, and all are replaced at once. So no placeholder is cut into another.
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

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

PLACEHOLDER = r"\[(?:USER|EMAIL|PHONE|SECRET|IP)\]"
MENTION = "[USER]"

_PLACED = re.compile(PLACEHOLDER)
Span = tuple[int, int]

# In the order of precedence: a password in a URL may hold an `@`, a cookie a token.
_EVERYWHERE: tuple[tuple[Callable[[str], Iterable[Span]], str], ...] = (
    (credentials.find_keys, "[SECRET]"),
    (credentials.find_url_passwords, "[SECRET]"),
    (credentials.find_header_secrets, "[SECRET]"),
    (credentials.find_tokens, "[SECRET]"),
    (credentials.find_named_secrets, "[SECRET]"),
    (credentials.find_passwords, "[SECRET]"),
)
_ADDRESSES: tuple[tuple[Callable[[str], Iterable[Span]], str], ...] = (
    (mail.find_mail, "[EMAIL]"),
    (networks.find_addresses, "[IP]"),
)
_IN_PROSE: tuple[tuple[Callable[[str], Iterable[Span]], str], ...] = (
    (payments.find_payments, "[SECRET]"),
    (phones.find_phones, "[PHONE]"),
)

HINT = "|".join(
    [
        addresses.HINT,
        PLACEHOLDER,
        *(m.HINT for m in (credentials, mail, mentions, networks, payments, phones)),
    ]
)

_NOT_PROSE = frozenset({"code", "log", "link", "html"})


def mask_personal(
    text: str, segments: list[Segment], *, mentions: bool, chat: bool = False
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
    """
    taken = _Taken(text)
    for find, placeholder in _EVERYWHERE:
        taken.add(find(text), placeholder)
    prose = _Prose(segments)
    if mentions:
        taken.add(filter(prose.holds, _accounts(text, chat)), MENTION)
    for find, placeholder in _ADDRESSES:
        taken.add(find(text), placeholder)
    for find, placeholder in _IN_PROSE:
        taken.add(filter(prose.holds, find(text)), placeholder)
    return taken.replaced()


def _accounts(text: str, chat: bool) -> Iterator[Span]:
    if chat and (address := addresses.address_span(text)):
        yield address
    yield from mentions.find_mentions(text)


class _Taken:
    """The spans that are replaced, disjoint; placeholders that stand there are kept."""

    def __init__(self, text: str):
        self._text = text
        self._masks = [(*m.span(), m[0]) for m in _PLACED.finditer(text)]

    def add(self, spans: Iterable[Span], placeholder: str) -> None:
        """Takes the spans that overlap none that is taken."""
        for start, end in spans:
            place = bisect_left(self._masks, (start, end, ""))
            before = self._masks[place - 1][1] if place else 0
            after = self._masks[place][0] if place < len(self._masks) else end
            if before <= start and end <= after:
                insort(self._masks, (start, end, placeholder))

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

    def holds(self, span: Span) -> bool:
        """Returns whether a span touches nothing but prose."""
        behind = bisect_right(self._ends, span[0])
        return behind == len(self._closed) or span[1] <= self._closed[behind].start
