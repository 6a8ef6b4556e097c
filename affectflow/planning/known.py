"""What a lake has already of files that are to be read into it."""

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.source import Source
from affectflow.lake import Lake
from affectflow.lake.files import read_files
from affectflow.planning.sample import SourceSample
from affectflow.stages.ingest.files_read import Survey, survey
from affectflow.stages.ingest.ingest import ingest_config, ingest_steps


def surveyed(lake: Lake, source: Source) -> Survey:
    """Returns which files an ingest would leave closed, by the check of the ingest."""
    return survey(lake, source, ingest_config(source), ingest_steps())


def share_new(lake: Lake, sample: SourceSample) -> float:
    """Returns the share of a sample's messages, 0..1, whose ids a lake has not.

    Ids that an ingest makes with its key are counted as new.
    """
    read = [batch["utterance_id"] for batch in sample.batches]
    if not any(map(len, read)):
        return 1.0
    paths = list(lake.committed("utterances"))
    known = read_files(lake.storage, "utterances", paths, ["utterance_id"])
    ids = pa.chunked_array(read, pa.string())
    there = pc.is_in(ids, value_set=known["utterance_id"].combine_chunks())
    return 1.0 - float(pc.mean(there).as_py())
