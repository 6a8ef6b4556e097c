"""The checks of prompts and parsers find what is broken."""

import pytest

from affectflow.kinds.prompt import Answer, Prompt, Step, closed
from affectflow.schemas import Status
from affectflow.testing import check_parser, check_plugin, check_prompt
from tests.given import scripted
from tests.given.scripted import install_scripted


def nothing(raw, *, step, reading):
    return []


def inventive(raw, *, step, reading):
    return [Answer(label=raw)]


def infinite(raw, *, step, reading):
    return [Answer(value=float("inf"))]


def outside(raw, *, step, reading):
    return [Answer(start=3, end=10_000)]


def sure_of_nothing(raw, *, step, reading):
    return [Answer(label="yes", status=Status.UNPARSED)]


@closed
def deaf(raw, *, step, reading):
    return [Answer(status=Status.UNPARSED)]


@pytest.mark.parametrize(
    ("parser", "why"),
    [
        (scripted.number, "it fails on 'I love it"),
        (nothing, "it returns nothing for 'I love it"),
        (inventive, "which is not a label of the step"),
        (infinite, "became inf"),
        (outside, "is outside the text"),
        (sure_of_nothing, "is unparsed, and yet 'yes'"),
        (deaf, r"'yes' reads as \[None\], not as itself"),
    ],
)
def test_a_parser_that_breaks_a_promise_is_told_which(parser, why):
    with pytest.raises(AssertionError, match=why):
        check_parser(parser)


def test_a_parser_that_keeps_its_promises_passes():
    kept = []

    check_plugin("parsers", scripted.one_label, tell=kept.append)

    assert kept[-1] == "it is closed: each label reads as itself"
    assert len(kept) == 4


def prompt(**said):
    step = Step(name="mood", text=said.pop("text", "{text}"), parser="one_label")
    said = {"source": "ours", "licence": "Apache-2.0", **said}
    return Prompt(name="asked", task="mood", steps=(step,), **said)


def test_a_prompt_that_keeps_its_promises_passes(tmp_path, monkeypatch):
    install_scripted(tmp_path, monkeypatch)
    kept = []

    check_prompt(prompt(), tell=kept.append)

    assert kept[-1].startswith("its questions quote a text as it was written")


def test_a_prompt_of_unknown_origin_is_told_so(tmp_path, monkeypatch):
    install_scripted(tmp_path, monkeypatch)

    with pytest.raises(AssertionError, match="it does not say its `licence`"):
        check_prompt(prompt(licence=""))
