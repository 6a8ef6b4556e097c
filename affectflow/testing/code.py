"""Checks of plugins that make no rows in flight, and the check of any plugin."""

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors.numpy import load

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import Clusterer
from affectflow.kinds.renderer import (
    BLANK,
    Renderer,
    TextRenderer,
    Track,
    TrackRenderer,
)
from affectflow.kinds.source import Source
from affectflow.kinds.trainer import Trained, Trainer
from affectflow.registry import Card
from affectflow.schemas import THEMES
from affectflow.steps import themes as hosting
from affectflow.testing.measures import check_measure
from affectflow.testing.objectives import check_objective
from affectflow.testing.prompts import check_parser
from affectflow.testing.rows import (
    check_miner,
    check_model,
    check_transform,
    pickled,
)
from affectflow.testing.sample import TEXTS, Tell, quiet, sample_causes
from affectflow.testing.sources import check_source


def check_renderer(
    renderer: Renderer, texts: tuple[str, ...] = (), *, tell: Tell = quiet
) -> None:
    """Checks what every renderer must do.

    Of texts: its pattern lets through every text with a cue; cues lie in the text, by
    their place, and have a phrase; what is not the author's prose has none; the same
    answer twice. Of tracks: stretches lie in the track, in order; nothing is said where
    nothing was measured.

    Args:
      renderer: the plugin.
      texts: tried beside the sample's, if it is a renderer of text.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert re.fullmatch(r"[\w.-]+@\w+", renderer.renderer_id), (
        f"`renderer_id` is {renderer.renderer_id!r}, not name@version"
    )
    tell(f"it is {renderer.renderer_id!r}, name and version")
    if isinstance(renderer, TextRenderer):
        _check_texts(renderer, [*TEXTS, *texts], tell)
    if isinstance(renderer, TrackRenderer):
        _check_tracks(renderer, tell)


def _check_texts(renderer: TextRenderer, tried: list[str], tell: Tell) -> None:
    may = renderer.may_match(pa.array(tried, pa.string())).to_pylist()
    for text, let_through in zip(tried, may, strict=True):
        cues = renderer.render(text)
        assert let_through or not cues, f"`pattern` misses a cue of {text[:40]!r}"
        assert cues == renderer.render(text), f"two answers to {text[:40]!r} differ"
        assert cues == sorted(cues, key=lambda cue: (cue.start, cue.end)), (
            f"cues of {text[:40]!r} are not in the order of their place"
        )
        for cue in cues:
            assert 0 <= cue.start < cue.end <= len(text), f"{cue} is outside its text"
            assert cue.phrase, f"{cue} is not put into words"
        assert not renderer.render(BLANK * len(text)), "what is blanked has cues"
    tell("its pattern lets through every text with a cue")
    tell("cues lie in the author's prose, in order, and are put into words")


def _check_tracks(renderer: TrackRenderer, tell: Tell) -> None:
    times = np.arange(0, 60, 0.5)
    for values in (50 + 40 * np.sin(times), np.zeros(len(times)), -1e6 * times):
        track = Track("value", times, values, np.ones(len(times)))
        rows = list(renderer.rows("sample:1", track))
        again = list(renderer.rows("sample:1", track))
        assert rows == again, "two answers to one track differ"
        places = [(row["start_s"], row["end_s"]) for row in rows]
        assert places == sorted(places), "stretches are not in order"
        for start, end in places:
            assert 0 <= start <= end <= 60, f"{start} to {end} s is outside the track"
    tell("stretches lie within the track, in order, and are put into words")
    for n in (0, 4):
        nothing = np.full(n, np.nan)
        unknown = Track("value", times[:n], nothing, nothing)
        found = list(renderer.rows("sample:1", unknown))
        assert not found, "there are cues where nothing was measured"
    tell("where nothing was measured, there are no cues")


def check_clusterer(
    clusterer: Clusterer[Any], causes: pa.Table | None = None, *, tell: Tell = quiet
) -> pa.Table:
    """Checks what every clusterer must do, and returns the themes that it found.

    Causes in another order and in parts give the same themes and members, from a
    model that was stored as bytes; every cause is in one group or none; the clusterer
    survives pickling.

    Args:
      clusterer: with its options.
      causes: as `Clusterer` describes them; some make a theme; a sample if None.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert isinstance(clusterer, Clusterer), (
        f"{clusterer!r} does not derive from `Clusterer`"
    )
    clusterer = pickled(clusterer, tell)
    causes = sample_causes() if causes is None else causes
    prepared = hosting.prepare(causes, clusterer.requires)
    for family, own in hosting.by_family(prepared).items():
        given = clusterer.assign(own, hosting.fit(clusterer, own, own.num_rows))
        lengths = {len(given.groups), len(given.similarity)}
        assert lengths == {own.num_rows}, (
            f"{lengths} groups and similarities for {own.num_rows} causes of {family!r}"
        )
    tell("every cause is in one group, or in none")
    themes, members = hosting.cluster(clusterer, causes)
    assert themes.num_rows, "no theme came out; give causes that belong together"
    places = np.arange(prepared.num_rows)
    parts = [prepared.take(places[1::2]), prepared.take(places[::2])]
    assert _clustered(clusterer, parts) == _sorted(themes, members), (
        "causes in another order, or in parts, give other themes"
    )
    tell("causes in another order, and in parts, give the same themes")
    return themes


def _clustered(clusterer: Clusterer[Any], parts: list[pa.Table]) -> Any:
    """Returns what the stage themes makes of causes in parts."""
    whole = pa.concat_tables(parts)
    counts = hosting.count_by_family(whole)
    models = {}
    for family, own in hosting.by_family(whole).items():
        sample = hosting.sampled(clusterer, own, counts)
        model = hosting.fit(clusterer, sample, counts[family])
        models[family] = clusterer.load(clusterer.dump(model))
    found = [hosting.assign(clusterer, models, part) for part in parts]
    tables = []
    for family, model in models.items():
        tallies = [tally[family] for _, tally in found if family in tally]
        if tallies:
            merged = hosting.merge(tallies)
            tables.append(hosting.name_themes(clusterer, family, model, merged))
    themes = pa.concat_tables(tables)
    members = [hosting.members(assigned, themes) for assigned, _ in found]
    return _sorted(themes, pa.concat_tables(members))


def _sorted(themes: pa.Table, members: pa.Table) -> tuple[list[Any], list[Any]]:
    """Returns rows in one order, whatever theirs was."""
    themes = themes.select(THEMES.names).cast(THEMES)
    return (
        themes.sort_by(
            [("clustering_id", "ascending"), ("theme_id", "ascending")]
        ).to_pylist(),
        members.sort_by(
            [("clustering_id", "ascending"), ("cause_id", "ascending")]
        ).to_pylist(),
    )


def check_trainer(
    trainer: Trainer, data: Path | None = None, *, tell: Tell = quiet
) -> Trained | None:
    """Checks what every trainer must do, and returns what it fitted.

    A folder without its data is refused in one line; with data it writes weights in
    the format safetensors that name the model plugin that reads them, the same bytes
    each time, a card, and figures on what was held out.

    Args:
      trainer: the plugin.
      data: a folder with its data; None to try the empty folder only.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert re.fullmatch(r"[\w.-]+\.safetensors", trainer.file), (
        f"`file` is {trainer.file!r}, not a name that ends in .safetensors"
    )
    with tempfile.TemporaryDirectory(prefix="affectflow-") as folder:
        _check_refuses(trainer, Path(folder))
    tell("a folder without its data is refused in one line")
    if data is None:
        return None
    first, second = trainer.train(data), trainer.train(data)
    files, again = (_files_of(found, trainer.file) for found in (first, second))
    assert files == again, "two runs on the same data differ"
    tell("two runs on the same data write the same bytes")
    assert load(files[trainer.file]), "no weights were written"
    assert first.annotator, "it does not say which model reads the weights"
    assert first.card.strip(), "its card is empty"
    assert first.held_out.strip(), "it does not say what was held out"
    assert first.figures, "it gives no figures"
    tell(f"weights, a card, and {len(first.figures)} figures of what was held out")
    return first


def _files_of(found: Trained, file: str) -> dict[str, bytes]:
    """Returns the files of a model; those of a folder are removed."""
    if isinstance(found.weights, bytes):
        return {file: found.weights}
    files = {path.name: path.read_bytes() for path in found.weights.iterdir()}
    shutil.rmtree(found.weights)
    assert file in files, f"its folder has no {file!r}"
    return files


def _check_refuses(trainer: Trainer, folder: Path) -> None:
    said = ""
    try:
        trainer.train(folder)
    except UsageError as error:
        said = str(error)
    assert said, "it accepts a folder without its data"
    assert "\n" not in said, f"the refusal has several lines: {said!r}"


def _check_connector(plugin: Any, *, tell: Tell) -> None:
    if isinstance(plugin, Source):
        check_source(plugin, tell=tell)


_CHECKS: dict[str, Callable[..., Any]] = {
    "transforms": check_transform,
    "connectors": _check_connector,
    "models": check_model,
    "renderers": check_renderer,
    "miners": check_miner,
    "trainers": check_trainer,
    "clusterers": check_clusterer,
    "measures": check_measure,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parsers": check_parser,
    "objectives": check_objective,
}
"""Kinds whose plugins are functions, without a base and a card."""


def check_plugin(
    kind: str, plugin: Any, *, data: Path | None = None, tell: Tell = quiet
) -> None:
    """Checks what every plugin must do, then what its kind must do.

    Args:
      kind: one of `registry.KINDS`.
      plugin: made with its options.
      data: for a trainer: a folder with its data.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    if kind in _FUNCTIONS:
        _FUNCTIONS[kind](plugin, tell=tell)
        return
    cls = type(plugin)
    card = getattr(cls, "card", None)
    assert isinstance(card, Card), "it has no `card`"
    assert re.fullmatch(r"\S.*", card.summary), "its card has no summary of one line"
    tell("it has a card, whose summary is one line")
    options = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    by_place = [each.name for each in options if each.init and not each.kw_only]
    assert not by_place, f"options that can be given without a name: {by_place}"
    tell("its options are given by name")
    more = {"data": data} if kind == "trainers" else {}
    _CHECKS[kind](plugin, tell=tell, **more)
