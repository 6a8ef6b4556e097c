from affectflow.kinds.prompt import Prompt
from affectflow.testing import check_prompt


def test_the_prompt_keeps_its_promises():
    prompt = Prompt.load("asks_for_help")

    assert prompt.steps[0].labels == ("yes", "no")
    check_prompt(prompt)
