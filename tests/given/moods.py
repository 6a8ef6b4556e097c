"""A prompt about moods, asked of a scripted model."""

from tests.given.scripted import (
    prompt_file,
    scripted,
)

MOOD = """
task = "mood"
[[steps]]
name = "mood"
text = "How is it? {text} Say {labels}."
parser = "one_label"
labels = ["good", "bad"]
"""
WHY = """
[[steps]]
name = "why"
text = "It is {mood}. Why? {text}"
parser = "whole"
when = "mood=bad"
"""


def asked(folder, text, script, batch, **options):
    """Returns the annotations of each row, and what the model was asked."""
    handler = scripted(prompt_file(folder, text), script, **options)
    model = handler.load_model()
    result = handler.apply(batch, model)
    return result, result["annotations"].to_pylist(), model


def said(rows, *names):
    return [[tuple(each[name] for name in names) for each in row] for row in rows]
