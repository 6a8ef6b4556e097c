"""Messages with marked causes, in the form of the authored corpus.

A folder with `texts.jsonl` (`id`, `brief`, `text`, and `"real": true` if it was not
written for the folder) and one `labels_N.jsonl` for each pass over them: `id`,
`emotions`, `frustration`, `irritation` and `cause`, which is copied from the text or
empty.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectflow.errors import UsageError
from affectflow.kinds.trainer import is_held_out

TEXTS, LABELS = "texts.jsonl", "labels_*.jsonl"
_FLAGS = ("frustration", "irritation")


@dataclass(frozen=True)
class Marked:
    """A message, and what each pass says of it.

    Args:
      id: of the message.
      brief: what it was written to, or the conversation that it is from; messages of
        one brief belong together.
      text: of the message.
      labels: what each pass labels, `frustration` first where it is given.
      spans: the cause that each pass marks, as code points; passes without one are
        left out.
      real: it was not written for the folder, so shares of labels are as they are.
    """

    id: str
    brief: str
    text: str
    labels: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[int, int], ...]
    real: bool = False

    @property
    def is_for_choosing(self) -> bool:
        """Whether it is for choosing settings: a tenth of the briefs is, by a hash.

        Threads have a hash of their own, because the tenth by that of briefs is among
        those that `models.frustration` reserves.
        """
        return is_held_out(f"chosen by {self.brief}" if self.real else self.brief)

    @property
    def is_neutral(self) -> bool:
        """Whether no pass finds an emotion."""
        return all(set(each) <= {"neutral"} for each in self.labels)

    @property
    def emotions(self) -> list[str]:
        """What any pass labels, `neutral` excepted; most important first."""
        every = [label for each in self.labels for label in each if label != "neutral"]
        return list(dict.fromkeys(every))


def read_marked(folder: Path) -> list[Marked]:
    """Returns the messages of a folder, in its order.

    Raises:
      UsageError: a file is missing, or a line is not as it should be.
    """
    passes = [_by_id(file) for file in sorted(folder.glob(LABELS))]
    if not passes or not (folder / TEXTS).is_file():
        raise UsageError(
            f"no marked messages in {str(folder)!r}: name a folder with {TEXTS!r} and "
            f"{LABELS!r}"
        )
    try:
        return [_marked(row, passes) for row in _rows(folder / TEXTS)]
    except KeyError as error:
        raise UsageError(
            f"a row of {str(folder)!r} has no {error}: give `id`, `brief` and `text`, "
            "and one row per id in each pass"
        ) from error


def _marked(row: Mapping[str, Any], passes: list[dict[str, Any]]) -> Marked:
    said = [each[row["id"]] for each in passes]
    spans = []
    for each in said:
        start = row["text"].find(each["cause"]) if each["cause"] else -1
        if start >= 0:
            spans.append((start, start + len(each["cause"])))
    labels = tuple(
        (*(flag for flag in _FLAGS if each[flag]), *each["emotions"]) for each in said
    )
    return Marked(
        id=row["id"],
        brief=row["brief"],
        text=row["text"],
        labels=labels,
        spans=tuple(spans),
        real=row.get("real", False),
    )


def _by_id(file: Path) -> dict[str, Any]:
    return {row["id"]: row for row in _rows(file)}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise UsageError(
                f"{str(file)!r} line {number} is not JSON ({error}): fix that line"
            ) from error
