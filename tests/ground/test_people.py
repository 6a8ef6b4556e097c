"""What must be said before a plugin touches people, and what is refused."""

import copy
import pickle
from dataclasses import dataclass
from typing import ClassVar

import pytest

from affectflow import Card, people
from affectflow.errors import UsageError
from affectflow.registry import Plugin

WHY = "a study"


@dataclass(kw_only=True)
class Face(Plugin):
    card: ClassVar[Card] = Card(summary="", touches=("biometric",))


@dataclass(kw_only=True)
class Diagnosis(Plugin):
    card: ClassVar[Card] = Card(summary="", touches=("health",))


@dataclass(kw_only=True)
class Profile(Plugin):
    card: ClassVar[Card] = Card(summary="", touches=("person",))


@dataclass(kw_only=True)
class Guarded(Plugin):
    guard: bool = False

    @property
    def touches(self):
        return (*super().touches, *(["health"] if self.guard else []))


@pytest.mark.parametrize(
    ("plugin", "said", "why"),
    [
        pytest.param(Face, {}, "add --context .* and --purpose", id="body, unsaid"),
        pytest.param(Face, {"purpose": WHY}, "add --context", id="body, nowhere"),
        pytest.param(Face, {"context": "research"}, "--purpose", id="body, no why"),
        *[
            pytest.param(
                Face,
                {"context": c, "purpose": WHY},
                f"refused .* {c!r}",
                id=f"body, {c}",
            )
            for c in ("workplace", "education", "hiring", "Workplace ")
        ],
        *[
            pytest.param(Diagnosis, {"context": c}, f"refused .* {c!r}", id=f"ill, {c}")
            for c in ("workplace", "education", "hiring", "insurance")
        ],
        pytest.param(Profile, {}, "--allow-person-level and --purpose", id="person"),
        pytest.param(Profile, {"purpose": WHY}, "--allow-person", id="person, why"),
    ],
)
def test_a_plugin_is_refused_when_it_is_made(plugin, said, why):
    why = why.replace("'Workplace '", "'workplace'")
    with people.using(**said), pytest.raises(UsageError, match=why):
        plugin()


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (Face, {"context": "research", "purpose": WHY}),
        (Face, {"context": "insurance", "purpose": WHY}),
        (Diagnosis, {}),
        (Diagnosis, {"context": "medical"}),
        (Profile, {"purpose": WHY, "allow_person_level": True}),
    ],
)
def test_a_plugin_is_made_where_it_may_be(plugin, said):
    with people.using(**said):
        assert plugin() == plugin()


def test_what_was_checked_once_travels_to_workers_where_nothing_is_said():
    with people.using(context="research", purpose=WHY):
        made = Face()

    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.copy(made) == made


def test_options_can_make_a_plugin_touch_more():
    with people.using(context="workplace"):
        assert Guarded().touches == ()
        with pytest.raises(UsageError, match="Guarded may reveal a person's health"):
            Guarded(guard=True)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"context": "wrokplace"}, "did you mean 'workplace'", id="a typo"),
        pytest.param({"context": "home"}, "one of community, education", id="unknown"),
        pytest.param({"allow_person_level": True}, "needs --purpose", id="no purpose"),
    ],
)
def test_what_is_said_must_make_sense(said, why):
    with pytest.raises(UsageError, match=why), people.using(**said):
        pass


def test_what_is_said_within_adds_to_what_was_said_around_and_ends_with_the_block():
    with people.using(context="research"):
        with people.using(purpose=WHY, context="research"):
            assert people.declared() == people.Declared(purpose=WHY, context="research")
        another = people.using(context="medical")
        with pytest.raises(UsageError, match="'research' and 'medical'"), another:
            pass

    assert people.declared() == people.Declared()


def test_a_card_says_only_what_the_check_knows():
    with pytest.raises(ValueError, match=r"`touches` must be from .*, got 'soul'"):
        Card(summary="", touches=("soul",))
