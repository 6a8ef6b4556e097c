"""JSON records on their way to rows: taken out of lists, made into rows, or refused."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec

from affectflow.errors import AffectflowError
from affectflow.sources.fields import Record
from affectflow.sources.rows import RefusedError, Row

Given = ParamSpec("Given")

SHAPE_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What Python raises where a field is missing, or holds something else."""

_JSON_NAMES = {
    list: "list",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def not_an_object(value: Any) -> RefusedError:
    """Returns the refusal of a JSON value that should have been an object."""
    kind = _JSON_NAMES.get(type(value), "value")
    return RefusedError(f"a JSON {kind} where an object was expected")


def of_another_shape(error: Exception) -> RefusedError:
    """Returns the refusal of a record whose fields are not what they should be."""
    why = " ".join(str(error).split())
    return RefusedError(f"a record of an unknown shape: {type(error).__name__}: {why}")


def attempt(
    make: Callable[Given, Row], *args: Given.args, **options: Given.kwargs
) -> Row | RefusedError:
    """Returns the row that `make` returns, or the `RefusedError` that it raises.

    For a record that holds several messages: one that is refused ends no other. One
    of a shape that `make` did not expect is refused, too.
    """
    try:
        return make(*args, **options)
    except RefusedError as error:
        return error
    except AffectflowError:
        raise
    except SHAPE_ERRORS as error:
        return of_another_shape(error)


def rows_of(
    record: Any, rows: Callable[[Record], Iterable[Row | RefusedError]]
) -> Iterator[Row | RefusedError]:
    """Yields what `rows` makes of a JSON object, a refusal that it raises included.

    Lists are taken apart, at any depth; other values are refused, and so is an object
    of a shape that `rows` did not expect.
    """
    pending = [record]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending += reversed(each)
        elif not isinstance(each, dict):
            yield not_an_object(each)
        else:
            try:
                yield from rows(each)
            except RefusedError as error:
                yield error
            except AffectflowError:
                raise
            except SHAPE_ERRORS as error:
                yield of_another_shape(error)
