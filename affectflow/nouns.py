"""Numbers with their nouns, in messages and reports."""


def count(number: int | None, singular: str = "", plural: str = "") -> str:
    """Returns a number with its noun.

    >>> count(1, "message"), count(1200, "message"), count(2, "person", "people")
    ('1 message', '1,200 messages', '2 people')
    """
    noun = singular if number == 1 else plural or (singular and singular + "s")
    return f"{number or 0:,} {noun}".rstrip()
