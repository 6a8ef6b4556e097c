"""The view `circumstances`: what a message was written in."""

from datetime import timedelta

from affectflow.lake import views
from tests.given.view_lakes import NOON, FolderLake, rows, utterance


def test_a_message_is_seen_in_its_thread(tmp_path):
    hour = timedelta(hours=1)
    lake = FolderLake(tmp_path).write(
        utterances=[
            utterance("s:1", kind="issue", timestamp=NOON),
            utterance("s:2", timestamp=NOON + hour),
            utterance("s:3", timestamp=NOON + 3 * hour, speaker_id="bob",
                      speaker_role="MEMBER", reply_to="s:1",
                      segments=[{"type": "code", "start": 0, "end": 3}]),
            utterance("s:4", timestamp=NOON + 8 * hour, kind="review_comment",
                      utc_offset_min=600),
            utterance("s:5", timestamp=NOON + 9 * hour, is_bot=True),
        ]
    )  # fmt: skip

    found = rows(
        views.connect(lake),
        "SELECT turns_before, opens, hours_open, pause_hours, wait_hours, newcomer, "
        "hour, weekend, is_review, is_reply, has_code FROM circumstances "
        "ORDER BY turns_before",
    )

    # A Friday; the last is written on Saturday at 6, where its author is.
    assert [tuple(row.values()) for row in found] == [
        (0, True, 0, None, 0, True, 12, False, False, False, False),
        (1, False, 1, 1, 1, False, 13, False, None, False, False),
        (2, False, 3, 2, 3, True, 15, False, None, True, True),
        (3, False, 8, 5, 5, False, 6, True, True, False, False),
    ]
