"""The basis of a lake: the annotator that a report rests on."""

from affectflow.lake import Lake, open_tables
from affectflow.lake.basis import STAGE, candidates, named_in, told_in
from affectflow.lake.layout import SETTINGS
from affectflow.lake.naming import annotator_meant
from affectflow.options import meant
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import write_run
from affectflow.storage import Storage


def rest_on(lake_uri: str, annotator: str, run_id: str = "") -> str:
    """Makes an annotator the basis until another is named; returns its id.

    Args:
      lake_uri: folder or URL.
      annotator: its id, or an unambiguous start of it.
      run_id: of the command.

    Raises:
      UsageError: no annotator of that name has answered in the lake.
    """
    named = named_in(lake_uri, annotator)
    if named != told_in(lake_uri):
        lake = Lake.open(lake_uri)
        request = new_request(lake, STAGE, {"annotator_id": named}, run_id=run_id)
        write_run(lake, request, Receipt())
    return named


def check_named(lake_uri: str, annotator: str, answering: str) -> None:
    """Raises UsageError if a name would be unknown once an annotator has answered.

    Args:
      lake_uri: of a lake, or of none yet.
      annotator: as `rest_on` takes it.
      answering: the id of the annotator that is going to answer.
    """
    where = "will have answered in this lake"
    if not Storage(lake_uri).exists(SETTINGS):
        meant(annotator, [answering], "annotator", where)
        return
    with open_tables(lake_uri) as connection:
        ids = [answering, *(each.annotator_id for each in candidates(connection))]
        annotator_meant(connection, annotator, ids, where)
