"""The launcher of the Flex Template: it describes the job of one stage and returns.

Dataflow starts the job from the description; the launcher must not wait for it. Each
launch is one job, so each stage is a launch of its own.
"""

import argparse
import sys
from collections.abc import Sequence

from affectflow import Lake, registry, runners, stages
from affectflow.errors import UsageError
from affectflow.stages.mine import MineTask, mine_parts
from affectflow.stages.runs.request import BUDGET, new_request, new_run_id


def ingest(given: argparse.Namespace, options: Sequence[str]) -> None:
    """Describes the stage ingest."""
    if not given.paths:
        raise UsageError("the stage ingest needs the parameter paths=gs://bucket/...")
    source = registry.load("connectors", given.source)(paths=given.paths.split(","))
    stages.ingest_source(
        source,
        given.lake,
        budget=given.budget,
        speaker_key_uri=given.speaker_key_uri,
        beam_options=options,
    )


def annotate(given: argparse.Namespace, options: Sequence[str]) -> None:
    """Describes the stage annotate."""
    stages.annotate_lake(
        given.lake,
        model=given.model,
        revision=given.revision,
        accelerator=given.accelerator,
        min_ram=given.min_ram,
        budget=given.budget,
        beam_options=options,
    )


def mine(given: argparse.Namespace, options: Sequence[str]) -> None:
    """Describes the stage mine, of one annotator; the library's own is several jobs."""
    lake = Lake.open(given.lake)
    annotator = stages.annotator_ids(lake, given.annotator)[0]
    step = registry.load("transforms", "MineCauses")()
    config = stages.mine_config(step, annotator)
    request = new_request(lake, "mine", config, budget=given.budget)
    task = MineTask(request, step.annotator(), annotator)
    runners.run(lambda pipeline: mine_parts(pipeline, task, step), options)


def themes(given: argparse.Namespace, options: Sequence[str]) -> None:
    """Describes the stage themes."""
    stages.cluster_themes(Lake.open(given.lake), new_run_id(), options)


STAGES = {"ingest": ingest, "annotate": annotate, "mine": mine, "themes": themes}


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the template's parameters; metadata.json lists them too."""
    made = argparse.ArgumentParser(allow_abbrev=False)
    made.add_argument("--stage", required=True, choices=STAGES)
    made.add_argument("--lake", required=True)
    made.add_argument("--source", default="ReadJsonl")
    made.add_argument("--paths", default="")
    made.add_argument("--speaker_key_uri", default="")
    made.add_argument("--model", default="EmbeddedEmotions")
    made.add_argument("--revision", default="")
    made.add_argument("--accelerator", default="")
    made.add_argument("--min_ram", default="")
    made.add_argument("--annotator", default="")
    made.add_argument("--budget", type=float, default=BUDGET)
    return made


def main(arguments: Sequence[str]) -> None:
    """Describes the job; what is no parameter of ours is an option of Beam."""
    given, beam_options = parser().parse_known_args(arguments)
    STAGES[given.stage](given, ["--runner=DataflowRunner", *beam_options])


if __name__ == "__main__":
    main(sys.argv[1:])
