"""What `affectflow.annotate` may be asked for: all that the command may."""

import inspect

import polars as pl
import pytest

import affectflow
from affectflow.cli import pipelines
from affectflow.cli.declaring import declaring
from affectflow.errors import UsageError

BODIES = ["so annoying", "thank you", None, "", "this is annoying too"]
OF_A_LAKE = {"lake", "budget", "accelerator", "min_ram"}
OF_A_TABLE = {"frame", "text", "columns", "prefix"}


def test_it_takes_every_option_of_the_command_by_its_name():
    command = set(inspect.signature(declaring(pipelines.annotate)).parameters)
    ours = set(inspect.signature(affectflow.annotate).parameters)

    # What --set says there stands in `options`.
    assert command - OF_A_LAKE - {"settings"} <= ours
    assert ours - command == {"options"} | OF_A_TABLE


@pytest.mark.parametrize(
    ("over", "message"),
    [
        pytest.param("", "name that one with `over`", id="none"),
        pytest.param("Fake,Mood", "it names 2", id="two"),
    ],
)
def test_a_cascade_needs_one_model_that_is_asked_first(fake, over, message):
    with pytest.raises(UsageError, match=message):
        affectflow.annotate(
            pl.DataFrame({"body": BODIES}),
            text="body",
            model="Fake",
            over=over,
            only_below=0.5,
        )


def test_a_model_that_reads_one_annotator_refuses_two(fake):
    with pytest.raises(UsageError, match="reads the answers of one annotator"):
        affectflow.annotate(
            pl.DataFrame({"body": BODIES}), "body", model="Over", over="Fake,Mood"
        )


def test_a_model_is_asked_only_where_the_first_is_not_sure(fake):
    frame = pl.DataFrame({"body": BODIES})

    alone = affectflow.annotate(frame, "body", model="Fake")
    both = affectflow.annotate(frame, "body", model="Fake", over="Fake", only_below=1.0)

    assert both["emotion"].to_list() == alone["emotion"].to_list()
