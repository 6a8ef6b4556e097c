"""E-mail addresses (RFC 5322, RFC 6531), also as people hide them from robots."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"(?:xn--[A-Za-z0-9-]{2,59}|[^\W\d_]{2,24})"
DOMAIN = rf"(?:{_LABEL}\.){{1,6}}{_TOP}"

# The lookbehinds make every pattern start at the first character of a word only; so a
# line of a million letters costs one try, not a million.
_PLAIN = re.compile(
    r"(?:(?<![\w.+%/@-])[\w+%.-][\w.+%'-]{0,63}+|(?<![\w\"])\"[^\"\n]{1,64}\")@"
    rf"(?:(?![0-9]+\.[0-9]){DOMAIN}\b(?!:[\w/~])(?![\w@(-])"
    r"|\[(?:IPv6:)?[0-9a-fA-F.:]{3,45}\])"
)
_BRACKET_AT = r" ?[(\[{]\s?at\s?[)\]}] ?"
_BRACKET_DOT = r" ?[(\[{]\s?(?:dot|\.)\s?[)\]}] ?"
_HIDDEN = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}+"
    rf"(?:{_BRACKET_AT}(?:{_LABEL}(?:\.|{_BRACKET_DOT}| dot )){{1,6}}"
    rf"| at (?:{_LABEL} dot ){{1,6}}){_TOP}\b",
    re.I,
)
_HIDES = re.compile(r"[(\[{]\s?at\s?[)\]}]| at [^ ]+ dot ", re.I)
# Endings of files and units that stand behind an `@`, and are not top-level domains.
_FILE_ENDINGS = """
png jpg jpeg gif svg webp bmp ico avif tgz gz bz2 xz tar jar whl egg deb rpm dmg exe
dll service socket timer target mount slice device js ts jsx tsx css scss html json
xml yml yaml txt log java kt cpp hpp git local localdomain internal lan
"""
_FILES = frozenset(_FILE_ENDINGS.split())

HINT = r"[^\s@]@[^\s@]|(?i:[(\[{]\s?at\s?[)\]}]| at [\w.-]+ dot )"


def find_mail(text: str) -> Iterator[Span]:
    """Yields e-mail addresses."""
    if "@" in text:
        for found in _PLAIN.finditer(text):
            if found[0].rpartition(".")[2].lower() not in _FILES:
                yield found.span()
    if _HIDES.search(text):
        yield from (found.span() for found in _HIDDEN.finditer(text))
