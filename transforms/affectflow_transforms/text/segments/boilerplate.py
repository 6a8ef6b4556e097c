"""Signatures, trailers and what bots say: not what this author feels."""

import re

from affectflow_transforms.text.segments import quotes
from affectflow_transforms.text.segments.base import (
    Family,
    Scan,
    Segment,
    line_of,
    trimmed,
)

_MAX_SIGNATURE = 800
_MAX_LINES = 12
# `--` without its blank is also drawn as a line between paragraphs.
_MAX_LOOSE_LINES = 5
_MAX_LOOSE_WIDTH = 72


# The message that someone answers on top of goes on below the signature.
_ANSWERED = re.compile(
    rf"\n\n(?=[ ]{{0,3}}>|-{{3}}|_{{10}}|{quotes.INTRO} [^\n]{{0,200}}[0-9]"
    r"|From: |Von: |De ?: )"
)


def _take_signature(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes what follows `-- `, if it is as short as a signature."""
    rest = scan.text[opened.start() : opened.start() + _MAX_SIGNATURE + 1]
    rest = _ANSWERED.split(rest, maxsplit=1)[0].rstrip()
    if len(rest) > _MAX_SIGNATURE or rest.count("\n") > _MAX_LINES:
        return None
    if opened[0] == "--" and not _is_short(rest.split("\n")):
        return None
    return Segment("signature", opened.start(), opened.start() + len(rest))


def _is_short(lines: list[str]) -> bool:
    widest = max(map(len, lines))
    return len(lines) <= _MAX_LOOSE_LINES and widest <= _MAX_LOOSE_WIDTH


_MAX_FOOTER_LINES = 15
_ABOUT_LIST = re.compile(
    r"mailing list|unsubscribe|posting guide|majordomo|listinfo|sponsored by"
    r"|subscribed to|list archives|view it on GitHub|automatically generated message"
    r"|sent by Atlassian",
    re.I,
)


def _take_list_footer(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes a line drawn under a mail, and what the list says below it."""
    start = opened.start()
    below = scan.text[opened.end() : opened.end() + _MAX_SIGNATURE]
    lines = below.lstrip("\n").split("\n")
    if not _ABOUT_LIST.search("\n".join(lines[:3])):
        return None
    if scan.text.count("\n", opened.end()) > _MAX_FOOTER_LINES:
        blank = scan.text.find("\n\n", opened.end() + 2)
        return trimmed(scan, "signature", start, scan.size if blank < 0 else blank)
    return trimmed(scan, "signature", start, scan.size)


def _take_line(scan: Scan, opened: re.Match[str]) -> Segment | None:
    return line_of(scan, "signature", opened)


def _take_rest(scan: Scan, opened: re.Match[str]) -> Segment | None:
    return trimmed(scan, "signature", opened.start(), scan.size)


_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?![*_)]{0,3}(?:\s|$)))*+[.!?]?[*_)]{0,3}")


def _take_sentence(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes one sentence: people answer bots on the same line."""
    rest = _SENTENCE.match(scan.text, opened.end())
    end = rest.end() if rest else opened.end()
    return trimmed(scan, "bot", opened.start(), end)


_THREAD = r"(?:issue|pull request|PR|thread|topic|discussion|conversation)"
_BOTS = (
    rf"This {_THREAD} (?:has been|was|is being|will be) automatically "
    r"(?:marked|closed|locked|labell?ed)",
    rf"This {_THREAD} is stale because|This {_THREAD} has been marked as stale",
    r"There (?:hasn't|has not) been any recent activity",
    r"It will be closed (?:if no|in [0-9]+ days)",
    r"If this issue is still (?:relevant|affecting)",
    r"Thank you for your contributions",
    r"Please open a new issue for related bugs",
    r"[*^]{0,3}I(?: am|'m) a bot\b",
    r"This (?:comment|message|PR|issue|action) (?:was|has been) (?:performed )?"
    r"automatically|This bot (?:triages|has)",
    r"Dependabot (?:will|commands|tried)|Merging \[?#[0-9]+\]?.{0,200}? into ",
    r"\[CLA[ -]?assistant",
)

FAMILIES = (
    Family(
        "list_footer",
        r"^[-_=*#.~]{6,200}[ \t]*\n(?=\s{0,3}\S)",
        _take_list_footer,
        r"(?i)mailing list|subscri|posting guide|majordomo|listinfo|sponsored by",
    ),
    Family("signature", r"^-- ?$", _take_signature, r"(?m:^-- ?$)"),
    Family(
        "sent_from",
        r"^(?:Sent from (?:my|Mail|Yahoo|Outlook)|Get Outlook for|Von meinem i"
        r"|Envoyé de(?:puis)? mon|Gesendet von mein|Enviado desde mi"
        r"|Inviato da(?:l mio)? i|Verstuurd vanaf mijn)",
        _take_line,
        r"Sent from|Get Outlook|Von meinem|mon |von mein|desde mi|Inviato|Verstuurd",
    ),
    Family(
        "trailer",
        r"^(?:(?:Signed-off|Co-authored|Reviewed|Acked|Tested|Reported|Suggested"
        r"|Co-developed)-by|Change-Id): ",
        _take_line,
        r"(?i)-by: |Change-Id",
    ),
    Family(
        "mail_footer",
        r"^(?:—\n)?(?:Reply to this email directly|You are receiving this because you"
        r"|You received this message because you are subscribed"
        r"|To unsubscribe(?: from this (?:group|list)(?: and stop|,|:)|:"
        r"|,? (?:e-?mail|visit|send|go to|click))"
        r"|This message was sent by Atlassian"
        r"|This is an automatically generated message"
        r"|This SF\.net email is sponsored by|More majordomo info at"
        r"|PLEASE do read the posting guide"
        r"|[\w.-]{2,40} mailing list(?: --|\n\S{0,3}(?:https?://|\[EMAIL\]))"
        r"|(?:This|The information (?:contained )?in this) e-?mail (?:message )?"
        r"(?:\(?and|is|may|contains)[^\n]{0,200}\b(?:confidential|privileged|intended)"
        r"|(?:CONFIDENTIALITY|DISCLAIMER|Confidentiality Notice)[^\n]{0,40}:"
        r"|Diese E-?Mail (?:kann|enthält|ist)[^\n]{0,80}vertraulich)",
        _take_rest,
        r"Reply to this email|receiving this because|To unsubscribe|(?i)subscribed to"
        r"|by atlassian|automatically generated|sponsored by|majordomo|posting guide"
        r"|mailing list|confidential|privileged|intended|vertraulich",
    ),
    Family(
        "bot",
        rf"(?=[TIPMD*^\[])(?:{'|'.join(_BOTS)})",
        _take_sentence,
        r"automatically|stale|recent activity|will be closed|still (?:relevant|aff)"
        r"|your contributions|related bugs|a bot|This bot|Dependabot|Merging"
        r"|CLA",
    ),
    Family(
        "bot_line",
        r"^(?:Bumps \[|#{1,3} \[Codecov)",
        _take_sentence,
        "(?m:^Bumps)|Codecov",
    ),
)
