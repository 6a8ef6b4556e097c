"""Figures of an instructed model: how well it tells labels apart."""

from affectflow.kinds.asking import Completion, Request
from affectflow.kinds.prompt import Answer, Step
from affectflow.kinds.teaching import Exchange
from affectflow_transforms.instruct import figures


def test_labels_that_are_told_apart_have_a_high_auc_though_one_is_always_favoured():
    step = Step(name="mood", text="{text}", parser="label", labels=("joy", "anger"))
    asked = [
        (
            Exchange(
                row=row,
                step=step,
                request=Request(messages=()),
                reading="",
                target=label,
                answers=(Answer(label),),
            ),
            Completion(text="anger", scores=(joy, 1 - joy)),
        )
        for row, (label, joy) in enumerate([("joy", 0.4), ("anger", 0.3)] * 20)
    ]

    (found,) = figures._auc(asked, [str(row) for row in range(40)], "mood, after")

    assert (found.name, found.label, found.value) == ("choice_auc", "mood, after", 1.0)
