"""What people answer on a scale: a whole number from 1 to 9, stored as 0 to 1.

Nine points from one end to the other with the middle in between, as in the
Self-Assessment Manikin (Bradley and Lang 1994, J. Behav. Ther. Exp. Psychiatry 25).
"""

POINTS = 9


def point_of(cell: str) -> str:
    """Returns the point that a cell names; empty if it names none.

    >>> point_of("7"), point_of("7.0"), point_of("10"), point_of("good")
    ('7', '7', '', '')
    """
    plain = cell.removesuffix(".0")
    known = [str(point) for point in range(1, POINTS + 1)]
    return plain if plain in known else ""


def value_of(point: str) -> float:
    """Returns a point as a value of the scale.

    >>> value_of("1"), value_of("5"), value_of("9")
    (0.0, 0.5, 1.0)
    """
    return (int(point) - 1) / (POINTS - 1)
