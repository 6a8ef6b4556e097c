"""`--map` as people type it: mistakes in one line that says what to type."""

import pytest

from tests.given.command_line import affectflow


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("body", "--map 'body': write it as column=field", id="no sign"),
        pytest.param(
            "text=body,text=team",
            "--map names 'text' twice, as 'body' and 'team'; leave one out",
            id="twice",
        ),
        pytest.param(
            "body=text",
            "the column comes first: text=body",
            id="the wrong way round",
        ),
        pytest.param(
            "attrs=team",
            "name each, such as attrs.team=team; other columns that a field can be "
            "mapped to: utterance_id, conversation_id,",
            id="many fields",
        ),
    ],
)
def test_a_mistake_in_a_map_is_one_line(tmp_path, typed, said):
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": 1, "body": "a", "team": "b"}\n')

    command = ("ingest", file, "--source", "jsonl", "--to", tmp_path / "lake")
    done = affectflow(*command, "--map", typed)

    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_without_a_command_it_helps():
    done = affectflow()

    assert done.code == 0
    assert "ingest" in done.out
    assert done.out.count("\n") > 20
