"""BoundaryPatterns: how a reply of an assistant keeps or blurs its boundary.

Seven patterns of phrases, after Beyond No (arXiv 2502.14975). Its formula is not
published, so the score here is the sum of the weights of the patterns found.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.batches.labelling import Answer
from affectflow.batches.readings import Readings
from affectflow.batches.texts import Mask
from affectflow.data import DataFile
from affectflow.data_tables import TABLE, TEXT, WORDS, Kind, checked, file_of
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scored, Scorer
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, fields

TASK = "boundary"
SCORE = "boundary_score"
_WORD = r"[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*"
_BOT = "bot"
_SHARE = 0.2
"""From this share of common words on, a text counts as in the pack's language."""
_WEIGHT: Kind = (
    "a number above 0",
    lambda value: type(value) in (int, float) and value > 0,
)
_KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("summary", "source", "licence", "version"), TEXT),
        "languages": WORDS,
        "common": WORDS,
        "patterns": TABLE,
    }
)
_OF_PATTERN: Mapping[str, Kind] = MappingProxyType(
    {"weight": _WEIGHT, "phrases": WORDS}
)


class Pattern(NamedTuple):
    """Phrases of one kind, and the weight of a reply that has one of them.

    Attributes:
      weight: its part of the score.
      phrases: a regular expression of RE2, without regard to case.
    """

    weight: float
    phrases: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Pack:
    """Patterns of one language; can be shared by Beam.

    Args:
      languages: codes, as `texts.tagged` takes them.
      common: common words that identify the language, in lower case.
      patterns: by the labels of the vocabulary `boundary`, in its order.
      digest: the digest of the file.
    """

    languages: tuple[str, ...]
    common: frozenset[str]
    patterns: Mapping[str, Pattern]
    digest: str

    @classmethod
    def load(cls, name_or_path: str) -> "Pack":
        """Returns a pack by name, or from a file that ends in `.toml`.

        Raises:
          UsageError: it does not exist or is malformed; the message names the line.
        """
        file = file_of("packs", name_or_path)
        needed = ("languages", "common", "patterns")
        said = checked(file, file.table(), _KEYS, needed)
        return cls(
            languages=tuple(each.lower() for each in said["languages"]),
            common=frozenset(each.lower() for each in said["common"]),
            patterns=dict(_patterns(file, said["patterns"])),
            digest=_digest(file),
        )

    def found(self, texts: pa.Array) -> Mask:
        """Returns which patterns texts have: (texts, patterns)."""
        columns = [
            pc.match_substring_regex(texts, each.phrases, ignore_case=True)
            for each in self.patterns.values()
        ]
        return np.stack([np.asarray(each, np.bool_) for each in columns], axis=1)

    def reads(self, text: str) -> bool:
        """Returns whether a text is likely in the language, by its common words."""
        words = re.findall(r"[\w'-]+", text.lower())
        return sum(word in self.common for word in words) >= _SHARE * max(len(words), 1)


@dataclass(kw_only=True)
class BoundaryPatterns(Scorer[Pack]):
    """Finds how an assistant's reply keeps or blurs its boundary, by phrases.

    Chooses each of the seven labels of `boundary` that a reply has, and gives its
    `score`, the sum of their weights, and how many `words` it has. Replies in a
    language that the pack does not read get the status `unsupported_language` and count
    in no rate. If a lake does not give the language, common words identify it.

    Args:
      pack: a name, or a file that ends in `.toml`.
      who: `assistants` reads utterances of bots and of `roles`, and those without a
        role or bot flag; others abstain. `everyone` reads all.
      roles: the values of `speaker_role` for assistants.

    Raises:
      UsageError: `who` or `pack` is unknown.
    """

    pack: str = "boundary_en"
    who: Literal["assistants", "everyone"] = "assistants"
    roles: tuple[str, ...] = ("assistant", "bot")

    annotator_kind: ClassVar[str] = "lexicon"
    # The revision identifies the phrases.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"pack"})
    requires: ClassVar[pa.Schema] = fields(
        UTTERANCES, "text", "segments", "speaker_role", "is_bot"
    )
    card: ClassVar[Card] = Card(
        summary="finds how an assistant's reply keeps or blurs its boundary",
        answers="does a bot refuse, explain, deflect, or show that it understood?",
        example="affectflow annotate lake --model BoundaryPatterns",
        misleads="a phrase is not a stance: it misses irony, quotes and other "
        "wordings; a language without a pack has no rate, which is not the same as a "
        "rate of 0",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.who not in ("assistants", "everyone"):
            raise UsageError(f"`who` must be assistants or everyone, got {self.who!r}")
        self._pack = Pack.load(self.pack)

    @property
    def languages_read(self) -> tuple[str, ...]:
        """The languages of the pack."""
        return self._pack.languages

    def origin(self) -> Origin:
        """Returns the pack's digest as the revision."""
        return Origin("BoundaryPatterns", self._pack.digest, self.card.licence, True)

    def load_model(self) -> Pack:
        return self._pack

    def predict(self, batch: pa.RecordBatch, model: Pack) -> pa.RecordBatch:
        """Returns `batch` with annotations; reads bots' words about themselves too."""
        place = batch.schema.get_field_index("segments")
        field, segments = batch.schema.field(place), batch.column(place)
        said = batch.set_column(place, field, _of_others(segments))
        return super().predict(said, model).set_column(place, field, segments)

    def asked(self, batch: pa.RecordBatch, readings: Readings) -> pa.StringArray:
        """Returns the texts of assistants, and of speakers without role or bot flag."""
        if self.who == "everyone":
            return readings.texts
        role, is_bot = batch.column("speaker_role"), batch.column("is_bot")
        of_roles = pc.is_in(pc.utf8_lower(role), pa.array(self.roles, pa.string()))
        unsaid = pc.and_(pc.is_null(role), pc.is_null(is_bot))
        asked = pc.or_(pc.or_(of_roles, unsaid), pc.fill_null(is_bot, False))
        return pc.if_else(asked, readings.texts, pa.scalar(None, pa.string()))

    def understands(self, texts: list[str], known: Mask, model: Pack) -> Mask:
        """Returns which texts are tagged as the pack's language, or look like it."""
        pairs = zip(texts, known.tolist(), strict=True)
        return np.array([tag or model.reads(text) for text, tag in pairs], np.bool_)

    def score(self, texts: list[str], model: Pack) -> Scored:
        """Returns the patterns of each text, and their score with the words."""
        plain = pc.replace_substring(pa.array(texts, pa.string()), "\u2019", "'")
        found = model.found(plain)
        weights = np.array([each.weight for each in model.patterns.values()])
        words = np.asarray(pc.count_substring_regex(plain, _WORD))
        sums = np.stack([found @ weights, words], axis=1)
        patterns = Answer(
            task=TASK,
            vocabulary=TASK,
            labels=tuple(model.patterns),
            chosen=found,
            scores=found.astype(np.float32),
        )
        score = Answer(
            task=SCORE,
            vocabulary=SCORE,
            labels=vocabularies.get(SCORE).labels,
            chosen=np.ones(sums.shape, np.bool_),
            values=sums.astype(np.float32),
        )
        return Scored(answers=(patterns, score))


def _of_others(segments: pa.ListArray) -> pa.ListArray:
    """Returns segments without those in which a bot says that it is one.

    Other models skip them, because no author wrote them; here they are a boundary.
    """
    if not pc.any(pc.equal(segments.flatten().field("type"), _BOT)).as_py():
        return segments
    kept = [
        [each for each in row or [] if each["type"] != _BOT]
        for row in segments.to_pylist()
    ]
    return pa.array(kept, segments.type)


# -- packs -----------------------------------------------------------------------------


def _patterns(file: DataFile, said: Mapping[str, Any]) -> Iterable[tuple[str, Pattern]]:
    """Yields the patterns of the vocabulary, each of which a pack must have."""
    labels = vocabularies.get(TASK).labels
    for name in said:
        if name not in labels:
            line = file.line_of(name, "patterns")
            raise file.fault(f"unknown pattern {name!r}, not one of {labels}", line)
    for name in labels:
        if not isinstance(said.get(name), dict):
            raise file.fault(f"no [patterns.{name}]")
        yield name, _pattern(file, name, said[name])


def _pattern(file: DataFile, name: str, said: Mapping[str, Any]) -> Pattern:
    given = checked(file, said, _OF_PATTERN, ("weight", "phrases"))
    for phrase in given["phrases"]:
        try:
            pc.match_substring_regex(pa.array([""]), phrase)
        except pa.ArrowInvalid as error:
            line = file.line_of("phrases", f"patterns.{name}")
            raise file.fault(
                f"{phrase!r} is not a valid RE2 pattern: {error}", line
            ) from error
    return Pattern(float(given["weight"]), "|".join(given["phrases"]))


def _digest(file: DataFile) -> str:
    return hashlib.blake2b(file.text().encode(), digest_size=16).hexdigest()
