"""What `affectflow run` says of a lake that a pipeline in YAML wrote."""

import json

import pytest

from tests.given.command_line import affectflow

GOOD = json.dumps({"id": "1", "body": "this works"})
BAD = '{"id": }'


@pytest.mark.parametrize(
    ("lines", "budget", "code", "words"),
    [
        pytest.param([BAD, BAD], 0.05, 1, "refused 2 of 2 rows,", id="all dead"),
        pytest.param([GOOD, BAD], 0.5, 0, "2 in, 1 out, 1 dead", id="within budget"),
    ],
)
def test_a_pipeline_counts_as_ingest_does(tmp_path, lines, budget, code, words):
    source, pipeline = tmp_path / "a.jsonl", tmp_path / "p.yaml"
    source.write_text("\n".join(lines))
    pipeline.write_text(
        f"""
        pipeline:
          type: chain
          transforms:
            - type: ReadJsonl
              config:
                paths: [{source}]
                mapping: {{utterance_id: id, text: body}}
            - type: WriteLake
              config: {{path: {tmp_path / "lake"}, budget: {budget}}}
        """
    )

    done = affectflow("run", pipeline)

    assert done.code == code, done.err
    assert words in done.err
    assert ("p.yaml: done" in done.err) is (code == 0)
    if code:
        assert "more than the budget allows" in done.last_line
