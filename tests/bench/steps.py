"""One stage as a whole process, for the benchmarks of scale.

    python -m tests.bench.steps STAGE LAKE [SOURCE] [--buckets N] [-- BEAM OPTIONS]

STAGE is ingest, annotate, mine or themes: through Beam; or bare: annotate's functions
over the same parts, without Beam.
"""

import argparse
import atexit
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from affectflow import registry, stages
from affectflow.lake import Lake
from affectflow.stages.runs.request import new_request

MODEL = "EmbeddedEmotions"


def ingest(lake_uri: str, source: str, buckets: int, options: Sequence[str]) -> None:
    """Reads JSON Lines into a lake."""
    from affectflow_connectors.jsonl import ReadJsonl

    key = str(Path(lake_uri).with_suffix(".key"))
    if buckets:
        Lake.create(lake_uri, speaker_key_uri=key, buckets=buckets)
    stages.ingest_source(
        ReadJsonl(paths=[source]),
        lake_uri,
        speaker_key_uri=key,
        beam_options=options,
    )


def annotate(lake_uri: str, options: Sequence[str]) -> None:
    """Labels all parts."""
    stages.annotate_lake(lake_uri, model=MODEL, beam_options=options)


def mine(lake_uri: str, options: Sequence[str]) -> None:
    """Mines causes, without clustering them."""
    from affectflow.stages.mine import MineTask, mine_parts
    from affectflow.stages.runs.run import run_stage

    lake = Lake.open(lake_uri)
    step = registry.load("transforms", "MineCauses")()
    for annotator_id in stages.annotator_ids(lake):
        config = stages.mine_config(step, annotator_id)
        request = new_request(lake, "mine", config)
        task = MineTask(request, step.annotator(), annotator_id)
        run_stage(lake, request, lambda p, t=task: mine_parts(p, t, step), options)


def themes(lake_uri: str, options: Sequence[str]) -> None:
    """Clusters all causes of the lake."""
    stages.cluster_themes(Lake.open(lake_uri), "", options)


def bare(lake_uri: str) -> None:
    """Does what the workers of annotate do, and nothing else."""
    from affectflow.lake.tables import stem
    from affectflow.stages.annotate import AnnotateTask, config_of
    from affectflow.stages.runs.parts import Part

    lake = Lake.open(lake_uri)
    handler = registry.load("transforms", "Annotate").handler_for(MODEL, "", None)
    model = handler.load_model()
    request = new_request(lake, "annotate", config_of(handler))
    task = AnnotateTask(request, handler)
    for path, entry in sorted(lake.committed("utterances").items()):
        part = Part(stem(path), entry.rows)
        task.work(lake, part, lambda rows: handler.apply(rows, model))


def main() -> None:
    """Runs the stage that the command line names."""
    given, options = sys.argv[1:], []
    if "--" in given:
        at = given.index("--")
        given, options = given[:at], given[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "stage", choices=("ingest", "annotate", "mine", "themes", "bare")
    )
    parser.add_argument("lake")
    parser.add_argument("source", nargs="?", default="")
    parser.add_argument("--buckets", type=int, default=0)
    said = parser.parse_args(given)
    if said.stage == "ingest":
        ingest(said.lake, said.source, said.buckets, options)
    elif said.stage == "bare":
        bare(said.lake)
    else:
        {"annotate": annotate, "mine": mine, "themes": themes}[said.stage](
            said.lake, options
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    main()
    # As the command line ends: native thread pools abort some processes at their end.
    atexit._run_exitfuncs()
    os._exit(0)
