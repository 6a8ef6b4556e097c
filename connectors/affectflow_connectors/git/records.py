"""Commits as JSON: from Perceval, and from the APIs of GitHub and GitLab."""

import re

from affectflow.sources.fields import Record, inner, objects, prose, word
from affectflow.sources.rows import RefusedError
from affectflow_connectors.git.commits import Change, Commit

_PROJECT = re.compile(r"https?://[^/]+/(.+?)/(?:-/)?commit/")


def commit_of(record: Record) -> Commit:
    """Returns the commit of a JSON object.

    Raises:
      RefusedError: it is something else.
    """
    if "commit" in record and "AuthorDate" in record:
        return _of_perceval(record)
    if "sha" in record and isinstance(record.get("commit"), dict):
        return _of_github(record)
    if "authored_date" in record or "author_name" in record:
        return _of_gitlab(record)
    names = ", ".join(list(record)[:8]) or "none"
    raise RefusedError(f"not a commit; its fields: {names}")


def _of_perceval(record: Record) -> Commit:
    counts = [
        (word(file, "added") or "", word(file, "removed") or "")
        for file in objects(record, "files")
    ]
    parents = record.get("parents")
    return Commit(
        id=word(record, "commit") or "",
        author=word(record, "Author") or "",
        message=prose(record, "message") or "",
        authored=word(record, "AuthorDate") or "",
        committed=word(record, "CommitDate") or "",
        parents=len(parents) if isinstance(parents, list) else 1,
        change=Change(len(counts), *map(sum, zip(*map(_numbers, counts), strict=True)))
        if counts
        else None,
    )


def _numbers(counts: tuple[str, str]) -> list[int]:
    return [int(n) if n.isdecimal() else 0 for n in counts]


def _of_github(record: Record) -> Commit:
    inside = inner(record, "commit")
    return Commit(
        id=word(record, "sha") or "",
        author=_identity(inner(inside, "author"), "name", "email"),
        message=prose(inside, "message") or "",
        authored=word(inner(inside, "author"), "date") or "",
        committed=word(inner(inside, "committer"), "date") or "",
        parents=_count(record, "parents"),
        container=_project(word(record, "html_url")),
        url=word(record, "html_url"),
    )


def _of_gitlab(record: Record) -> Commit:
    return Commit(
        id=word(record, "id") or "",
        author=_identity(record, "author_name", "author_email"),
        message=prose(record, "message", "title") or "",
        authored=word(record, "authored_date", "created_at") or "",
        committed=word(record, "committed_date") or "",
        parents=_count(record, "parent_ids"),
        container=_project(word(record, "web_url")),
        url=word(record, "web_url"),
    )


def _count(record: Record, name: str) -> int:
    found = record.get(name)
    return len(found) if isinstance(found, list) else 1


def _identity(record: Record, name: str, address: str) -> str:
    return f"{word(record, name) or ''} <{word(record, address) or ''}>"


def _project(url: str | None) -> str | None:
    found = _PROJECT.match(url or "")
    return found[1] if found else None
