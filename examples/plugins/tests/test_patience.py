from affectflow.kinds.prompt import Prompt, Step
from affectflow.kinds.stimulus import around


def test_a_sentence_is_put_behind_the_question():
    step = Step(name="help", text="Is it urgent? {text}", parser="text")
    prompt = Prompt(name="urgency", task="urgency", steps=(step,))

    asked = around(prompt, "patience:P1").steps[0].text

    assert asked == "Is it urgent? {text} Take the time you need."
