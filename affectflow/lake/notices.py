"""What a guard tells whoever reads the results: it stands with the annotator."""

import json

from affectflow.lake import open_lake

_PARAMETERS = "SELECT parameters FROM annotators WHERE annotator_id = $id"


def notice(parameters: str | None) -> str:
    """Returns the notice among an annotator's parameters; empty if there is none."""
    return str(json.loads(parameters or "{}").get("notice", ""))


def notice_of(lake_uri: str, annotator_id: str) -> str:
    """Returns the notice of an annotator of a lake; empty if there is none."""
    with open_lake(lake_uri) as connection:
        found = connection.sql(_PARAMETERS, params={"id": annotator_id}).fetchall()
    return notice(found[0][0]) if found else ""
