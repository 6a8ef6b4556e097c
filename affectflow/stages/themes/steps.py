"""The steps of the stage themes: what a worker does with a unit or a family.

Steps pass files through the run's staging folder, which the commit removes; only names,
samples and tallies are shuffled. A step that runs twice writes the same files again.
"""

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from affectflow.batches import coders
from affectflow.batches.batch import one_batch, split
from affectflow.kinds.clusterer import Clusterer
from affectflow.lake import Lake
from affectflow.lake.files import write_file
from affectflow.lake.tables import FileEntry
from affectflow.schemas import TABLES
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes, total
from affectflow.stages.runs.request import Request, staging
from affectflow.stages.themes.units import Unit, causes_of, units
from affectflow.steps import themes as hosting
from affectflow.storage import Storage

UNITS = "units.json"
SURVEYED, FITTED, NAMED = "surveyed.json", "fitted.json", "named.json"
"""Sums of the receipts of a step, once all units or families are through."""

_CAUSES, _MODELS, _ASSIGNED, _THEMES = "causes", "models", "assigned", "themes"


def plan(_: str, request: Request, vectors_of: str = "") -> Iterator[str]:
    """Yields the units of a lake as JSON, the same ones every time."""
    folder = _folder(request)
    if not folder.exists(UNITS):
        found = units(request.open_lake(), vectors_of)
        folder.write_once(json.dumps(found).encode(), UNITS)
    yield from map(json.dumps, units_of(request))


@functools.lru_cache(maxsize=1)
def _folder(request: Request) -> Storage:
    return Storage(staging(request.open_lake(), request))


def units_of(request: Request) -> list[Any]:
    """Returns the units that a run reads, as plain lists."""
    found: list[Any] = json.loads(_folder(request).read(UNITS))
    return found


def _unit(text: str) -> Unit:
    said = json.loads(text)
    return Unit._make(tuple(e) if isinstance(e, list) else e for e in said)


def once_all_are_through(
    receipts: Iterable[str], request: Request, step: str
) -> Iterator[str]:
    """Records the sums of a step, and yields the names of units for the next one."""
    together = total(Receipt.from_json(text) for text in sorted(receipts) if text)
    _folder(request).write(together.to_json().encode(), step)
    names = [unit[0] for unit in units_of(request)]
    if step == SURVEYED:
        causes = sum(together.counters.values())
        progress = Progress(request.open_lake(), request)
        progress.planned(rows=causes, parts=len(names))
    yield from names


def summed(request: Request, name: str) -> Receipt:
    """Returns the sums of a step."""
    return Receipt.from_json(_folder(request).read(name).decode())


def _receipt(unit: str, **counters: int) -> str:
    peak = peak_rss_bytes()
    return Receipt(unit=unit, counters=counters, peak_rss_bytes=peak).to_json()


# -- the sample --------------------------------------------------------------------


def survey(unit: str, request: Request, requires: pa.Schema) -> str:
    """Records the causes of a unit, and returns how many there are of each family."""
    lake, asked = request.open_lake(), _unit(unit)
    with Progress(lake, request).busy():
        causes = hosting.prepare(causes_of(lake, asked), requires)
        _folder(request).write_parquet(causes, _CAUSES, f"{asked.name}.parquet")
    return _receipt(asked.name, **hosting.count_by_family(causes))


def sample(
    name: str, request: Request, clusterer: Clusterer
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yields the causes of a unit that are in the sample, by family."""
    counts = _cached(request, SURVEYED).counters
    causes = hosting.sampled(clusterer, _noted(request, name), counts)
    for family, own in hosting.by_family(causes).items():
        for batch in split(one_batch(own)):
            yield family, batch


def _noted(request: Request, name: str) -> pa.Table:
    return _folder(request).read_parquet(_CAUSES, f"{name}.parquet")


def fit(
    sampled: tuple[str, Iterable[pa.RecordBatch]],
    request: Request,
    clusterer: Clusterer,
) -> str:
    """Fits the model of a family on the sample of all units."""
    family, batches = sampled
    lake = request.open_lake()
    count = _cached(request, SURVEYED).counters[family]
    with Progress(lake, request).busy():
        model = hosting.fit(clusterer, pa.Table.from_batches(list(batches)), count)
    _folder(request).write(clusterer.dump(model), _MODELS, family)
    return _receipt(family)


# -- all causes --------------------------------------------------------------------


def assign(
    name: str, request: Request, clusterer: Clusterer
) -> Iterator[tuple[str, bytes]]:
    """Assigns the causes of a unit to groups, and yields a tally for each family."""
    with Progress(request.open_lake(), request).unit(name) as unit:
        causes = _noted(request, name)
        models = _models(request, clusterer)
        assigned, tallies = hosting.assign(clusterer, models, causes)
        _folder(request).write_parquet(assigned, _ASSIGNED, f"{name}.parquet")
        unit.rows = {"rows_in": causes.num_rows}
    yield from tallies.items()


def name_themes(
    found: tuple[str, bytes], request: Request, clusterer: Clusterer
) -> str:
    """Names the themes of a family, from the tally of all units."""
    family, tally = found
    model = _models(request, clusterer)[family]
    themes = hosting.name_themes(clusterer, family, model, tally)
    _folder(request).write_parquet(themes, _THEMES, f"{family}.parquet")
    return _receipt(family, themes=themes.num_rows)


def themes_of(request: Request) -> pa.Table | None:
    """Returns the themes of all families, by family; None if there aren't any."""
    folder = _folder(request)
    tables = [folder.read_parquet(_THEMES, each) for each in folder.names(_THEMES)]
    return pa.concat_tables(tables) if tables else None


def members(name: str, request: Request) -> str:
    """Writes the members of themes that are in a unit, and returns the receipt."""
    themes = _cached_themes(request)
    assigned = _folder(request).read_parquet(_ASSIGNED, f"{name}.parquet")
    causes = _noted(request, name)
    receipt = Receipt(unit=name, counters={"without_speaker": _unknown(causes)})
    if themes is not None and assigned.num_rows:
        rows = hosting.members(assigned, themes)
        receipt.files = write_rows(request.open_lake(), "theme_members", rows, name)
        receipt.counters["theme_members"] = rows.num_rows
    receipt.peak_rss_bytes = peak_rss_bytes()
    return receipt.to_json()


def _unknown(causes: pa.Table) -> int:
    """Returns how many causes are of unknown speakers."""
    if "speaker_id" not in causes.schema.names:
        return causes.num_rows
    return int(causes.column("speaker_id").null_count)


def write_rows(lake: Lake, table: str, rows: pa.Table, name: str) -> list[FileEntry]:
    """Writes rows to a file named after its content; no file without rows."""
    if not rows.num_rows:
        return []
    rows = rows.cast(TABLES[table])
    content = hashlib.blake2b(coders.encode(one_batch(rows)), digest_size=8)
    path = f"{name}-{content.hexdigest()}.parquet"
    return [write_file(lake.storage, table, path, rows)]


# -- read once in a process --------------------------------------------------------


@functools.lru_cache(maxsize=2)
def _cached(request: Request, name: str) -> Receipt:
    return summed(request, name)


@functools.lru_cache(maxsize=1)
def _cached_themes(request: Request) -> pa.Table | None:
    return themes_of(request)


_LOADED: dict[Request, dict[str, Any]] = {}


def _models(request: Request, clusterer: Clusterer) -> dict[str, Any]:
    """Returns the models of all families."""
    if request not in _LOADED:
        folder = _folder(request)
        names = folder.names(_MODELS)
        loaded = {name: clusterer.load(folder.read(_MODELS, name)) for name in names}
        _LOADED.clear()  # of an earlier run in this process
        _LOADED[request] = loaded
    return _LOADED[request]
