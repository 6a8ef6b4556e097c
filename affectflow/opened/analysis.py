"""`analyze` in Python: ingests files, labels and mines them, and opens the lake."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from affectflow import defaults, registry
from affectflow.errors import OverBudgetError, SaidOnceWarning
from affectflow.opened.lake import OpenLake, open_lake
from affectflow.options import as_given

if TYPE_CHECKING:
    from affectflow.kinds.source import Source

BUDGET = 0.05
"""The share of rows that may be refused before a warning."""


class OverBudgetWarning(SaidOnceWarning):
    """More rows were refused than the budget allows; the lake was written anyway."""


def analyze(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    to: str | os.PathLike[str],
    source: str = "auto",
    source_options: Mapping[str, Any] | None = None,
    model: str = defaults.MODEL,
    revision: str = "",
    prompt: str = "",
    options: Mapping[str, Any] | None = None,
    send_to: str = "",
    send_private: bool = False,
    miner: str = defaults.MINER,
    miner_options: Mapping[str, Any] | None = None,
    clusterer: str = defaults.CLUSTERER,
    clusterer_options: Mapping[str, Any] | None = None,
    annotator: str = "",
    purpose: str = "",
    context: str = "",
    allow_person_level: bool = False,
    conversations: str = "",
    mask_names: str = "",
    reread: bool = False,
    speaker_key_uri: str = "",
    budget: float = BUDGET,
    accelerator: str = "",
    min_ram: str = "",
    beam_options: Sequence[str] = (),
    progress: bool = True,
) -> OpenLake:
    """Ingests, annotates and mines, and returns the open lake.

    Does what `affectflow analyze` does, except the report, and only for new input:
    work of an earlier run is not repeated. The arguments are the options of that
    command, by the same names; what `--set` says there stands in mappings here.

    >>> lake = affectflow.analyze("issues.json", source="github", to="lake")
    >>> lake.plot("themes")

    Args:
      paths: files, globs, URLs or folders.
      to: the lake; created if it does not exist.
      source: kind of source; `auto` recognises it from the files.
      source_options: options of the source, such as `{"mapping": {"text": "body"}}`,
        `{"records": "data.items"}`, `{"include_private": True}`.
      model: as `annotate` takes it.
      revision: revision of a hub model.
      prompt: for a language model: a name or a file; short for `options`.
      options: options of the model, such as `{"max_new_tokens": 16}`.
      send_to: the host that masked texts may be sent to, if the model runs on another
        machine.
      send_private: also send private and direct messages there.
      miner: name of a plugin.
      miner_options: options of the miner.
      clusterer: name of a plugin.
      clusterer_options: options of the clusterer.
      annotator: whose emotions are mined and reported from now on, by id or the start
        of it.
      purpose: why you do this; recorded in the lake. Plugins that concern individuals
        need it.
      context: where the results will be used, as `research` or `workplace`.
      allow_person_level: results about individuals are wanted; needs `purpose`.
      conversations: for chats without replies: `pause=30m`, or `replies`.
      mask_names: a spaCy model: names of persons and places that it finds are replaced.
      reread: also read files that have not changed since the lake read them.
      speaker_key_uri: where the key of the pseudonyms is.
      budget: share of rows that may be refused, 0..1.
      accelerator: of the model's workers on Dataflow.
      min_ram: of the model's workers on Dataflow, as `30GB`.
      beam_options: as on Beam's command line.
      progress: show how far a stage is on stderr: a bar on a terminal, elsewhere a line
        every ten seconds. False: nothing, as one may want in a notebook.

    Raises:
      UsageError: a file, a plugin or an option is wrong; says what to do.

    Warns:
      OverBudgetWarning: more rows were refused than `budget` allows.
    """
    from affectflow import people

    run = _Run(os.fspath(to), budget, beam_options, progress)
    said = as_given(prompt=prompt, send_to=send_to, send_private=send_private)
    given = {**(options or {}), **said}
    asked: dict[str, Any] = {"model": model, "revision": revision, "options": given}
    mined: dict[str, Any] = {
        "miner": miner,
        "options": dict(miner_options or {}),
        "clusterer": clusterer,
        "clusterer_options": dict(clusterer_options or {}),
    }
    written: dict[str, Any] = {
        "mask_names": mask_names,
        "reread": reread,
        "speaker_key_uri": speaker_key_uri,
        **_pause(conversations),
    }
    declared = people.using(
        purpose=purpose, context=context, allow_person_level=allow_person_level
    )
    with declared:
        _check(run.lake, annotator, asked, mined)
        made = source_of(paths, source, source_options)
        run.ingest(made, written)
        run.annotate({**asked, "accelerator": accelerator, "min_ram": min_ram})
        run.mine(mined, annotator)
    _warn_over_budget(run.rows, run.lake)
    return open_lake(run.lake)


def _pause(conversations: str) -> dict[str, float | None]:
    from affectflow.stages.ingest.windows import pause_of

    return {"pause_s": pause_of(conversations)} if conversations else {}


def _check(
    lake: str, annotator: str, asked: dict[str, Any], mined: dict[str, Any]
) -> None:
    """Makes the plugins before a row is read: what is wrong is said now."""
    from affectflow.stages.basis import check_named
    from affectflow.steps.annotate import handler_for
    from affectflow.steps.mine import MineCauses
    from affectflow.steps.themes import ClusterThemes

    handler = handler_for(asked["model"], asked["revision"], asked["options"])
    MineCauses(miner=mined["miner"], miner_options=mined["options"])
    grouping = mined["clusterer"], mined["clusterer_options"]
    ClusterThemes(clusterer=grouping[0], clusterer_options=grouping[1])
    if annotator:
        check_named(lake, annotator, str(handler.annotator()["annotator_id"]))


class _Run:
    """The stages of an analysis, one after another, and their rows of `runs`."""

    def __init__(
        self, lake: str, budget: float, beam_options: Sequence[str], progress: bool
    ):
        self.lake, self.rows = lake, list[Mapping[str, Any]]()
        self._common: dict[str, Any] = {"budget": budget, "beam_options": beam_options}
        self._progress = progress

    @contextlib.contextmanager
    def _shown(self) -> Iterator[dict[str, Any]]:
        """Yields what all stages are told, while one of them is shown."""
        from affectflow.stages.runs.showing import shown

        with quiet():
            if not self._progress:
                yield self._common
                return
            with shown(self.lake, _say) as run_id:
                yield {**self._common, "run_id": run_id}

    def ingest(self, source: "Source", written: Mapping[str, Any]) -> None:
        from affectflow.planning.ledger import ingest_by_plan

        with self._shown() as common:
            self.rows.append(ingest_by_plan(source, self.lake, **written, **common))

    def annotate(self, asked: Mapping[str, Any]) -> None:
        from affectflow import stages

        with self._shown() as common:
            self.rows.append(stages.annotate_lake(self.lake, **asked, **common))

    def mine(self, mined: Mapping[str, Any], annotator: str) -> None:
        from affectflow import stages
        from affectflow.stages.basis import rest_on

        if annotator:
            rest_on(self.lake, annotator)
        with self._shown() as common:
            self.rows += stages.mine_lake(self.lake, **mined, **common)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def source_of(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    source: str,
    options: Mapping[str, Any] | None,
) -> "Source":
    """Returns the source that reads some paths.

    Raises:
      UsageError: no source has that name, none recognises the files, or it refuses an
        option.
    """
    from affectflow.sources.recognition import check_filled, recognise

    given_paths = [paths] if isinstance(paths, str | os.PathLike) else paths
    read = [os.fspath(path) for path in given_paths]
    check_filled(read)
    name = recognise(read).source.__name__ if source == "auto" else source
    given = {**(options or {}), "paths": read}
    made: Source = registry.make("connectors", name, given)
    return made


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences Beam's logs inside; failures are still raised."""
    beam = logging.getLogger("apache_beam")
    root, before = logging.getLogger(), beam.level
    beam.setLevel(logging.CRITICAL)
    root.addFilter(_is_not_beams)
    try:
        yield
    finally:
        beam.setLevel(before)
        root.removeFilter(_is_not_beams)


def _is_not_beams(record: logging.LogRecord) -> bool:
    """Beam also logs through the root logger."""
    return "apache_beam" not in record.pathname


def _warn_over_budget(rows: Sequence[Mapping[str, Any]], lake: str) -> None:
    from affectflow.stages.runs.run import check_budget

    for row in rows:
        try:
            check_budget(dict(row), lake)
        except OverBudgetError as error:
            warnings.warn(str(error), OverBudgetWarning, stacklevel=3)
