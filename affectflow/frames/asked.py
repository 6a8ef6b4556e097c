"""Which models are asked about a table in memory, one after another."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from affectflow import defaults
from affectflow.errors import UsageError

if TYPE_CHECKING:
    from affectflow.kinds.model import BatchModelHandler

    Handlers = Sequence[BatchModelHandler[Any]]

_TASK = "emotion"


def handlers_of(
    model: str,
    revision: str,
    options: Mapping[str, Any],
    over: str,
    only_below: float | None,
) -> "Handlers":
    """Returns the models that are asked; the last one's answers count.

    Args:
      model: as `annotate` takes it.
      revision: of a hub id.
      options: of the model.
      over: names of the models that are asked first, with commas; empty for none.
      only_below: the model is asked where the first gives no label such a score; None
        for everywhere.

    Raises:
      UsageError: the model reads answers and `over` is empty, it reads those of one
        annotator and `over` names several, or `only_below` has no `over`.
    """
    from affectflow.steps.annotate import handler_for

    firsts = [handler_for(name.strip()) for name in over.split(",") if name.strip()]
    if only_below is not None:
        return _cascade(handler_for(model, revision, options), firsts, only_below)
    if not firsts:
        made = handler_for(model, revision, options)
        if made.reads_answers:
            raise UsageError(
                f"{model!r} reads another annotator's answers: name that model with "
                f"`over`, such as over={defaults.MODEL!r}"
            )
        return [made]
    return [*firsts, _reader(model, revision, options, firsts)]


def _reader(
    model: str, revision: str, options: Mapping[str, Any], firsts: "Handlers"
) -> "BatchModelHandler[Any]":
    """Returns the model that reads what the first ones answered."""
    from affectflow.kinds.identity import joined
    from affectflow.steps.annotate import handler_for

    ids = joined(each.annotator()["annotator_id"] for each in firsts)
    made = handler_for(model, revision, {**options, "over": ids})
    if len(firsts) > 1 and not getattr(made, "reads_several", False):
        raise UsageError(
            f"model {model!r} reads the answers of one annotator, but `over` names "
            f"{len(firsts)}: name one of them"
        )
    return made


def _cascade(
    inner: "BatchModelHandler[Any]", firsts: "Handlers", only_below: float
) -> "Handlers":
    """Returns a model, and one that is asked where the first is not sure."""
    from affectflow.kinds.cascade import Cascade

    if len(firsts) != 1:
        raise UsageError(
            "`only_below` asks the model only where another is not sure: name that one "
            f"with `over`, such as over={defaults.MODEL!r}; it names {len(firsts)}"
        )
    over = firsts[0].annotator()["annotator_id"]
    made = Cascade(inner=inner, over=over, only_below=only_below, task=_TASK)
    return [*firsts, made]
