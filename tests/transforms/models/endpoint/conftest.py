import pytest

from affectflow_transforms.models.endpoint import failures
from tests.given.endpoints import PROMPT
from tests.given.scripted import install_scripted, prompt_file


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(failures, "_FIRST_WAIT_S", 0.02)


@pytest.fixture
def prompt(tmp_path, monkeypatch):
    install_scripted(tmp_path / "site", monkeypatch)
    return str(prompt_file(tmp_path, PROMPT))


@pytest.fixture
def lake(tmp_path):
    return str(tmp_path / "lake")
