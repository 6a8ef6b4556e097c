"""Filled prompts of a lake, for people to read before a model is asked."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from affectflow.errors import UsageError
from affectflow.kinds.asker import Asker, Request
from affectflow.lake import Lake
from affectflow.stages.runs.parts import all_parts
from affectflow.stages.runs.reading import read_part
from affectflow.steps.annotate import handler_for


def preview(
    lake_uri: str,
    n: int,
    *,
    model: str,
    revision: str = "",
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, Request]]:
    """Yields the first n utterances that a prompt asks about, and what it would ask.

    No model is loaded, and nothing is asked. Of a prompt of several steps the first is
    filled.

    Raises:
      UsageError: as `annotate_lake`, or the model is not asked a prompt.
    """
    lake = Lake.open(lake_uri)
    handler = handler_for(model, revision, options)
    if not isinstance(handler, Asker):
        raise UsageError(
            f"{model!r} is not asked a prompt: there is nothing to preview"
        )
    yield from islice(_requests(lake, handler), n)


def _requests(lake: Lake, handler: Asker[Any]) -> Iterator[tuple[str, Request]]:
    for part in all_parts(lake):
        batch = read_part(lake, part.name)
        ids = batch.column("utterance_id")
        for row, request in sorted(handler.first_requests(batch).items()):
            yield ids[row].as_py(), request
