"""Fake models by name: they prove routing, and nothing of what a model says."""

import pytest

from affectflow.steps import annotate as steps
from tests.given.fake_model import FakeHandler
from tests.given.fake_over import FakeMood, FakeOver


@pytest.fixture
def fake(monkeypatch):
    """Fake models by name: each is asked with the options it is given."""
    kinds = {"Fake": FakeHandler, "Over": FakeOver, "Mood": FakeMood}

    def handler_for(model, revision="", options=None):
        return kinds[model](**(options or {}))

    monkeypatch.setattr(steps, "handler_for", handler_for)
