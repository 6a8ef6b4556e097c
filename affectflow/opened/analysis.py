"""`analyze` in Python: ingests files, labels and mines them, and opens the lake."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from affectflow import defaults, registry
from affectflow.errors import OverBudgetError, SaidOnceWarning
from affectflow.opened.lake import OpenLake, open_lake

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
    options: Mapping[str, Any] | None = None,
    miner: str = defaults.MINER,
    clusterer: str = defaults.CLUSTERER,
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
) -> OpenLake:
    """Ingests, annotates and mines, and returns the open lake.

    Does what `affectflow analyze` does, except the report, and only for new input:
    work of an earlier run is not repeated.

    >>> lake = affectflow.analyze("issues.json", source="github", to="lake")
    >>> lake.plot("themes")

    Args:
      paths: files, globs, URLs or folders.
      to: the lake; created if it does not exist.
      source: kind of source; `auto` recognises it from the files.
      source_options: options of the source, such as `{"mapping": {"text": "body"}}`.
      model: as `annotate` takes it.
      revision: revision of a hub model.
      options: options of the model, such as `{"prompt": "my.toml"}`.
      miner: name of a plugin.
      clusterer: name of a plugin.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Raises:
      UsageError: a file, a plugin or an option is wrong; says what to do.

    Warns:
      OverBudgetWarning: more rows were refused than `budget` allows.
    """
    from affectflow import stages
    from affectflow.planning.ledger import ingest_by_plan
    from affectflow.steps.annotate import handler_for

    lake = os.fspath(to)
    given = dict(options or {})
    handler_for(model, revision, given)  # errors show before any row is read
    made = source_of(paths, source, source_options)
    common: dict[str, Any] = {"budget": budget, "beam_options": beam_options}
    with quiet():
        rows = [ingest_by_plan(made, lake, **common)]
        asked: dict[str, Any] = {"model": model, "revision": revision, "options": given}
        rows.append(stages.annotate_lake(lake, **asked, **common))
        mined: dict[str, Any] = {"miner": miner, "clusterer": clusterer}
        rows += stages.mine_lake(lake, **mined, **common)
    _warn_over_budget(rows, lake)
    return open_lake(lake)


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
