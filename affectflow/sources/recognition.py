"""Which source several files belong to, found by looking at some of each path."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from affectflow.errors import UsageError
from affectflow.kinds.source import File, Source, candidates, folder_source
from affectflow.nouns import count
from affectflow.registry import kebab
from affectflow.sources.archives import is_archive, is_member, members
from affectflow.sources.files import MappedSource
from affectflow.sources.listing import bare_name, list_files
from affectflow.sources.magic import (
    binary_kind,
    damage_of_archive,
    why_empty,
    why_not_text,
)
from affectflow.sources.mixed import Place, advice
from affectflow.sources.streams import (
    HEAD_BYTES,
    DamagedFileError,
    plain_head,
    unmarked_encoding,
    why_unmarked,
)

LOOKED_AT = 20
"""Files of one path that are looked at, some of each kind of name."""
_ENOUGH = 0.3
# A file that another source is surer of than this, and the chosen one knows nothing
# of, is of another kind.
_SURE = 0.6
_NEAR = 0.02
# What a file is may stand behind a text as long as this, in a record of one line.
_LONG_HEAD_BYTES = 1 << 20


class Recognised(NamedTuple):
    """The source of some files, how sure it is, 0 to 1, and of how many files."""

    source: type[Source]
    confidence: float
    files: int
    looked_at: int


class _Look(NamedTuple):
    """One file: what it may be, surest first; named by itself, or by a pattern."""

    uri: str
    path: str
    found: list[tuple[type[Source], float]]
    binary: str
    named: bool
    blank: bool = False

    @property
    def surest(self) -> float:
        return self.found[0][1] if self.found else 0.0

    def sure_of(self, source: type[Source]) -> float:
        return next((sure for each, sure in self.found if each is source), 0.0)


def recognise(paths: Sequence[str]) -> Recognised:
    """Returns the source that all files of some paths are of.

    Files of a folder that no source knows, such as a README, are skipped; a file that
    was named is not.

    Raises:
      UsageError: no source knows them, several may, or the files are of several kinds;
        says what to type.
    """
    listed = [(path, _files(path)) for path in paths]
    looks = [_look(uri, path) for path, files in listed for uri in _some(files)]
    known = [look for look in looks if look.surest >= _ENOUGH]
    lost = [look for look in looks if look.named and look not in known]
    if lost or not known:
        raise UsageError(_unknown((lost or looks)[0]))
    source = _surest(known)
    sampled = {path for path, files in listed if len(files) > LOOKED_AT}
    _check_one_kind(source, known, sampled)
    own = [look for look in known if look.sure_of(source) >= _ENOUGH]
    confidence = sum(look.sure_of(source) for look in own) / len(own)
    total = sum(len(files) for _, files in listed)
    skipped = len(looks) - len(own)
    return Recognised(source, confidence, total - skipped, len(own))


def check_filled(paths: Sequence[str]) -> None:
    """Checks, cheaply, that the files of some paths are not empty.

    Raises:
      UsageError: all of them are empty.
    """
    empty: list[str] = []
    for path in paths:
        try:
            files = list_files(path, ("",))
        except UsageError:
            return  # the source says what does not match
        if len(files) > LOOKED_AT or not all(map(_is_empty, files)):
            return
        empty.append(files[0].uri)
    raise UsageError(why_empty(empty[0]))


def _is_empty(file: File) -> bool:
    return file.size < HEAD_BYTES and _is_blank(plain_head(file.uri))


def _is_blank(head: bytes) -> bool:
    # Of a longer head more may follow.
    return len(head) < HEAD_BYTES and not head.strip()


def _files(path: str) -> list[File]:
    """Returns the files that a path means, those of archives among them.

    A folder that a source reads as a whole stands for itself. Of many files, those that
    no source takes by their names are left out: among a thousand pictures there may be
    one chat.
    """
    if folder_source(path):
        return [File(path, 0)]
    found = [each for file in list_files(path, ("",)) for each in _within(file)]
    if len(found) <= LOOKED_AT:
        return found
    return [f for f in found if bare_name(f.uri).endswith(_endings())] or found


def _within(file: File) -> list[File]:
    """Returns the files of an archive; the file itself if it is not one.

    It stays whole if a source is sure of it, which has seen more than one file then.
    """
    if not is_archive(file.uri):
        return [file]
    sure = candidates(file.uri, plain_head(file.uri))
    if sure and sure[0][1] >= _SURE:
        return [file]
    try:
        found = members(file.uri, lambda name: True)
    except DamagedFileError:
        return [file]
    return [File(*member) for member in found] or [file]


def _some(files: Sequence[File]) -> list[str]:
    """Returns the addresses of some files: of each kind of name, the first and others.

    Not every nth: files of two kinds may alternate.
    """
    files = [file for file in files if file.size] or list(files)
    if len(files) <= LOOKED_AT:
        return [file.uri for file in files]
    kinds = _by_name(files)
    each = max(1, LOOKED_AT // len(kinds))
    some = [place for kind in kinds for place in _spread(kind, each)]
    return [files[place].uri for place in sorted(some)]


def _by_name(files: Sequence[File]) -> list[list[int]]:
    """Returns the places of files by what their names have in common."""
    for told in (_shape, _folder_and_ending, _ending):
        kinds: dict[str, list[int]] = defaultdict(list)
        for place, file in enumerate(files):
            kinds[told(file.uri)].append(place)
        if len(kinds) <= LOOKED_AT:
            break
    return list(kinds.values())


def _shape(uri: str) -> str:
    """Returns a name without its numbers: `a/2024-01-02.json` is `a/0-0-0.json`."""
    return re.sub(r"[0-9a-f]{8,}|[0-9]+", "0", uri.partition("::")[0].lower())


def _folder_and_ending(uri: str) -> str:
    return f"{uri.partition('::')[0].rpartition('/')[0]} {_ending(uri)}"


def _ending(uri: str) -> str:
    return posixpath.splitext(bare_name(uri))[1]


def _spread(places: Sequence[int], count: int) -> set[int]:
    """Returns some places, the first among them, at distances that differ."""
    golden = (5**0.5 - 1) / 2
    return {places[int(n * golden % 1 * len(places))] for n in range(count)}


def _endings() -> tuple[str, ...]:
    """Returns the endings of names that some installed source takes from a folder."""
    sources = (source for source, _ in candidates("", b""))
    return tuple({each for s in sources for each in getattr(s, "suffixes", ())})


def _look(uri: str, path: str) -> _Look:
    if uri == path and (taker := folder_source(path)):
        return _Look(uri, path, [(taker, 1.0)], "", named=True)
    head, found = _looked_at(uri, HEAD_BYTES)
    if (
        len(head) >= HEAD_BYTES
        and b"\n" not in head
        and (not found or found[0][1] < 0.5)
    ):
        head, found = _looked_at(uri, _LONG_HEAD_BYTES)
    unpacked = is_member(uri) and not is_member(path)
    own = any(sign in path for sign in "*?[") or _last(uri) == _last(path)
    own = own and not unpacked
    return _Look(uri, path, found, binary_kind(head), own, _is_blank(head))


def _looked_at(uri: str, size: int) -> tuple[bytes, list[tuple[type[Source], float]]]:
    """Returns the first bytes of a file, and what it may be by them, surest first."""
    head = plain_head(uri, size)
    return head, [(each, sure) for each, sure in candidates(uri, head) if sure > 0]


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _surest(looks: Sequence[_Look]) -> type[Source]:
    """Returns the source that is surest of all files together.

    Raises:
      UsageError: two are equally sure.
    """
    sums: dict[type[Source], float] = defaultdict(float)
    for look in looks:
        for source, sure in look.found:
            if not _gives_way(look, source):
                sums[source] += sure
    ranked = sorted(sums, key=lambda each: (-sums[each], each.__name__))
    own = [look for look in looks if look.sure_of(ranked[0]) >= _ENOUGH]

    def is_near(other: type[Source]) -> bool:
        lead = sum(look.sure_of(ranked[0]) - look.sure_of(other) for look in own)
        return lead < _NEAR * len(own)

    near = [source for source in ranked if is_near(source)] if own else ranked[:1]
    if len(near) > 1:
        names = [kebab(each.__name__) for each in near]
        raise UsageError(
            f"cannot tell whether {looks[0].uri!r} is {' or '.join(names)}; type "
            f"{' or '.join(f'--source {name}' for name in names)}"
        )
    return ranked[0]


def _is_sure(look: _Look) -> bool:
    return look.surest >= _SURE if look.named else look.surest > _SURE


def _gives_way(look: _Look, source: type[Source]) -> bool:
    """Returns whether a source reads a file as any other, and another knows it.

    A source that reads any lines, or any table, reads the files of all others, too.
    """
    if not look.found or not issubclass(source, MappedSource):
        return False
    knows = not issubclass(look.found[0][0], MappedSource)
    return knows and _is_sure(look) and look.surest > look.sure_of(source) + _NEAR


def _is_other(look: _Look, source: type[Source]) -> bool:
    """Returns whether a file is of another kind than a source reads."""
    is_lost = _is_sure(look) and look.sure_of(source) < _ENOUGH
    return is_lost or _gives_way(look, source)


def _check_one_kind(
    source: type[Source], looks: Sequence[_Look], sampled: Collection[str]
) -> None:
    others: dict[type[Source], list[Place]] = defaultdict(list)
    for look in looks:
        if _is_other(look, source):
            others[look.found[0][0]].append(Place(look.uri, look.path))
    if not others:
        return
    own = [
        Place(look.uri, look.path)
        for look in looks
        if look.sure_of(source) >= _ENOUGH and not _is_other(look, source)
    ]
    kinds = {kind: found for kind, found in ({source: own} | others).items() if found}
    said = "; ".join(
        f"{count(len(found), 'looks', 'look')} like {kebab(kind.__name__)}, such as "
        f"{found[0].uri!r}"
        for kind, found in kinds.items()
    )
    raise UsageError(f"files of several kinds: {said}; {advice(kinds, sampled)}")


def _unknown(look: _Look) -> str:
    if look.binary:
        return why_not_text(look.binary, look.uri)
    if why := damage_of_archive(look.uri):
        return why
    if look.blank:
        return why_empty(look.uri)
    if encoding := unmarked_encoding(plain_head(look.uri)):
        return why_unmarked(encoding, look.uri)
    may = ", ".join(f"{kebab(s.__name__)} ({sure:.2f})" for s, sure in look.found[:3])
    hint = f"it may be {may}; " if may else ""
    return f"cannot tell what {look.uri!r} is; {hint}name it with --source NAME"
