"""Which emotions do the bundled conversations express? One pipeline, one query.

python examples/count_labels.py
"""

import tempfile
from importlib.resources import files

import apache_beam as beam

from affectflow import open_lake
from affectflow.stages.ingest.write_lake import WriteLake
from affectflow.steps.annotate import Annotate
from affectflow.steps.textualize import Textualize
from affectflow_connectors.github.rest import ReadGithub
from affectflow_transforms.text.normalize import NormalizeText


def main() -> None:
    demo = str(files("affectflow") / "demo" / "comments.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline("FnApiRunner") as pipeline:
            (
                pipeline
                | ReadGithub(paths=[demo])
                | NormalizeText()
                | Textualize()
                | Annotate()
                | WriteLake(path=f"{folder}/lake")
            )
        with open_lake(f"{folder}/lake") as lake:
            lake.sql(
                "SELECT label, count(*) AS n FROM annotations WHERE chosen "
                "GROUP BY 1 ORDER BY 2 DESC"
            ).show()


if __name__ == "__main__":
    main()
