"""Filled-in prompts for a lake, for people to read before a model is asked."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.asker import Asker, Request
from affectflow.lake import Lake
from affectflow.stages.over import check_handler, with_over
from affectflow.stages.runs.answers import check_cues, cue_files
from affectflow.stages.runs.labelled import Labels
from affectflow.stages.runs.parts import all_parts
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.wordings import wordings
from affectflow.steps.annotate import handler_for


def preview_lake(
    lake_uri: str,
    n: int,
    *,
    model: str,
    revision: str = "",
    options: Mapping[str, Any] | None = None,
    over: str = "",
    is_read: bool = True,
) -> Iterator[tuple[str, Request]]:
    """Yields the first n utterances that a prompt asks about, and what it would ask.

    No model is loaded or asked. If a prompt has several steps, the first is filled in.

    Args:
      lake_uri: folder or URL.
      n: how many.
      model: with `revision`, `options` and `over`, as `annotate_lake` takes it.
      revision: of a hub id.
      options: arguments of the handler.
      over: the annotator whose answers the prompt shows.
      is_read: the prompt may show them; otherwise they only decide whether to ask.

    Raises:
      UsageError: as `annotate_lake`, or the model is not asked a prompt.
    """
    lake = Lake.open(lake_uri)
    given = with_over(lake, model, options, over, revision=revision, is_read=is_read)
    handler = handler_for(model, revision, given, is_asked=False)
    if not isinstance(handler, Asker):
        raise UsageError(
            f"{model!r} does not use a prompt: there is nothing to preview"
        )
    check_handler(lake, model, handler)
    if handler.cues_read == "all":
        check_cues(lake)
    yield from islice(_requests(lake, handler), n)


def _requests(lake: Lake, handler: Asker[Any]) -> Iterator[tuple[str, Request]]:
    for batch in batches_for(lake, handler):
        ids = batch.column("utterance_id")
        for row, request in sorted(handler.first_requests(batch).items()):
            yield ids[row].as_py(), request


def batches_for(lake: Lake, handler: Asker[Any]) -> Iterator[pa.RecordBatch]:
    """Yields the parts of a lake, with the cues and answers that a prompt shows."""
    parts = all_parts(lake)
    among = wordings(lake, handler.cues_read, handler.style_read)
    if not handler.reads_answers:
        for part in parts:
            cues = cue_files(lake, part.name, handler.cues_read, among.unread)
            yield read_part(lake, part.name, cues=cues, only=among.of)
        return
    labels = Labels(handler.over, wordings=among)
    yield from (labels.read(lake, part) for part in labels.ready(lake, parts))
