"""The page about models behind a URL: its commands work, with a server on loopback."""

import pytest

from tests.given.docs_tables import ROOT
from tests.given.factories import utterances
from tests.given.model_server import ModelServer
from tests.given.proving import in_proof
from tests.given.scripted import install_scripted
from tests.given.stage_runs import store
from tests.project.test_docs import commands, snippets, typed

pytest.importorskip("httpx")
DEAR = "affectflow plan"
"""Runs the other stages on samples, which takes many seconds."""
PAGE = (ROOT / "docs" / "endpoint.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work_in_their_order(tmp_path, monkeypatch):
    install_scripted(tmp_path / "site", monkeypatch)
    (prompt,) = snippets("toml", PAGE)
    prompt = prompt.replace('parser = "label"', 'parser = "one_label"')
    (tmp_path / "mood.toml").write_text(prompt)
    store(str(tmp_path / "lake"), utterances("fine", "fine", "well"))
    said = []
    with ModelServer() as server:
        for command in in_proof(
            commands(PAGE), [c for c in commands(PAGE) if DEAR not in c]
        ):
            here = command.replace("http://localhost:8000/v1", server.url)
            done = typed(here, tmp_path)
            assert done.code == 0, f"{command}: {done.err}"
            said.append(done)

    assert [body["model"] for body in server.bodies] == ["my-model"] * 2
    assert (
        "3 questions, 33% of them repeated, 0 answered before, 2 calls" in said[0].err
    )
