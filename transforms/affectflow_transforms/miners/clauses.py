"""An utterance as sentences, clauses and words, in code points of its text.

Everything but the author's own words is masked by as many other code points, so that
positions stay valid in `text`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from affectflow_transforms.miners.addressing import address_end
from affectflow_transforms.miners.phrases.words import STOP

MASK = "\ufffc"
"""Replaces each code point of inline code: something is here, but not words."""

_NAMES = frozenset({"pii", "mention"})
"""Segments that stand for a name: part of the wording, but not words."""
_BLOCKS = frozenset({"quote", "signature", "log", "bot", "template"})
# How much of a line is examined to tell inline code from code on its own line.
_NEAR = 200

_FOLD = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', ord("\u00a0"): " "}
_MARKUP = re.compile(r"`[^`\n]+`|https?://\S+|```.*?(?:```|\Z)", re.DOTALL)
# What stands for a name or a block ("[USER]"): part of the wording, but no word.
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z _]+\]|<[A-Z][A-Z_]+>|@[\w-]+")
# Short codes of emoji, mark-up of forums and trackers: no words, and never cut in two.
_TAG = re.compile(
    r"<?(?<![\w:]):[a-z][\w+-]+:(?:\d+>)?(?![\w:])"
    r"|\[/?(?:quote|code|b|i|u|s|url|img|list|color|size|spoiler)\b[^\]\n]{0,120}\]"
    r"|\{/?(?:quote|code|noformat|color|panel)\b[^}\n]{0,120}\}|</?[a-z][^<>\n]{0,200}>"
)
_TAG_MARKS = (":", "[", "{", "<")
# Words of others and about the message: quotes, attributions, headers, signatures.
_OTHERS = re.compile(
    r"\[quote\b.*?\[/quote\]|\{quote\}.*?\{quote\}"
    r"|^[^\n]{0,120}\b(?:wrote|writes|schrieb)(?: on [^\n:]{0,60})?:[ \t]*$"
    r"|^(?:(?:from|sent|to|cc|subject|date|reply-to): [^\n]*(?:\n|\Z)){2,}|^-- ?\n.*\Z",
    re.MULTILINE | re.DOTALL,
)
_OTHERS_MARKS = ("quote", "wrote", "writes", "schrieb", "subject:", "sent:", "--")
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# A hard wrap: a long line that continues in lower case on the next.
_WRAP = re.compile(r"(?<=[^\n]{60})\n(?=[a-z(])")
_SENTENCE_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!\bcf)[.!?…]+[\"')\]*]*(?=\s|$)"
    r"|\n+[ \t]*(?:[-*+•#]+[ \t]+|\d+[.)][ \t]+)?|;(?=\s)|(?<=\s)[:;]-?[(/|]+(?=\s|$)"
    r"|\s[-–—]{1,3}(?=\s)|—"
)
_CLAUSE_END = re.compile(
    r",\s+(?=(?:and|so|or|yet|which|since|as|though|while|when|if|whereas|however|i|we"
    r"|you|they|it|it's|i'm|i'll|i'd|this|that|that's|there|he|she|thanks|sorry|just"
    r"|then"
    r"|not|but|because|although)\b)"
    r"|\s+(?=(?:but|because|although|though|whereas|unless)\b)"
    r"|\s+\(|\)(?=\s|$)|:(?=\s)"
)
WORD = re.compile(rf"[^\W\d_](?:[\w'-]*\w)?|\d[\w.]*|{MASK}+")
_EDGE_LEFT = re.compile(rf"[^\w{MASK}\"'(@#\[$]+")
_LEADING = re.compile(
    r"(?:(?:_+|and|but|so|or|because|since|also|then|yet|though|although|well|oh|ah"
    r"|hm+|yes"
    r"|yeah|ok|okay|however|which is why|actually|basically|hi|hello|hey|even when"
    r"|even if"
    r"|i (?:think|believe|guess|feel like)(?: that)?(?= \w+ \w)|at this point"
    r"|furthermore"
    r"|moreover|besides|in addition|as such|of course|honestly|to be (?:\w+ )?honest"
    r"|in my opinion|imho|imo|anyway|unfortunately|etc)\b\s*[,:.]*\s+)+"
)
# Where a span that is too long may end, and words it must not end with.
_STOP_HERE = re.compile(
    r"[,;:]\s|\s(?=\(|(?:which|but|because|since|so|while|when|where|if|that|who|until"
    r"|before|after|(?:and|or) (?:i|we|you|it|they|the|then|there|this|that|now))\s)"
)
DANGLING = re.compile(
    r"(?:[\s,;:(]+(?:and|or|but|which|the|an?|because|if|with|of|to|is|are|in|for|at"
    r"|from"
    r"|as|than|that|who|where|when|just))+$"
)
_HANGING = re.compile(r"(?:,?\s(?:and|or|but|which|because)|,\sso)\Z")
_RIGHT = " \t\r\n.,;:!?-–—…*>\"'("
LEAST, MAX_WORDS = 12, 30


@dataclass(frozen=True, slots=True)
class Span:
    """Code points `start` to `end` of a text, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence(Span):
    """A sentence without its terminator; `terminator` is what ended it."""

    terminator: str = ""


def mask(text: str, segments: Sequence[dict[str, Any]] | None) -> str:
    """Returns `text` in lower case, masked, of the same length.

    Segments that are not the author's words become blanks, or line breaks if they
    span lines; inline code becomes `MASK`. Text that no step has segmented is masked
    by its mark-up alone.
    """
    named = _PLACEHOLDER.sub(lambda match: "_" * len(match.group()), text)
    masked = _without_marks(_lower(named.translate(_FOLD)))
    if segments is None:
        masked = _MARKUP.sub(_mask_markup, masked)
        masked = _QUOTED_LINE.sub(lambda match: "\n" * len(match.group()), masked)
    else:
        masked = _mask_segments(masked, segments)
    return _WRAP.sub(" ", masked)


def _without_marks(masked: str) -> str:
    if any(mark in masked for mark in _OTHERS_MARKS):
        masked = _OTHERS.sub(lambda match: "\n" * len(match.group()), masked)
    if any(mark in masked for mark in _TAG_MARKS):
        masked = _TAG.sub(lambda match: " " * len(match.group()), masked)
    return masked


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    # Some capitals become two code points in lower case, which would shift every
    # offset.
    return "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


def _mask_markup(match: re.Match[str]) -> str:
    found = match.group()
    if "\n" in found:
        return "\n" * len(found)
    return (MASK if found[0] == "`" else " ") * len(found)


def _mask_segments(text: str, segments: Sequence[dict[str, Any]]) -> str:
    masked = list(text)
    for segment in segments:
        start, end = segment["start"], segment["end"]
        if start is None or end is None:
            continue
        start, end = max(start, 0), min(end, len(text))
        if start < end:
            masked[start:end] = _filler(text, segment["type"], start, end)
    return "".join(masked)


def _filler(text: str, type_: str | None, start: int, end: int) -> str:
    size = end - start
    if type_ in _NAMES:
        return "_" * size
    if "\n" in text[start:end] or type_ in _BLOCKS:
        return "\n" * size
    return (MASK if type_ == "code" and _is_inline(text, start, end) else " ") * size


def _is_inline(text: str, start: int, end: int) -> bool:
    """Returns whether there are other words on the line of a segment."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    around = (
        text[max(line_start, start - _NEAR) : start]
        + text[end : min(line_end, end + _NEAR)]
    )
    return bool(around.strip())


@dataclass(eq=False)
class Reading:
    """The author's words of one utterance; its parts are found on first use.

    Two readings are never equal, so that findings can be cached by reading.
    """

    text: str
    segments: Sequence[dict[str, Any]] | None = None
    marks: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def masked(self) -> str:
        """The text in lower case with what is not the author's own words masked."""
        return mask(self.text, self.segments)

    @cached_property
    def _opening(self) -> int:
        """Where the words begin, after the people a chat message addresses."""
        return address_end(self.text)

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Sentences that contain a word, in order."""
        return list(_sentences(self.masked))

    @cached_property
    def clauses(self) -> list[list[Span]]:
        """Clauses of each sentence."""
        return [list(_clauses(self.masked, each)) for each in self.sentences]

    @cached_property
    def _words(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Starts, ends and running counts of content and code words."""
        starts, ends, content, spoken = [], [], [0], [0]
        for match in WORD.finditer(self.masked):
            word = match.group()
            starts.append(match.start())
            ends.append(match.end())
            code = word[0] == MASK
            telling = code or (len(word) > 1 and word not in STOP)
            content.append(content[-1] + telling)
            spoken.append(spoken[-1] + (not code))
        return starts, ends, content, spoken

    def count(self, span: Span) -> tuple[int, int]:
        """Returns the number of words in a span, and of content words.

        A span of code alone has none.
        """
        starts, _, content, spoken = self._words
        first, last = bisect_left(starts, span.start), bisect_left(starts, span.end)
        if spoken[last] == spoken[first]:
            return last - first, 0
        return last - first, content[last] - content[first]

    def trim(self, start: int, end: int) -> Span | None:
        """Returns the span without leading connectives and trailing punctuation.

        Nor does it begin with whom the message addresses.
        At most `MAX_WORDS` whole words; None if nothing is left.
        """
        masked = self.masked
        start = min(max(start, self._opening), end)
        edge = _EDGE_LEFT.match(masked, start, end)
        start = edge.end() if edge else start
        leading = _LEADING.match(masked, start, end)
        start = leading.end() if leading else start
        if masked.count(" ", start, end) > 2 * MAX_WORDS // 3:  # else it is short
            end = self._shortened(start, end)
        while end > start and masked[end - 1] in _RIGHT:
            end -= 1
        hanging = _HANGING.search(masked, start, end)
        end = hanging.start() if hanging else end
        end = _close(masked, start, end)
        return Span(start, end) if end > start else None

    def _shortened(self, start: int, end: int) -> int:
        starts, ends, _, _ = self._words
        first = bisect_left(starts, start)
        if first + MAX_WORDS < len(starts) and starts[first + MAX_WORDS] < end:
            least, most = starts[first + LEAST], ends[first + MAX_WORDS - 1]
            return _shorten(self.masked, least, most)
        return end


def _close(masked: str, start: int, end: int) -> int:
    """Includes the mark that closes a quotation or bracket in the span."""
    if masked[start:end].count('"') % 2 and masked[end : end + 1] == '"':
        return end + 1
    opened = masked.rfind("(", start, end)
    if opened <= masked.rfind(")", start, end) or opened < 0:
        return end
    if masked[end : end + 1] == ")":
        return end + 1
    return len(masked[:opened].rstrip()) if opened - start > 20 else end


def _shorten(masked: str, least: int, end: int) -> int:
    """Returns where to end a span that is too long: not within a phrase."""
    turns = [turn.start() for turn in _STOP_HERE.finditer(masked, least, end)]
    end = turns[-1] if turns else end
    dangling = DANGLING.search(masked, least, end)
    return dangling.start() if dangling else end


def _sentences(masked: str) -> Iterator[Sentence]:
    start = 0
    for match in _SENTENCE_END.finditer(masked):
        if WORD.search(masked, start, match.start()):
            yield Sentence(start, match.start(), match.group().strip())
        start = match.end()
    if WORD.search(masked, start):
        yield Sentence(start, len(masked), "")


def _clauses(masked: str, sentence: Sentence) -> Iterator[Span]:
    start = sentence.start
    for match in _CLAUSE_END.finditer(masked, sentence.start, sentence.end):
        if match.start() > start:
            yield Span(start, match.start())
        start = match.end()
    if sentence.end > start:
        yield Span(start, sentence.end)
