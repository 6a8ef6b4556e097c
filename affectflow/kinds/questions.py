"""What a prompt asks about in a batch: one question per utterance or conversation."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow.batches.readings import Readings
from affectflow.kinds.prompt import Prompt
from affectflow.kinds.prompt_checks import PROFILE
from affectflow.kinds.words import best, labels_of, words_of
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, Status, fields


@dataclass(kw_only=True)
class Question:
    """What is asked about, and where the answer goes.

    Args:
      row: row of the batch that gets the answer.
      rows: rows of the batch that it is about.
      reading: what the model is shown as `{text}`.
      shows: the rows whose texts the model is shown, those of the history too.
      status: `OK`, or why no model is asked.
      history: what the model is shown as `{history}`.
      evidence: labels of another annotator, the best first.
      words: words that another annotator relies on.
      is_cut: the end of the reading, or the beginning of the history, is not shown.
      media: what the model is shown besides the words.
      profile: what the model is told about the author.
    """

    row: int
    rows: Sequence[int]
    reading: str
    shows: Sequence[int] = ()
    status: Status = Status.OK
    history: str = ""
    evidence: Sequence[str] = field(default_factory=tuple)
    words: Sequence[str] = field(default_factory=tuple)
    is_cut: bool = False
    media: str = ""
    profile: str = ""


def columns_of(prompt: Prompt) -> pa.Schema:
    """Returns the columns of utterances used to fill in a prompt."""
    names = ["text", "segments"]
    if prompt.unit == "conversation" or prompt.history:
        names += ["conversation_id", "speaker_id", "speaker_role"]
    elif prompt.roles:
        names.append("speaker_role")
    names += [n for n in _profile_columns(prompt) if n not in names]
    found = fields(UTTERANCES, *names)
    return found.append(ANNOTATIONS_COLUMN) if prompt.over else found


def questions_of(
    batch: pa.RecordBatch,
    prompt: Prompt,
    readings: Readings,
    held_back: Mapping[int, Status],
) -> list[Question]:
    """Returns what a prompt asks about the rows of a batch.

    Rows of other roles are not asked about, and not shown.

    Args:
      batch: utterances, those of a conversation in the order of time.
      prompt: what is asked.
      readings: of the rows.
      held_back: rows that no model may be shown, and why.
    """
    turns = _Turns(batch, prompt, readings, held_back)
    if prompt.unit == "conversation":
        return [turns.whole(rows) for rows in turns.conversations()]
    questions = [turns.single(row) for row in turns.rows]
    if prompt.profile:
        for question in questions:
            question.profile = _profile(batch, question.row, prompt.profile)
    if prompt.history:
        before = turns.histories(prompt.history)
        for question in questions:
            earlier = before[question.row]
            question.history = "\n".join(line for _, line in earlier)
            question.shows = [*(row for row, _ in earlier), question.row]
    return questions


def cut_to(questions: Sequence[Question], longest: int) -> None:
    """Cuts readings at the end and histories at the start.

    Positions in a reading stay valid, and the latest turns of a history are kept.

    Args:
      questions: to cut.
      longest: characters that a reading and a history may have, each.
    """
    for question in questions:
        whole = max(len(question.reading), len(question.history))
        question.is_cut = whole > longest
        question.reading = question.reading[:longest]
        question.history = question.history[-longest:]


def show(questions: Sequence[Question], shown: Sequence[str | None]) -> None:
    """Adds to questions what the model is shown besides the words.

    Silent recordings are asked about; if there is nothing to show, nothing is asked.

    Args:
      questions: about single utterances.
      shown: row by row; None for nothing.
    """
    for question in questions:
        question.media = shown[question.row] or ""
        if question.status not in (Status.OK, Status.NO_AUTHOR_TEXT):
            continue
        question.status = Status.OK if question.media else Status.ABSTAINED


def look_over(
    questions: Sequence[Question], batch: pa.RecordBatch, prompt: Prompt, over: str
) -> None:
    """Adds to questions what the prompt shows from another annotator."""
    asked = [each for each in questions if each.status is Status.OK]
    if n := prompt.reads("labels"):
        scores = labels_of(batch, over)
        for question in asked:
            question.evidence = best((scores[row] for row in question.rows), n)
    if n := prompt.reads("words"):
        readings = [question.reading for question in asked]
        for question, words in zip(asked, words_of(readings, over, n), strict=True):
            question.words = words


_ATTRIBUTE = "attrs."
_LONGEST = 100
"""Characters that a field of a profile may have."""


def _profile_columns(prompt: Prompt) -> list[str]:
    of_attributes = [name.startswith(_ATTRIBUTE) for name in prompt.profile]
    columns = [n for n in prompt.profile if not n.startswith(_ATTRIBUTE)]
    return [*columns, *(["attrs"] if any(of_attributes) else [])]


def _profile(batch: pa.RecordBatch, row: int, names: Sequence[str]) -> str:
    """Returns what is declared about the author of a row, one line each, or empty."""
    said = {n: _of_row(batch, n, row) for n in PROFILE if n in names}
    attributes = dict(_of_row(batch, "attrs", row) or ())
    said |= {_ATTRIBUTE + name: value for name, value in attributes.items()}
    words = {n: " ".join(str(said.get(n) or "").split())[:_LONGEST] for n in names}
    return "\n".join(
        f"{n.removeprefix(_ATTRIBUTE)}: {each}" for n, each in words.items() if each
    )


def _of_row(batch: pa.RecordBatch, name: str, row: int) -> Any:
    return batch[name][row].as_py() if name in batch.schema.names else None


class _Turns:
    """The rows that a prompt asks about, by conversation."""

    def __init__(
        self,
        batch: pa.RecordBatch,
        prompt: Prompt,
        readings: Readings,
        held_back: Mapping[int, Status],
    ):
        self._texts: list[str] = readings.texts.to_pylist()
        self._held_back = {
            **dict.fromkeys(
                np.flatnonzero(readings.silent).tolist(), Status.NO_AUTHOR_TEXT
            ),
            **held_back,
        }
        self._columns = {name: _column(batch, name) for name in _WHO}
        roles = self._columns["speaker_role"]
        self.rows = [
            row
            for row in range(batch.num_rows)
            if not prompt.roles or roles[row] in prompt.roles
        ]

    def conversations(self) -> Iterator[list[int]]:
        """Yields the rows of each conversation, in order; one without id is alone."""
        found: dict[Any, list[int]] = {}
        ids = self._columns["conversation_id"]
        for row in self.rows:
            key = row if ids[row] is None else ids[row]
            found.setdefault(key, []).append(row)
        yield from found.values()

    def single(self, row: int) -> Question:
        """Returns the question about one utterance."""
        status = self._held_back.get(row, Status.OK)
        text = self._texts[row]
        return Question(row=row, rows=[row], shows=[row], reading=text, status=status)

    def whole(self, rows: Sequence[int]) -> Question:
        """Returns the question about a conversation, placed at its last utterance.

        A turn that no model may be shown holds back the whole conversation.
        """
        statuses = [self._held_back.get(row, Status.OK) for row in rows]
        held = [each for each in statuses if each is not Status.NO_AUTHOR_TEXT]
        status = max(held, default=Status.NO_AUTHOR_TEXT)
        if Status.GUARDED in held:
            status = Status.GUARDED
        lines = [(row, line) for row, line in self._lines(rows) if line]
        return Question(
            row=rows[-1],
            rows=rows,
            shows=[row for row, _ in lines],
            reading="\n".join(line for _, line in lines),
            status=status,
        )

    def histories(self, n: int) -> dict[int, list[tuple[int, str]]]:
        """Returns, for each row, the last n turns of its conversation before it.

        Each turn is its row and its line.
        """
        found = {}
        for rows in self.conversations():
            window: deque[tuple[int, str]] = deque(maxlen=n)
            for row, line in self._lines(rows):
                found[row] = list(window)
                if line:
                    window.append((row, line))
        return found

    def _lines(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yields turns as lines, who speaks and what; empty if it is held back.

        A speaker is a letter, and the role if it is known.
        """
        speakers, roles = (self._columns[n] for n in ("speaker_id", "speaker_role"))
        letters: dict[Any, str] = {None: "?"}
        for row in rows:
            letter = letters.setdefault(speakers[row], _letter(len(letters) - 1))
            name = f"{letter} ({roles[row]})" if roles[row] else letter
            held_back = row in self._held_back
            yield row, "" if held_back else f"{name}: {self._texts[row]}"


_WHO = ("conversation_id", "speaker_id", "speaker_role")


def _column(batch: pa.RecordBatch, name: str) -> list[Any]:
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    return batch.column(name).to_pylist()


def _letter(place: int) -> str:
    """Returns A, B, ..., Z, A1, B1, ...

    >>> _letter(0), _letter(25), _letter(26)
    ('A', 'Z', 'A1')
    """
    turn, letter = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[letter] + (str(turn) if turn else "")
