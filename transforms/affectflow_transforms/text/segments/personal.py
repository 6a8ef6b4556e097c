"""Personal data: what is replaced by a placeholder, and the placeholders."""

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Iterator

from affectflow_transforms.text.segments import addresses
from affectflow_transforms.text.segments.base import Segment

PLACEHOLDER = r"\[(?:USER|EMAIL|PHONE|SECRET|IP)\]"
MENTION = "[USER]"

# Words that follow `@` in code and in groups, and name nobody.
_NOBODY_WORDS = """
here channel everyone all team override overload test test_ before after autowired
component service controller bean entity table column id param params return returns
see link since deprecated todo throws throw author property staticmethod classmethod
dataclass abstractmethod media import charset keyframes font-face supports extends
include mixin if else end media-query types type babel angular vue nestjs latest next
beta alpha canary rc master main head nullable notnull nonnull inject injectable input
output directive pipe ngmodule get post put delete requestmapping getmapping
postmapping pathvariable requestparam suppresswarnings functionalinterface safevarargs
slf4j data builder getter setter value configuration springbootapplication
transactional repository jsonproperty mock injectmocks beforeeach aftereach beforeall
afterall ignore disabled parameterizedtest objc escaping available main_actor
mainactor state binding published discardableresult testable inlinable private
protected public internal pytest app click functools property_ cached_property api
group example summary description default ts-ignore ts-expect-error ts-nocheck jsx
flow format lru_cache client server page model section yield layout foreach endif
endforeach
"""

_NOBODY = frozenset(_NOBODY_WORDS.split())

# The lookbehinds make every pattern start at the first character of a word only; so a
# line of a million letters costs one try, not a million.
_EMAIL = re.compile(
    r"(?<![\w.+%/@-])[\w.+%-]{1,64}+@(?![0-9]+\.[0-9])"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}\b"
    r"(?!:[\w/~])(?![\w@-])"
)
_SECRET = re.compile(
    r"(?<![\w-])(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}"
    r"|A(?:KIA|SIA)[0-9A-Z]{16}|xox[abeprs]-[A-Za-z0-9-]{10,250}"
    r"|sk-[A-Za-z0-9_-]{20,200}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}"
    r"|glpat-[\w-]{20,60}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z]{30,60}"
    r"|pypi-[\w-]{50,250}|SG\.[\w-]{16,40}\.[\w-]{16,80}"
    r"|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000})(?![\w-])"
)
_PASSWORD = re.compile(r"(?<=://)[^\s/:@\[\]]{1,100}:([^\s/:@\[\]]{1,200})(?=@[\w.-])")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{1,20000}-----END [A-Z ]{0,30}"
    r"PRIVATE KEY-----"
)
_PHONE = re.compile(
    r"(?<![\w.+#/=-])(?:\+[0-9]{1,3}(?:[ .-]?\(?[0-9]{1,4}\)?){2,6}"
    r"|\([0-9]{3}\) ?[0-9]{3}[ .-][0-9]{4}|[0-9]{3}-[0-9]{3}-[0-9]{4})"
    r"(?![\w-]|[.:][0-9])"
)
_IP = re.compile(
    r"(?<![\w.:-])(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
    r"|2[0-9a-f]{3}:(?:[0-9a-f]{0,4}:){2,6}[0-9a-f]{1,4})(?![\w-]|[.:][\w])",
    re.I,
)
_IP_IN_URL = re.compile(r"(?<=//)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?=[:/\s]|$)")
_MENTION = re.compile(
    r"(?<![\w.@/`:=+-])@(?!v?[0-9]+(?:[.\sx)]|\b))"
    r"([A-Za-z0-9][\w-]{0,38}(?:\.[a-z][\w-]{1,38})?)(?![\w/(=@]|\.\w+[(.])"
    r"|<@!?[A-Z0-9]{5,25}(?:\|[^<>\n]{1,80})?>"
    r"|(?<![\w/.-])/?u/[A-Za-z0-9_-]{3,20}\b"
)
_VERSION = re.compile(r"(?:version|release|build|firmware|driver|v)[ :=]{0,3}$", re.I)

HINT = (
    rf"{addresses.HINT}|"
    r"@|://|\bu/\w|\[(?:USER|EMAIL|PHONE|SECRET|IP)\]"
    r"|gh[pousr]_|github_pat_|AKIA|ASIA|xox[abeprs]-|sk-|[rs]k_|glpat-|AIza|npm_|hf_"
    r"|pypi-|SG\.|eyJ|PRIVATE KEY|\+[0-9]{1,3}[ .(-]?[0-9]|\([0-9]{3}\)"
    r"|[0-9]{3}-[0-9]{3}-|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
    r"|(?i)[0-9a-f]:[0-9a-f]{0,4}:"
)

Mask = tuple[int, int, str]


def mask_personal(text: str, segments: list[Segment], *, mentions: bool) -> str:
    """Returns `text` with personal data replaced by placeholders.

    E-mail addresses, secrets and public network addresses go everywhere; telephone
    numbers and account names stay in code, logs and links, where the same characters
    mean something else.
    """
    masks = [*_everywhere(text), *_in_prose(text, segments, mentions)]
    if not masks:
        return text
    pieces, end = [], 0
    for start, stop, placeholder in sorted(masks):
        if start >= end:
            pieces += [text[end:start], placeholder]
            end = stop
    return "".join([*pieces, text[end:]])


def _everywhere(text: str) -> Iterator[Mask]:
    if "@" in text:
        yield from ((*m.span(), "[EMAIL]") for m in _EMAIL.finditer(text))
        yield from ((*m.span(1), "[SECRET]") for m in _PASSWORD.finditer(text))
    yield from ((*m.span(), "[SECRET]") for m in _SECRET.finditer(text))
    if "PRIVATE KEY-" in text:
        yield from ((*m.span(), "[SECRET]") for m in _KEY.finditer(text))
    for pattern in (_IP, _IP_IN_URL):
        for found in pattern.finditer(text):
            if _is_public_address(found[0], text[: found.start()][-12:]):
                yield (*found.span(), "[IP]")


def _is_public_address(written: str, before: str) -> bool:
    """Tells an address from a version such as 4.7.2.0 and a time such as 10:00:01.

    Of all addresses 98 % have a part of three digits, and hardly a version has.
    """
    if _VERSION.search(before):
        return False
    if ":" in written:
        if "::" not in written and not re.search("[a-f]", written, re.I):
            return False
    elif not any(len(part) == 3 for part in written.split(".")):
        return False
    try:
        return ipaddress.ip_address(written).is_global
    except ValueError:
        return False


_NOT_PROSE = frozenset({"code", "log", "link", "html"})


def _in_prose(text: str, segments: list[Segment], mentions: bool) -> Iterator[Mask]:
    found = [
        *((*span, "[PHONE]") for span in _phones(text)),
        *((*span, MENTION) for span in (mention_spans(text) if mentions else ())),
    ]
    closed = [s for s in segments if s.type in _NOT_PROSE]
    ends = [segment.end for segment in closed]
    for start, end, placeholder in found:
        behind = bisect_right(ends, start)
        if behind == len(closed) or end <= closed[behind].start:
            yield start, end, placeholder


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for found in _PHONE.finditer(text):
        digits = sum(char.isdigit() for char in found[0])
        if 9 <= digits <= 15:
            yield found.span()


def mention_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yields where accounts are addressed: `@name`, `<@U123>`, `u/name`, `name_1: `."""
    if address := addresses.address_span(text):
        yield address
    for found in _MENTION.finditer(text):
        if _is_account(found):
            yield found.span()


def mention_at(text: str, start: int, end: int) -> int | None:
    """Returns where the mention that begins at `start` ends; None if none does."""
    found = _MENTION.match(text, start, end)
    return found.end() if found and _is_account(found) else None


def _is_account(found: re.Match[str]) -> bool:
    name = (found[1] or "").partition(".")[0].lower().rstrip("-_")
    return name not in _NOBODY
