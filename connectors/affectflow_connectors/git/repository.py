"""Repositories on a disk, read by dulwich: no command is run."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affectflow.errors import MissingExtraError
from affectflow.sources.streams import DamagedFileError
from affectflow_connectors.git.commits import Commit
from affectflow_connectors.git.stream import decoded

_BARE = ("HEAD", "objects", "refs")
_REFS = (b"HEAD", b"refs/heads/", b"refs/remotes/", b"refs/tags/")


def is_repository(path: str) -> bool:
    """Returns whether a path is a repository, bare or with its files."""
    if "://" in path.replace("file://", "", 1) or any(sign in path for sign in "*?["):
        return False
    folder = folder_of(path)
    try:
        bare = all((folder / name).exists() for name in _BARE)
        return folder.is_dir() and (bare or (folder / ".git").exists())
    except OSError:
        return False


def folder_of(path: str) -> Path:
    """Returns the folder that a path, or a URL of the local disk, means."""
    return Path(path.removeprefix("file://"))


def check_dulwich() -> None:
    """Checks that the library is installed.

    Raises:
      MissingExtraError: it is not installed; the message says what to type.
    """
    try:
        import dulwich  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "reading a git repository needs dulwich: pip install 'affectflow[git]', or "
            "give a log: git log --all --format=fuller > log.txt"
        ) from error


def packed_bytes(path: str) -> int:
    """Returns how many bytes the objects of a repository take."""
    folder = folder_of(path)
    objects = [folder / "objects", folder / ".git" / "objects"]
    files = (file for each in objects if each.is_dir() for file in each.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())


def commits_of_repository(path: str) -> Iterator[Commit]:
    """Yields the commits that its branches and tags lead to, the newest first.

    Raises:
      MissingExtraError: dulwich is not installed.
      DamagedFileError: the repository, or a part of it, cannot be read.
    """
    check_dulwich()
    from dulwich import errors
    from dulwich.repo import Repo

    failures = (
        *(errors.ChecksumMismatch, errors.FileFormatException, errors.ObjectMissing),
        *(errors.MissingCommitError, errors.NotGitRepository),
        *(errors.WrongObjectException, zlib.error),
        *(AssertionError, EOFError, KeyError, OSError, ValueError),
    )
    name = folder_of(path).resolve().name
    if name == ".git":
        name = folder_of(path).resolve().parent.name
    try:
        with Repo(str(folder_of(path))) as repository:
            for entry in repository.get_walker(include=_tips(repository)):
                yield _commit(entry.commit, name.removesuffix(".git"))
    except failures as error:
        raise DamagedFileError(
            f"{path!r} cannot be read to the end ({type(error).__name__}: {error}); "
            "check it with git fsck"
        ) from error


def _tips(repository: Any) -> list[Any]:
    """Returns the ids of the commits that branches and tags point to."""
    from dulwich.objects import Commit as GitCommit
    from dulwich.objects import Tag

    tips = set()
    for name, id_ in repository.get_refs().items():
        if not name.startswith(_REFS):
            continue
        found = repository.get_object(id_) if id_ in repository else None
        while isinstance(found, Tag):
            found = repository.get_object(found.object[1])
        if isinstance(found, GitCommit):
            tips.add(found.id)
    return sorted(tips)


def _commit(found: Any, container: str) -> Commit:
    encoding = (found.encoding or b"").decode("ascii", "replace")
    return Commit(
        id=found.id.decode(),
        author=decoded(found.author, encoding),
        message=decoded(found.message, encoding),
        authored=_time(found.author_time, found.author_timezone),
        committed=_time(found.commit_time, found.commit_timezone),
        parents=len(found.parents),
        container=container,
    )


def _time(seconds: int, east: int) -> str:
    sign, minutes = "-" if east < 0 else "+", abs(east) // 60
    return f"{seconds} {sign}{minutes // 60:02}{minutes % 60:02}"
