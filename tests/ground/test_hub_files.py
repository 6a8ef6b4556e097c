"""Files of a hub that does not answer: what the cache has is enough, or one line."""

import logging
import socket
import time

import pytest

from affectflow import weights
from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained.source import local_folder

constants = pytest.importorskip("huggingface_hub.constants")

COMMIT = "0" * 40


@pytest.fixture(params=["refuses", "says nothing", "is switched off"])
def away(request, monkeypatch, tmp_path):
    """A hub that cannot be reached, and an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(weights, "_PATIENCE_S", 0.2)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", request.param == "is switched off")
    weights._answers.cache_clear()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if request.param == "says nothing":
            listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        yield tmp_path / "models--org--name" / "snapshots" / COMMIT
    weights._answers.cache_clear()


def cached(snapshot, *names):
    for name in names:
        file = snapshot / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")


@pytest.mark.parametrize(
    "files", [pytest.param((), id="nothing"), pytest.param(("config.json",), id="half")]
)
def test_a_hub_that_is_out_of_reach_is_one_line_at_once(away, files, caplog):
    cached(away, *files)
    begun = time.monotonic()

    with caplog.at_level(logging.INFO), pytest.raises(UsageError) as raised:
        local_folder("org/name", COMMIT)

    assert time.monotonic() - begun < 5
    assert "\n" not in str(raised.value)
    assert "cannot be reached" in str(raised.value)
    assert "check both names and the network" in str(raised.value)
    assert not [each for each in caplog.records if "huggingface" in each.name]


def test_what_the_cache_has_needs_no_hub(away):
    cached(away, "config.json", "model.safetensors")

    assert local_folder("org/name", COMMIT) == away
    assert weights.fetched_file("org/name", COMMIT, "config.json").parent == away
