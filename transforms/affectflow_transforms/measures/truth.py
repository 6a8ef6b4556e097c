"""Cells that say yes or no."""


def sql_truth(column: str) -> str:
    """Returns whether a cell says yes or no, as SQL; null where it says neither."""
    word, number = f"lower(trim({column}))", f"try_cast({column} AS DOUBLE)"
    return (
        f"CASE WHEN {word} IN ('true', 't', 'yes', 'y') OR {number} = 1 THEN true "
        f"WHEN {word} IN ('false', 'f', 'no', 'n') OR {number} = 0 THEN false END"
    )
