"""The stage themes: causes grouped over the whole lake, part by part.

A sample of each family's causes gives provisional groups; then every part assigns its
causes to them, the sums over the parts give the themes, and every part writes its
members. No worker sees more than a part or a sample.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow import runners
from affectflow.errors import LakeError, UsageError
from affectflow.kinds.clusterer import Clusterer, OverVectors
from affectflow.lake import Lake, open_lake, open_tables
from affectflow.lake.commits import Change, ConflictError, commit_serially, retry
from affectflow.lake.naming import annotator_meant
from affectflow.lake.tables import FileEntry
from affectflow.schemas import THEMES
from affectflow.stages.runs.once import CommitOnce, Together, commit_all
from affectflow.stages.runs.receipts import Receipt, total
from affectflow.stages.runs.request import (
    Request,
    clear_staging,
    mark_of,
    new_request,
)
from affectflow.stages.runs.run import Row, run_stage, write_run, written_run
from affectflow.stages.themes import steps as working
from affectflow.stages.themes.unchanged import note, unchanged_causes
from affectflow.steps.themes import ClusterThemes, merge

_Sampled = tuple[str, pa.RecordBatch]
_Tally = tuple[str, bytes]


def cluster_themes(
    lake: Lake,
    run_id: str,
    beam_options: Sequence[str],
    step: ClusterThemes | None = None,
) -> Row:
    """Groups all causes of a lake into themes, and returns the row of `runs`.

    Skips the clustering if it would give the same themes.

    Args:
      lake: that holds the causes.
      run_id: of the command.
      beam_options: as on Beam's command line.
      step: names the clusterer and its options; the default one if None.
    """
    clusterer = (step or ClusterThemes()).load_clusterer()
    request = new_request(lake, "themes", themes_config(clusterer), run_id=run_id)
    causes, vectors_of = None, vectors_wanted(lake, clusterer)
    if not runners.only_written(beam_options):
        causes = unchanged_causes(lake, request, clusterer, vectors_of)

    def settle() -> Row:
        rows = {"rows_in": causes or 0, "rows_unchanged": causes or 0}
        return commit_all(request, [Receipt(rows=rows)], _commit_unchanged)

    return run_stage(
        lake,
        request,
        lambda pipeline: cluster_lake(pipeline, request, clusterer, vectors_of),
        beam_options,
        settled=None if causes is None else settle,
        free=partial(clear_staging, lake, request),
    )


def vectors_wanted(lake: Lake, clusterer: Clusterer) -> str:
    """Returns whose vectors a clusterer reads; empty if it reads none.

    Raises:
      LakeError: it needs vectors, and the lake has none.
      UsageError: the named ones do not exist, or none are named although several do.
    """
    if not isinstance(clusterer, OverVectors):
        return ""
    with open_tables(lake.uri) as connection:
        query = "SELECT DISTINCT annotator_id FROM vectors ORDER BY 1"
        there = [name for (name,) in connection.sql(query).fetchall()]
        if len(there) == 1 or (there and clusterer.vectors):
            wanted, where = clusterer.vectors or there[0], "gave vectors in this lake"
            return annotator_meant(connection, wanted, there, where)
    name = type(clusterer).__name__
    if not there:
        raise LakeError(
            f"{name} groups causes by vectors, and {lake.uri!r} has none: first run "
            f"`affectflow annotate {lake.uri} --model Embedder --set model=FOLDER`"
        )
    raise UsageError(
        f"several annotators gave vectors; set --set vectors= to one of {there}"
    )


def themes_config(clusterer: Clusterer) -> dict[str, Any]:
    """Returns the settings that determine how causes are grouped."""
    reads = {"reads": dict(clusterer.reads)} if clusterer.reads else {}
    name = type(clusterer).__name__
    return {"clusterer": name, "options": asdict(clusterer), **reads}


def cluster_lake(
    pipeline: beam.Pipeline,
    request: Request,
    clusterer: Clusterer,
    vectors_of: str = "",
) -> Any:
    """Adds the stage themes to a pipeline.

    Args:
      pipeline: to add to.
      request: the run.
      clusterer: that groups causes.
      vectors_of: whose vectors it reads, if it reads any.
    """
    asked = {"request": request, "clusterer": clusterer}
    read = {"request": request, "vectors_of": vectors_of}
    units = (
        pipeline
        | "Request" >> beam.Create([""], reshuffle=False).with_output_types(str)
        | "Units" >> beam.FlatMap(working.plan, **read).with_output_types(str)
    )
    fitted = units | "Fit" >> _fit(asked)
    named = fitted | "Name" >> _name(asked)
    return (
        named
        | "Spread" >> beam.Reshuffle()
        | "Members" >> beam.Map(working.members, request).with_output_types(str)
        | "Themes" >> CommitOnce(request, partial(commit_themes, clusterer=clusterer))
    )


def _fit(asked: Mapping[str, Any]) -> beam.PTransform:
    """Names of units to names of units, once the model of each family is fitted."""
    request, requires = asked["request"], asked["clusterer"].requires
    survey = beam.Map(working.survey, request, requires)
    return (
        "Spread" >> beam.Reshuffle()
        | "Survey" >> survey.with_output_types(str)
        | "Surveyed" >> _wait(request, working.SURVEYED)
        | "SpreadAgain" >> beam.Reshuffle()
        | "Sample" >> beam.FlatMap(working.sample, **asked).with_output_types(_Sampled)
        | "ByFamily" >> beam.GroupByKey()
        | "Fit" >> beam.Map(working.fit, **asked).with_output_types(str)
        | "Fitted" >> _wait(request, working.FITTED)
    )


def _name(asked: Mapping[str, Any]) -> beam.PTransform:
    """Names of units to names of units, once all themes have a name."""
    return (
        "Spread" >> beam.Reshuffle()
        | "Assign" >> beam.FlatMap(working.assign, **asked).with_output_types(_Tally)
        | "AddUp" >> beam.CombinePerKey(AddUp(merge)).with_output_types(_Tally)
        | "Name" >> beam.Map(working.name_themes, **asked).with_output_types(str)
        | "Named" >> _wait(asked["request"], working.NAMED)
    )


def _wait(request: Request, name: str) -> beam.PTransform:
    """Receipts of a step to the names of all units, once they are all there."""
    once = beam.FlatMap(working.once_all_are_through, request, name)
    return "Together" >> Together() | "Next" >> once.with_output_types(str)


class AddUp(beam.CombineFn):
    """Adds up tallies.

    Args:
      merge: gives one tally for several; associative and commutative.
    """

    def __init__(self, merge: Callable[[list[bytes]], bytes]):
        super().__init__()  # type: ignore[no-untyped-call]
        self._merge = merge

    def create_accumulator(self) -> list[bytes]:
        return []

    def add_input(self, accumulator: list[bytes], element: bytes) -> list[bytes]:
        both = [*accumulator, element]
        return both if len(both) < _WAITING else [self._merge(both)]

    def merge_accumulators(self, accumulators: Iterable[list[bytes]]) -> list[bytes]:
        found = [tally for each in accumulators for tally in each]
        return found if len(found) < 2 else [self._merge(found)]

    def extract_output(self, accumulator: list[bytes]) -> bytes:
        return self._merge(accumulator)


# Number of tallies merged at once, since each merge reads all of them.
_WAITING = 16


# -- commit ------------------------------------------------------------------------


def commit_themes(
    request: Request, receipts: list[Receipt], clusterer: Clusterer
) -> dict[str, Any]:
    """Replaces the themes of the lake by those of this clustering."""
    lake, mark = request.open_lake(), mark_of(receipts)
    if (row := written_run(lake, request, mark)) is not None:
        return row  # a retry of a commit that went through
    members = [file for receipt in receipts for file in receipt.files]
    files = {"theme_members": members, "themes": _write_themes(lake, request)}
    _replace(lake, files)
    summed = _summed(request, receipts)
    summed.counters["in_no_theme"] = _in_no_theme(lake)
    read, causes = working.units_of(request), summed.rows["rows_in"]
    note(lake, request, clusterer, read=read, gave=files, causes=causes)
    row = write_run(lake, request, summed, mark=mark)
    clear_staging(lake, request)
    return row


def _commit_unchanged(request: Request, receipts: list[Receipt]) -> Row:
    return write_run(request.open_lake(), request, total(receipts))


def _write_themes(lake: Lake, request: Request) -> list[FileEntry]:
    themes = working.themes_of(request)
    if themes is None:
        return []
    return working.write_rows(lake, "themes", themes.select(THEMES.names), "all")


def _summed(request: Request, receipts: list[Receipt]) -> Receipt:
    steps = [working.summed(request, s) for s in (working.SURVEYED, working.FITTED)]
    named = working.summed(request, working.NAMED)
    causes = sum(steps[0].counters.values())
    summed = total([*steps, named, *receipts])
    summed.rows |= {"rows_in": causes, "rows_out": causes}
    members, unknown = (
        sum(r.counters.get(name, 0) for r in receipts)
        for name in ("theme_members", "without_speaker")
    )
    summed.counters = {
        "causes": causes,
        "in_no_theme": 0,  # known when the themes are there
        "themes": named.counters.get("themes", 0),
        "theme_members": members,
        "without_speaker": unknown,
    }
    return summed


def _in_no_theme(lake: Lake) -> int:
    """Returns how many causes are in no theme, as the view of that name shows them.

    One span is counted here once; among `causes` it is once for each family.
    """
    with open_lake(lake.uri) as connection:
        found = connection.sql("SELECT count(*) FROM causes_in_no_theme").fetchall()
    return int(found[0][0])


def _replace(lake: Lake, files: Mapping[str, list[FileEntry]]) -> None:
    """Makes these files the only ones of their tables, all of one clustering.

    A concurrent run may have replaced the first table before this run replaced the
    last:
    a run that finds this does both again.

    Raises:
      ConflictError: other runs kept replacing them.
    """

    def replace() -> None:
        for table, adds in files.items():
            commit_serially(lake, table, partial(_replaced, adds))
        if not all(_holds(lake, table, adds) for table, adds in files.items()):
            raise ConflictError(
                "other runs keep replacing the themes; run this command again when no "
                "other runs"
            )

    retry(replace)


def _holds(lake: Lake, table: str, files: list[FileEntry]) -> bool:
    return set(lake.committed(table)) == {file.path for file in files}


def _replaced(
    adds: list[FileEntry], present: Mapping[str, FileEntry], _: set[str]
) -> Change:
    """Returns the change that leaves these files only, regardless of who came first."""
    return adds, sorted(set(present) - {file.path for file in adds})
