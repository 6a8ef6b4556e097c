"""The command `replay`: processes dead letters again."""

from typing import Any

from affectflow.cli import show
from affectflow.cli.options import KeyUri, LakeUri
from affectflow.cli.state import STATE
from affectflow.nouns import count

Row = dict[str, Any]


def replay(lake: LakeUri, speaker_key_uri: KeyUri = "") -> int:
    """Process dead letters again, and merge those that work now.

    Three kinds never work: rows whose file is gone, rows that share their id with
    another row of the same dump (duplicate_id), and damaged rows of a file that was
    not repaired.
    """
    from affectflow.stages import replay as replaying

    rows = replaying.replay(
        lake,
        speaker_key_uri=speaker_key_uri,
        beam_options=STATE.beam_options,
        tell=_say_replayed,
    )
    if not rows:
        show.say("nothing to replay: no dead letter that could work now")
    return 0


def _say_replayed(row: Row) -> None:
    from affectflow.stages.replay.rows import LEFT

    show.say(show.stage_line(row))
    left = dict(row["counters"]).get(LEFT, 0)
    if left:
        show.say(
            f"{count(left, 'dead letter')} stay open: the file is gone, or its place "
            "in it now holds another row; ingest the file again"
        )
