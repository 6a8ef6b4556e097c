"""Stages that read a part with the labels that an annotator has given it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.nesting import nest
from affectflow.lake import Lake
from affectflow.lake.files import read_file, read_files
from affectflow.lake.tables import FileEntry, stem
from affectflow.schemas import FINDINGS
from affectflow.stages.runs.answers import (
    ANNOTATE,
    cue_files,
    folder_of,
    label_files,
)
from affectflow.stages.runs.parts import Part, PartTask
from affectflow.stages.runs.reading import INLINE, read_part
from affectflow.stages.runs.receipts import WORK
from affectflow.stages.runs.request import Request
from affectflow.stages.runs.wordings import ALL, Wordings
from affectflow.storage import in_threads


@dataclass(frozen=True)
class Labels:
    """The answers of annotators, part by part.

    Args:
      of: the annotators; a part is ready when all of them have answered it.
      tables: that are read: `annotations`, `vectors`, or both.
      wordings: wordings to read of cues that exist in several styles.
    """

    of: tuple[str, ...]
    tables: tuple[str, ...] = ("annotations",)
    wordings: Wordings = ALL

    def part(self, lake: Lake, name: str) -> Part:
        """Returns the descriptor of a part, with the files of its labels."""
        return Part(name, 0, _paths(self._files(lake, name)))

    def _files(self, lake: Lake, name: str) -> list[FileEntry]:
        return [
            f for each in self.of for f in label_files(lake, each, name, self.tables)
        ]

    def ready(self, lake: Lake, parts: list[Part]) -> list[Part]:
        """Returns the parts whose labels by all annotators are committed.

        If done earlier, a part would count as done and its labels would never be read.
        """
        visible = {table: lake.committed(table) for table in self.tables}
        names = [part.name for part in parts]
        known = [set(self._labelled(lake, each, names)) for each in self.of]
        labelled = [part for part in parts if all(part.name in each for each in known)]
        files = in_threads(lambda part: self._files(lake, part.name), labelled)
        return [
            part._replace(inputs=_paths(of_part))
            for part, of_part in zip(labelled, files, strict=True)
            if all(f.path in visible[f.table] or not f.rows for f in of_part)
        ]

    def _labelled(
        self, lake: Lake, annotator_id: str, names: Iterable[str]
    ) -> Iterator[str]:
        """Yields the parts that an annotator has done, or that came in with labels."""
        done = lake.storage.names(WORK, ANNOTATE, folder_of(annotator_id))
        finished = {name.removesuffix(".json") for name in done}
        yield from finished
        for table in self.tables:
            inline = {stem(name) for name in lake.storage.names(table, INLINE)}
            for name in sorted(inline.intersection(names) - finished):
                if _came_with(lake, annotator_id, table, name):
                    yield name

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part with the annotators' labels."""
        cues = cue_files(lake, part.name, but=self.wordings.unread)
        batch = read_part(lake, part.name, cues=cues, only=self.wordings.of)
        for table in self.tables:
            # A path may belong to several tables, since the results of a part have one
            # name.
            paths = [
                p for p in part.inputs if lake.storage.exists(table, *p.split("/"))
            ]
            found = read_files(lake.storage, table, paths)
            value_set = pa.array(self.of, pa.string())
            own = found.filter(pc.is_in(found.column("annotator_id"), value_set))
            lists = nest(own, table, batch.column("utterance_id"))
            batch = batch.append_column(FINDINGS[table], lists)
        return batch


def _came_with(lake: Lake, annotator_id: str, table: str, name: str) -> bool:
    path = f"{INLINE}/{name}.parquet"
    rows = read_file(lake.storage, table, path, ["annotator_id"])
    own = pc.equal(rows.column("annotator_id"), annotator_id)
    return bool(pc.any(own, min_count=0).as_py())


def _paths(files: Iterable[FileEntry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file.path for file in files))


class LabelledTask(PartTask):
    """Works on parts that an annotator has labelled, with its labels.

    Args:
      request: the run.
      labels_of: the annotator.
    """

    reads: tuple[str, ...] = ("annotations",)
    """The tables whose rows are read."""

    def __init__(self, request: Request, labels_of: str):
        super().__init__(request)
        self.labels_of = labels_of

    @property
    def wordings(self) -> Wordings:
        """Which cues are read."""
        return ALL

    @property
    def annotators_read(self) -> tuple[str, ...]:
        """The annotators whose labels it reads."""
        return (self.labels_of,)

    @property
    def labels(self) -> Labels:
        """The labels that it reads."""
        return Labels(self.annotators_read, self.reads, self.wordings)

    def part(self, lake: Lake, name: str) -> Part:
        """Returns the descriptor of a part, with the files of its labels."""
        return self.labels.part(lake, name)

    def ready(self, lake: Lake, parts: list[Part]) -> list[Part]:
        """Returns the parts whose labels by the annotator are committed."""
        return self.labels.ready(lake, parts)

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part with the annotator's labels."""
        return self.labels.read(lake, part)
