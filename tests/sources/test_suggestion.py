"""What to type, where a map is missing."""

import pytest

from affectflow.errors import UsageError
from affectflow.sources.suggestion import suggestion
from affectflow_connectors.csv import ReadCsv


@pytest.mark.parametrize(
    ("given", "present", "line"),
    [
        ({}, ["id", "body"], "utterance_id=id,text=body"),
        ({}, ["body", "stars"], "utterance_id=auto,text=body"),
        ({}, ["a", "b"], "utterance_id=auto,text=FIELD"),
        (
            {},
            ["id", "issue_id", "comment_id", "comment_body"],
            "utterance_id=id,text=comment_body,conversation_id=issue_id",
        ),
        ({}, ["id", "old_body", "new_body"], "utterance_id=id,text=FIELD"),
        ({"text": "note"}, ["note", "body"], "utterance_id=auto,text=note"),
        ({"text": ""}, ["text", "message"], "utterance_id=auto"),
        (
            {},
            ["Message ID", "Thread-Id", "In Reply To", "Author", "Created At", "Text"],
            "'utterance_id=Message ID,text=Text,conversation_id=Thread-Id,"
            "reply_to=In Reply To,speaker_id=Author,timestamp=Created At'",
        ),
        (
            {},
            [
                "Summary",
                "Issue key",
                "Issue id",
                "Parent",
                "Description",
                "Reporter",
                "Created",
                "Comment",
                "Comment",
            ],
            "'utterance_id=Issue key,text=Description,speaker_id=Reporter,"
            "timestamp=Created,title=Summary'",
        ),
        (
            {},
            ["Issue key", "Summary", "Comment", "Comment"],
            "'utterance_id=Issue key,text=Comment,title=Summary'",
        ),
        (
            {},
            ["comment_id", "issue_key", "comment", "description"],
            "utterance_id=comment_id,text=comment,conversation_id=issue_key",
        ),
        (
            {},
            ["id", "body", "author_role", "Channel", "visibility", "permalink"],
            "utterance_id=id,text=body,speaker_role=author_role,container=Channel,"
            "visibility=visibility,url=permalink",
        ),
        ({}, ["id", "comment", "comment", "post"], "utterance_id=id,text=post"),
        (
            {"source": "'forum'"},
            ["post", "user", "date", "subject"],
            "\"utterance_id=auto,text=post,source='forum',speaker_id=user,"
            'timestamp=date,title=subject"',
        ),
    ],
)
def test_a_whole_map_is_guessed(given, present, line):
    assert suggestion(given.items(), present) == f"--map {line}"


def test_the_line_that_is_given_works(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("author,body\nann,hello\n")

    with pytest.raises(UsageError, match="type --map") as raised:
        ReadCsv(paths=str(path)).check()

    line = str(raised.value).partition("--map ")[2].partition(";")[0]
    mapping = dict(pair.split("=") for pair in line.split(","))
    ReadCsv(paths=str(path), mapping=mapping).check()
