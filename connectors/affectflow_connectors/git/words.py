"""The words of a commit's author: its message without trailers and git's own text."""

import re
from collections import Counter, defaultdict
from typing import NamedTuple

# Tokens whose lines speak of people are counted; those of things are kept.
_PERSON = re.compile(
    r"^[ \t]*(?:[A-Z][\w-]*-(?:by|to)|Cc|CC|Co-authored-by|co-authored-by)"
    r"[ \t]*:[ \t]*\S.*?<[^<>]*>.*$"
)
_TRAILER = re.compile(
    r"^([A-Za-z][\w-]*(?: [A-Z][\w-]*)?)[ \t]*(?::|(?= #\d))[ \t]*(.+)$"
)
_TOKENS = frozenset(
    (
        *("bug", "bug-url", "change-id", "close", "closes", "closed", "commit-queue"),
        *("cq-include-trybots", "depends-on", "differential-revision", "fix", "fixes"),
        *("fixed", "former-commit-id", "gerrit-change-number", "git-svn-id", "issue"),
        *("issue-id", "issues", "jira", "link", "pr", "pr-url", "pull-request", "ref"),
        *("refs", "references", "related", "related-bug", "related-to", "resolve"),
        *("resolves", "resolved", "reviewed-on", "see-also", "task", "ticket", "url"),
    )
)
_BY = re.compile(r"(?:^|-)(?:by|to)$|^cc$")
_REVERTED = re.compile(
    r"(?m)^This reverts commit [0-9a-f]{7,64}"
    r"(?:,?\s+reversing\s+changes\s+made\s+to\s+[0-9a-f]{7,64})?\.?[ \t]*$"
)
_OTHERS = re.compile(
    r"^(?:\(cherry[- ]picked from commit [0-9a-f]{7,64}\)?.*"
    r"|\[ ?Upstream commit [0-9a-f]{7,64} ?\]"
    r"|(?:\[ )?commit [0-9a-f]{12,64} upstream\.?(?: \])?"
    r"|\(rebased from commit [0-9a-f]{7,64}\))$",
    re.I,
)
_REVERT = re.compile(r'^(?:Revert|Reapply|Roll ?back|Back out) ".*"$')
_MERGE = re.compile(
    r"^(?:Merged? (?:branch|branches|remote-tracking branch|remote branch|tag|commit|"
    r"pull request|PR|MR|changes from|in|request) .*|Merge [0-9a-f]{7,64} into .*|"
    r"Merge:? [\w./-]+ (?:into|to|from) \S+|Auto merge of #\d+ .*|Merge)$"
)
_PULL = re.compile(r"(pull request #\d+ from )[\w-]+(?=[/:])")
_CONFLICTS = re.compile(r"(?m)^(?:# )?Conflicts:\n((?:#?\t.*\n?|# {2,}.*\n?)+)")
_RULE = re.compile(r"-{3,}\s*")
_SHORT = re.compile(r"^.{0,200}$")


class Words(NamedTuple):
    """The parts of a message.

    `text` is what the author says, with the words of others and of git as quotes.
    """

    text: str
    title: str | None
    attrs: dict[str, str]
    merge: bool


def words_of(message: str) -> Words:
    r"""Returns a message without its trailers.

    >>> words_of('Revert "Oil it"\n\nThis reverts commit 0123abc.\n\nIt fell.').text
    '> Revert "Oil it"\n\n> This reverts commit 0123abc.\n\nIt fell.'
    """
    text = message.replace("\r\n", "\n").strip("\n")
    text, attrs = _without_conflicts(text)
    text, trailers = _without_trailers(text)
    subject, _, rest = text.partition("\n")
    merge = _MERGE.match(subject) is not None
    by_git = merge or _REVERT.match(subject) is not None
    title = None if by_git or not _SHORT.match(subject) else subject.strip()
    shown = "> " + _PULL.sub(r"\1[USER]", subject) if by_git else subject
    rest = _REVERTED.sub(_quoted, rest)
    lines = (f"> {line}" if _OTHERS.match(line) else line for line in rest.split("\n"))
    whole = "\n".join([shown, *lines]).strip()
    return Words(whole, title or None, attrs | trailers, merge)


def _quoted(match: re.Match[str]) -> str:
    return "\n".join(f"> {line}" for line in match[0].split("\n"))


def _without_conflicts(text: str) -> tuple[str, dict[str, str]]:
    """Returns a text without the list of files that git writes into a merge."""
    found = _CONFLICTS.search(text)
    if not found:
        return text, {}
    names = (line.strip("# \t") for line in found[1].splitlines())
    conflicts = ", ".join(name for name in names if name)
    rest = text[: found.start()] + text[found.end() :]
    return rest.strip(), {"conflicts": conflicts[:500]}


def _without_trailers(text: str) -> tuple[str, dict[str, str]]:
    """Returns a text without the paragraphs of trailers that it ends with.

    Lines that name a person as trailers do are never the author's words.
    """
    people, things = Counter[str](), defaultdict[str, list[str]](list)
    parts = re.split(r"\n[ \t]*\n", text.strip())
    while len(parts) > 1 and (found := _trailers(parts[-1])):
        parts.pop()
        for token, value in found:
            if _BY.search(token) or "@" in value or "<" in value:
                people[token] += 1
            else:
                things[token].append(value)
    subject, *lines = "\n\n".join(parts).split("\n")
    people.update(_token(x.partition(":")[0]) for x in lines if _PERSON.match(x))
    kept = [subject, *(line for line in lines if not _PERSON.match(line))]
    said = {token: str(count) for token, count in people.items()}
    said |= {token: ", ".join(values) for token, values in things.items()}
    attrs = {f"trailer.{token}": value for token, value in said.items()}
    # GitHub draws a line before the trailers of what it squashes.
    while len(kept) > 1 and (not kept[-1].strip() or _RULE.fullmatch(kept[-1])):
        kept.pop()
    return "\n".join(kept).strip(), attrs


def _trailers(part: str) -> list[tuple[str, str]]:
    """Returns the trailers of a paragraph; none if it holds anything else."""
    found: list[tuple[str, str]] = []
    for line in part.split("\n"):
        if found and line[:1] in (" ", "\t"):
            continue  # the line before goes on
        match = _TRAILER.match(line)
        if not match:
            return []
        found.append((_token(match[1]), match[2].strip()))
    known = [t for t, _ in found if t in _TOKENS or _BY.search(t)]
    return found if len(known) * 2 >= len(found) else []


def _token(text: str) -> str:
    return text.strip().lower().replace(" ", "-")
