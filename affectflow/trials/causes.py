"""How accurate miners are: the table that `affectflow eval causes` prints."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectflow import registry
from affectflow.kinds.miner import Miner
from affectflow.trials import dialogues, triggers
from affectflow.trials.figures import Compared, Line, mean_of, token_f1
from affectflow.trials.messages import (
    Message,
    best_spans,
    given,
    ingested,
    labelled,
    mined,
)
from affectflow.trials.reccon import Mode
from affectflow.trials.sets import authored, developers, neutral_reddit

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


def lines(
    folder: Path, data: Path | None, names: Sequence[str], mode: Mode = "fixed"
) -> Iterator[Line]:
    """Yields the lines of the table, the fastest first.

    Args:
      folder: of the authored messages.
      data: of the public data sets, or None.
      names: the miners.
      mode: of RECCON's figures; see `reccon`.

    Raises:
      UsageError: a folder or a file is missing, or a miner needs options.
    """
    miners = {name: registry.make("miners", name) for name in names}
    messages = authored(folder)
    moved = [each for each in messages if each.marked]
    calm = [each.text for each in messages if not each.label]
    title = "authored, development"
    yield from _spans(title, moved, miners)
    yield from _calm(f"{title}, calm", calm, miners)
    if data is None:
        return
    yield from _spans("se_emotion_cause", developers(data), miners)
    yield from _calm("GoEmotions dev, neutral", neutral_reddit(data), miners)
    yield from dialogues.lines(data, miners, mode)
    yield from triggers.lines(data, miners)


def _spans(
    title: str, messages: Sequence[Message], miners: dict[str, Miner[Any]]
) -> Iterator[Line]:
    whole = _compared(messages, [each.text for each in messages])
    best = _compared(messages, [_best_sentence(each) for each in messages])
    batch = ingested([each.text for each in messages])
    labels = [each.label for each in messages]
    for said, with_labels in (
        ("label given", given(batch, labels)),
        ("own labels", labelled(batch)),
    ):
        for by, miner in miners.items():
            yield from _of_miner(f"{title}, {said}", by, with_labels, miner, messages)
    yield whole.line(title, "whole message")
    yield best.line(title, "best sentence, by looking at the answer")
    for number, (name, _) in enumerate(messages[0].others):
        answers = [each.others[number][1] for each in messages]
        yield _compared(messages, answers).line(title, name)


def _of_miner(
    title: str,
    by: str,
    batch: pa.RecordBatch,
    miner: Miner[Any],
    messages: Sequence[Message],
) -> Iterator[Line]:
    own = _compared(messages, best_spans(batch, miner))
    yield own.line(title, by)
    whole = _compared(messages, [each.text for each in messages])
    yield own.less(whole, title, f"{by} less whole message")
    odd = [n for n, each in enumerate(messages) if each.unit[-1:] in "13579"]
    if messages[0].others:
        kept = [messages[n] for n in odd]
        for answers, name in (
            (best_spans(batch.take(pa.array(odd)), miner), by),
            ([each.others[0][1] for each in kept], kept[0].others[0][0]),
        ):
            yield _compared(kept, answers).line(f"{title}, odd ids", name)


def _compared(messages: Sequence[Message], spans: Iterable[str]) -> Compared:
    found = Compared()
    for message, span in zip(messages, spans, strict=True):
        found.add(message.unit, span, message.marked)
    return found


def _best_sentence(message: Message) -> str:
    sentences = _SENTENCE.findall(message.text) or [message.text]
    return max(
        sentences, key=lambda s: sum(token_f1(s, each) for each in message.marked)
    )


def _calm(
    title: str, texts: Sequence[str], miners: dict[str, Miner[Any]]
) -> Iterator[Line]:
    batch = labelled(ingested(texts))
    for by, miner in miners.items():
        has = [float(bool(each)) for each in mined(batch, miner)]
        value = mean_of(has, [str(number) for number in range(len(has))])
        figure = "share with a cause"
        yield Line(data=title, by=by, figure=figure, n=len(has), value=value)
