"""Samples: which utterances people are asked about, and their inclusion probabilities.

A sample is stored in the lake as `_samples/<sample_id>.json`; the inclusion
probabilities are rows of `measures` of the kind `inclusion`: `label` is the sample,
`group` the stratum, `fitted_on` the first digits of the MD5 of the text, `parameters`
what it tops up.
"""

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.gold.measures import replace_measures
from affectflow.gold.targets.labels import Target
from affectflow.lake import Lake
from affectflow.schemas import MEASURES

FOLDER = "_samples"
INCLUSION = "inclusion"
TEXT_DIGITS = 12
"""Digits of a text's MD5 that are kept: enough to notice a change."""
DESIGN = "coalesce(json_extract_string(parameters, '$.tops_up'), label)"
"""SQL for a row of kind `inclusion`: the sample topped up by its own, or its own."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What people were asked, and about what.

    Args:
      sample_id: derived from what was drawn, by which rule, and what is asked.
      task: one of `labels.tasks()`.
      labels: pairs of vocabulary and label.
      n: utterances drawn.
      conversations: that could have been drawn.
      messages: of those conversations that could have been drawn.
      seed: of the draw.
      stratify: `none` or `score`.
      annotator_id: whose scores made the strata; empty without strata.
      tops_up: the sample that it adds new messages to; empty if it stands alone.
    """

    sample_id: str
    task: str
    labels: list[tuple[str, str]]
    n: int
    conversations: int
    messages: int
    seed: int
    stratify: str
    annotator_id: str = ""
    tops_up: str = ""

    @property
    def design(self) -> str:
        """The sample it tops up, or itself."""
        return self.tops_up or self.sample_id

    @property
    def targets(self) -> list[Target]:
        """The labels that are asked for, in the order of the sheet."""
        return [Target(self.task, *pair) for pair in self.labels]

    @classmethod
    def read(cls, lake: Lake, sample_id: str) -> Self:
        """Returns a sample of a lake.

        Raises:
          UsageError: the lake has no sample of that id.
        """
        known = ids_of(lake)
        if sample_id not in known:
            raise UsageError(_no_sample(sample_id, known, lake.uri))
        fields = json.loads(lake.storage.read(FOLDER, f"{sample_id}.json"))
        return cls(**fields | {"labels": [tuple(pair) for pair in fields["labels"]]})


def ids_of(lake: Lake) -> list[str]:
    """Returns the ids of the samples that were drawn from a lake, sorted."""
    names = (name.partition(".json") for name in lake.storage.names(FOLDER))
    return sorted(stem for stem, end, rest in names if end and not rest)


def _no_sample(sample_id: str, known: list[str], uri: str) -> str:
    near = difflib.get_close_matches(sample_id, known, n=1)
    there = f"; the nearest is {near[0]}, was the cell changed?" if near else ""
    return (
        f"no sample {sample_id!r} was drawn from {uri!r}{there}: the sheet belongs to "
        "another lake, or the lake has been rebuilt since; draw a sample here with "
        "`affectflow sample`"
    )


def sample_id_of(told: dict[str, Any], drawn: Sequence[Sequence[str]]) -> str:
    """Returns the id of a sample: equal draws of equal texts have equal ids."""
    said = json.dumps([told, list(drawn)], sort_keys=True)
    return "s-" + hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def keep(lake: Lake, sample: Sample, chosen: pa.Table) -> None:
    """Stores a sample in its lake; storing it again changes nothing.

    Args:
      lake: that it was drawn from.
      sample: what is asked.
      chosen: columns `utterance_id`, `probability`, `stratum`, `stratum_size` and
        `text_digest`.
    """
    replace_measures(lake, f"{INCLUSION}-{sample.sample_id}", _rows(sample, chosen))
    content = json.dumps(asdict(sample), indent=1, sort_keys=True).encode()
    lake.storage.write_once(content, FOLDER, f"{sample.sample_id}.json")


def _rows(sample: Sample, chosen: pa.Table) -> pa.Table:
    rows = chosen.num_rows
    ids = chosen.column("utterance_id").to_pylist()
    settings = json.dumps({"tops_up": sample.tops_up}) if sample.tops_up else None
    columns = {
        "measure_id": pa.array([_measure_id(sample.sample_id, each) for each in ids]),
        "kind": pa.repeat(INCLUSION, rows),
        "unit_type": pa.repeat("utterance", rows),
        "unit_id": chosen.column("utterance_id"),
        "label": pa.repeat(sample.sample_id, rows),
        "group": chosen.column("stratum"),
        "parameters": pa.repeat(pa.scalar(settings, pa.string()), rows),
        "value": chosen.column("probability"),
        "low": pa.nulls(rows),
        "high": pa.nulls(rows),
        "n": chosen.column("stratum_size"),
        "fitted_on": chosen.column("text_digest"),
    }
    return pa.table(columns).select(MEASURES.names).cast(MEASURES)


def _measure_id(sample_id: str, utterance_id: str) -> str:
    said = f"{INCLUSION}\0{sample_id}\0{utterance_id}"
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()
