"""Public addresses of the internet, told from versions and times.

Public are the addresses that IANA's registries call globally reachable; those of
private networks, of the machine itself and of documents stay.
"""

import functools
import ipaddress
import re
from collections.abc import Iterator

Span = tuple[int, int]

_V4 = re.compile(
    r"(?=[0-9])(?:(?<![\w.:-])|(?<=[0-9]-))(?P<address>(?:[0-9]{1,3}\.){3}[0-9]{1,3})"
    r"(?P<place>:[0-9]{1,5}(?![\w.])|/[0-9]{1,2}(?![\w.]))?"
    r"(?!\w|\.\w|[+~]|-(?![0-9]{1,3}\.[0-9]))"
)
_V6 = re.compile(
    r"(?=[23:])(?<![\w:.])(?:[23][0-9a-f]{3}:[0-9a-f:]{1,40}|::ffff:[0-9.]{7,15})(?![\w.]\w)",
    re.I,
)
_VERSION_WORDS = """
version versions release build firmware driver drivers v ver rev revision kernel sdk
firefox chrome chromium safari opera edge brave thunderbird browser webkit electron
windows macos ios android linux ubuntu debian java jdk jre python node php ruby perl
nginx apache tomcat postgres postgresql mysql mariadb redis gcc clang llvm cuda nvidia
unity openssl bump upgrade update upgraded updated downgrade package
"""
_VERSION = re.compile(
    rf"(?:(?:\b(?:{'|'.join(_VERSION_WORDS.split())})|\bv|[=<>~^!]=|[<>~^])"
    r"[ :=(/\"'-]{0,3})$",
    re.I,
)
# What is said about an address, and hardly of a version.
_PLACE = re.compile(
    r"(?:\b(?:ip|ips|ipv4|inet|address|addr|host|ping|pinged|traceroute|ssh|telnet|curl|dns"
    r"|nslookup|whois|gateway|nameserver|peer|banned|blocked)\b(?: is| was)?"
    r"[ :=\[(\"'`]{0,3}|//|@|//\[)$",
    re.I,
)
# A word before an address that names no product.
_SMALL_WORD = re.compile(
    r"\b(?:from|to|at|on|of|via|and|or|is|was|the|by|for|with|in|are|with|server"
    r"|client|node|router|range|network|banned|blocked|between|not|against|like) $",
    re.I,
)
# Between the addresses of a list.
_LISTED = re.compile(r"[\"']?(?:,|;| and| or|\||)\s{0,3}[\"']?")
_NAME = re.compile(r"[A-Za-z][\w.+-]* $")
_BEFORE = 24

HINT = (
    r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"
    r"|(?i:[23][0-9a-f]{3}:[0-9a-f:]|::ffff:)"
)


def find_addresses(text: str) -> Iterator[Span]:
    """Yields public addresses, without ports and lengths of prefixes."""
    end = -1
    for found in _V4.finditer(text):
        listed = end >= 0 and _LISTED.fullmatch(text, end, found.start())
        before = text[max(0, found.start() - _BEFORE) : found.start()]
        if _is_public(found["address"]) and (listed or _is_address(found, before)):
            yield found.span("address")
            end = found.end()
    if ":" in text:
        for found in _V6.finditer(text):
            written = found[0]
            if written.endswith(":") and not written.endswith("::"):
                written = written[:-1]
            if _is_public(written):
                yield found.start(), found.start() + len(written)


def _is_address(found: re.Match[str], before: str) -> bool:
    """Tells an address from a version such as 4.7.2.0.

    Of random addresses 83 % have two parts of three digits, and hardly a version has;
    the second part of many versions is 0.
    """
    written = found["address"]
    if _may_be_named(before) and _VERSION.search(before):
        return False
    if found["place"] or (_may_be_placed(before) and _PLACE.search(before)):
        return True
    parts = written.split(".")
    long = sum(len(part) == 3 for part in parts)
    if long == 0 or parts[1] == "0":
        return False
    if long == 1:
        named = _NAME.search(before) and not _SMALL_WORD.search(before)
        return not named and "0" not in parts
    return True


# To look for a word that ends at the end takes a try at each character.
def _may_be_named(before: str) -> bool:
    """Returns whether `_VERSION` may match: what comes before ends as it does."""
    before = before.removesuffix("\n")
    last = before.rstrip(" :=(/\"'-")[-1:]
    return last.isalpha() or last in "<>~^" or "=" in before[-4:]


def _may_be_placed(before: str) -> bool:
    """Returns whether `_PLACE` may match: what comes before ends as it does."""
    before = before.removesuffix("\n").rstrip(" :=[(\"'`")
    return before[-1:].isalpha() or before.endswith(("/", "@", "v4", "V4"))


# Addresses repeat, in logs above all.
@functools.lru_cache(maxsize=4096)
def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_global
    return address.is_global and not address.is_multicast
