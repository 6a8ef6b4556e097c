"""The text of `git log`, in any of its own formats that name the author."""

import re
from collections.abc import Sequence

from affectflow_connectors.git.commits import Change, Commit

_COMMIT = re.compile(r"commit ([0-9a-f]{7,64})\b(.*)$")
_BEGINS = re.compile(rb"commit [0-9a-f]{7,64}\b")
# A graph of more branches is not drawn in lines.
_BEGINS_DRAWN = re.compile(
    rb"[*|\\/_ .-]{0,200}\*[*|\\/_ .-]{0,200} commit [0-9a-f]{7,64}\b"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_COLOURS = re.compile(rb"\x1b\[[0-9;]*[mK]")
_HEADER = re.compile(r"([A-Za-z]+):? +(.*)$")
_RAW_PERSON = re.compile(r"(.*?<.*?>) (\d+ [+-]\d{4})$")
_COUNT = re.compile(r"(\d+|-)\t(\d+|-)\t")
_SUMMARY = re.compile(
    r" (\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?"
)
_INDENT = "    "


def begins_commit(line: bytes, drawn: bool) -> bool:
    """Returns whether a line is the first of a commit.

    Args:
      line: of the log.
      drawn: whether the log is one with a graph before its lines.
    """
    bare = _COLOURS.sub(b"", line) if b"\x1b" in line else line
    if not drawn:
        return bare.startswith(b"commit ") and bool(_BEGINS.match(bare))
    return bool(_BEGINS_DRAWN.match(bare))


def is_drawn(head: bytes) -> bool:
    """Returns whether the first commit of a log is drawn with a graph."""
    lines = (_COLOURS.sub(b"", line) for line in head.split(b"\n"))
    first = next((line for line in lines if b"commit " in line), b"")
    return not first.startswith(b"commit ")


def commit_of(lines: Sequence[str]) -> Commit:
    """Returns the commit that some lines of a log are about.

    Notes, differences, and lists of files are skipped; added and removed lines are
    counted where they are listed.
    """
    first, *rest = (_COLOUR.sub("", x) if "\x1b" in x else x for x in lines)
    width = first.find("commit ")
    found = _COMMIT.match(first[max(width, 0) :])
    entry = _Entry(found[1] if found else "", found[2] if found else "")
    for line in rest:
        # Of a graph, each line of a commit is drawn as wide as its first.
        entry.add(line[width:] if width > 0 else line)
    return entry.commit()


class _Entry:
    """One commit, as it is read line by line."""

    def __init__(self, id_: str, rest: str):
        self._id = id_
        self._headers: dict[str, str] = {}
        self._parents = len(re.findall(r"(?<= )[0-9a-f]{7,64}\b", rest)) or None
        self._message: list[str] = []
        self._part = "headers"
        self._counts = Change()
        self._counted = False

    def add(self, line: str) -> None:
        if self._part == "headers":
            self._add_header(line)
        elif self._part == "message":
            self._add_text(line)
        else:
            self._count(line)

    def _add_header(self, line: str) -> None:
        if not line.strip():
            self._part = "message" if self._headers else "headers"
            return
        found = _HEADER.match(line)
        if not found:
            return
        if found[1] == "parent":
            self._parents = (self._parents or 0) + 1
        elif found[1] == "Merge":
            self._parents = len(found[2].split())
        self._headers.setdefault(found[1], found[2])

    def _add_text(self, line: str) -> None:
        if line.startswith(_INDENT) or not line.strip():
            self._message.append(line[len(_INDENT) :])
            return
        self._part = "rest"
        self._count(line)

    def _count(self, line: str) -> None:
        files, added, removed = self._counts
        if found := _COUNT.match(line):
            more = [int(n) if n.isdecimal() else 0 for n in found.groups()]
            self._counts = Change(files + 1, added + more[0], removed + more[1])
            self._counted = True
        elif not self._counted and (found := _SUMMARY.match(line)):
            self._counts = Change(*(int(n or 0) for n in found.groups()))
            self._counted = True

    def commit(self) -> Commit:
        author, authored = self._person("Author", "author", "AuthorDate", "Date")
        _, committed = self._person("Commit", "committer", "CommitDate")
        return Commit(
            id=self._id,
            author=author,
            message="\n".join(self._message).strip("\n"),
            authored=authored,
            committed=committed,
            parents=1 if self._parents is None else self._parents,
            change=self._counts if self._counted else None,
        )

    def _person(self, name: str, raw: str, *dates: str) -> tuple[str, str]:
        if found := _RAW_PERSON.match(self._headers.get(raw, "")):
            return found[1], found[2]
        dated = next((self._headers[d] for d in dates if d in self._headers), "")
        return self._headers.get(name, ""), dated
