"""Names of models: case and blanks do not distinguish them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

Spellings = Mapping[str, str]
"""From each spelling to the name that is shown."""

_BLANKS = " \t\r\n\u00a0"


def sql_key(column: str) -> str:
    """Returns what a name is compared by, in SQL."""
    return f"lower(trim({column}, '{_BLANKS}'))"


# Trimming takes longer than grouping: most names are distinguished without it.


def sql_blank(column: str) -> str:
    """Returns whether a name is blank, in SQL."""
    return f"{column} < '!' AND {sql_key(column)} = ''"


def sql_same(one: str, other: str) -> str:
    """Returns whether two columns name the same, in SQL."""
    odd = [f"{c} < '!' OR ends_with({c}, ' ')" for c in (one, other)]
    return (
        f"lower({one}) = lower({other}) "
        f"OR ({' OR '.join(odd)}) AND {sql_key(one)} = {sql_key(other)}"
    )


def sql_unknown(column: str, names: Sequence[str]) -> str:
    """Returns whether a name is not in `names`, in SQL; is blank, without names."""
    if not names:
        return sql_blank(column)
    quoted = ", ".join("'" + key(name).replace("'", "''") + "'" for name in names)
    return f"{column} NOT IN ({quoted}) AND {sql_key(column)} NOT IN ({quoted})"


def key(name: str) -> str:
    """Returns what a name is compared by.

    >>> key(" GPT-4 ") == key("gpt-4")
    True
    """
    return name.strip(_BLANKS).lower()


def spellings(names: Sequence[str], times: Iterable[int]) -> Spellings:
    """Returns the name shown for each spelling: the most frequent equivalent one.

    Args:
      names: a spelling may come several times.
      times: how often each occurs in the observations.
    """
    counted: Counter[str] = Counter()
    for name, n in zip(names, times, strict=True):
        counted[name] += n
    shown: dict[str, str] = {}
    for name in sorted(counted, key=lambda each: (-counted[each], each)):
        shown.setdefault(key(name), name.strip(_BLANKS))
    return {name: shown[key(name)] for name in counted}


def several(found: Spellings) -> dict[str, list[str]]:
    """Returns the names that are spelt in several ways, and the spellings."""
    ways: dict[str, list[str]] = {}
    for spelling, name in sorted(found.items()):
        ways.setdefault(name, []).append(spelling)
    return {name: spelt for name, spelt in ways.items() if len(spelt) > 1}
