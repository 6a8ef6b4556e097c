"""MaskNames: names of persons and places replaced, found by Presidio with a model."""

import functools
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import batch as batches
from affectflow.errors import MissingExtraError, UsageError
from affectflow.kinds.transform import BatchTransform
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms.text.segments import Segment, find_segments, in_chats

_PLACEHOLDERS = {"PERSON": "[PERSON]", "LOCATION": "[PLACE]"}
# Code, logs and addresses are full of words that look like names.
_NOT_PROSE = frozenset({"code", "log", "link", "html", "mention", "pii"})
# Presidio wants to know a language; which one it is, the model decides.
_LANGUAGE = "en"

Span = tuple[int, int, str]


@dataclass(kw_only=True)
class MaskNames(BatchTransform):
    """Replaces names of persons and places by `[PERSON]` and `[PLACE]`.

    They are found by Presidio, with the entities of a spaCy model: those of persons,
    countries, towns and other places. It runs after `NormalizeText`; code, logs, links
    and accounts stay, and segments follow the new text. Needs the extra `pii`.

    Args:
      model: the name of an installed spaCy model, such as `en_core_web_sm`, or its
        folder.
      min_score: lowest score of what is replaced, 0..1.

    Raises:
      MissingExtraError: Presidio is not installed.
      UsageError: there is no such model, or the score is out of range.
    """

    model: str
    min_score: float = 0.5

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    card: ClassVar[Card] = Card(
        summary="replaces names of persons and places, with Presidio and a spaCy model",
        extra="pii",
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not 0 <= self.min_score <= 1:
            raise UsageError(f"`min_score` must be from 0 to 1, got {self.min_score}")
        if importlib.util.find_spec("presidio_analyzer") is None:
            raise MissingExtraError(
                "replacing names needs Presidio: pip install 'affectflow[pii]'"
            )
        if not (Path(self.model).is_dir() or _is_package(self.model)):
            raise UsageError(
                f"no spaCy model {self.model!r}: install one, for example with `python "
                "-m spacy download en_core_web_sm`, or give the folder of one"
            )

    def setup(self) -> None:
        _analyzer(self.model)

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        texts = batch.column("text")
        # A name begins with a capital, or is written in a script that has none.
        rows = pc.indices_nonzero(
            pc.fill_null(pc.match_substring_regex(texts, r"[\p{Lu}\p{Lo}]"), False)
        ).to_pylist()
        chats = in_chats(batch).to_pylist()
        written = texts.to_pylist()
        segments = batch.column("segments").to_pylist()
        found = self._found([written[row] for row in rows])
        for row, spans in zip(rows, found, strict=True):
            kept = find_segments(written[row], chat=chats[row]) if spans else []
            new = _replaced(written[row], list(_in_prose(spans, kept)))
            if new != written[row]:
                written[row] = new
                segments[row] = [
                    {"type": s.type, "start": s.start, "end": s.end, "lang": s.lang}
                    for s in find_segments(new, chat=chats[row])
                ]
        for name, values in (("text", written), ("segments", segments)):
            field = UTTERANCES.field(name)
            batch = batches.with_column(batch, field, pa.array(values, field.type))
        return batch

    def _found(self, texts: list[str]) -> Iterable[list[Span]]:
        """Yields the names in each text, in their order."""
        found = _analyzer(self.model).analyze_iterator(
            texts, _LANGUAGE, entities=list(_PLACEHOLDERS)
        )
        for results in found:
            good = (each for each in results if each.score >= self.min_score)
            yield sorted((each.start, each.end, each.entity_type) for each in good)


def _is_package(name: str) -> bool:
    return name.isidentifier() and importlib.util.find_spec(name) is not None


@functools.lru_cache(maxsize=1)
def _analyzer(model: str) -> Any:
    """Returns what analyses texts; a worker loads a model once."""
    from presidio_analyzer import (
        AnalyzerEngine,
        BatchAnalyzerEngine,
        RecognizerRegistry,
    )
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    engine = SpacyNlpEngine([{"lang_code": _LANGUAGE, "model_name": model}])
    engine.load()
    recognizer = SpacyRecognizer(supported_entities=list(_PLACEHOLDERS))
    registry = RecognizerRegistry([recognizer], supported_languages=[_LANGUAGE])
    analyzer = AnalyzerEngine(registry, engine, supported_languages=[_LANGUAGE])
    return BatchAnalyzerEngine(analyzer)


def _in_prose(spans: list[Span], segments: list[Segment]) -> Iterable[Span]:
    """Yields the names that lie in what the author wrote, none over another."""
    closed = [s for s in segments if s.type in _NOT_PROSE]
    end_before = 0
    for start, end, kind in spans:
        free = all(end <= s.start or s.end <= start for s in closed)
        if free and start >= end_before:
            end_before = end
            yield start, end, kind


def _replaced(text: str, spans: list[Span]) -> str:
    pieces, at = [], 0
    for start, end, kind in spans:
        pieces += [text[at:start], _PLACEHOLDERS[kind]]
        at = end
    return "".join([*pieces, text[at:]])
