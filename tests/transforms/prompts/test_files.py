"""Every prompt of ours: it can be asked, and says where it is from."""

import pytest

from affectflow import data, vocabularies
from affectflow.kinds.prompt import Prompt, is_closed, parser_of
from affectflow.testing import check_prompt

PROMPTS = data.names("prompts")


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_of_ours_can_be_asked_and_says_where_it_is_from(name):
    prompt = Prompt.load(name)

    assert prompt.summary
    assert prompt.source
    assert prompt.licence in ("MIT", "Apache-2.0")
    for step in prompt.steps:
        assert parser_of(step)
        assert not step.vocabulary or vocabularies.get(step.vocabulary)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_of_ours_keeps_what_every_prompt_owes(name):
    check_prompt(Prompt.load(name))


@pytest.mark.parametrize("name", PROMPTS)
def test_each_label_of_a_closed_question_parses_to_itself(name):
    for step in Prompt.load(name).steps:
        if is_closed(step, parser_of(step)):
            for label in step.labels:
                (found,) = parser_of(step)(label, step=step, reading="")
                assert found.label == label


@pytest.mark.parametrize("name", PROMPTS)
def test_a_fence_is_off_only_where_a_published_form_is_met(name):
    prompt = Prompt.load(name)

    assert prompt.fence or prompt.licence == "MIT" or "hint" in prompt.source
