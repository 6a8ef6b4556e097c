"""ARFF: tables of Weka, as openSMILE writes features and RECOLA its gold standard.

Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import re

import pyarrow as pa
from pyarrow import csv

_ATTRIBUTE = re.compile(
    r"""@attribute\s+(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>\S+))\s+(?P<type>.+)""",
    re.IGNORECASE,
)
_NUMERIC = ("numeric", "real", "integer")
_HEAD_BYTES = 65_536


def is_arff(content: bytes) -> bool:
    """Returns whether a file begins as ARFF does: comments, then `@relation`."""
    lines = content[:_HEAD_BYTES].splitlines()
    said = (line.strip().lower() for line in lines)
    first = next((line for line in said if line and not line.startswith(b"%")), b"")
    return first.startswith(b"@relation")


def arff_of(content: bytes) -> pa.Table:
    """Returns the table of an ARFF file; what it marks `?` is null.

    Raises:
      ValueError: it has no data or no attributes, or a row that does not fit them.
    """
    head, rows = _halves(content)
    types = dict(_attributes(head.decode("utf-8", "replace")))
    if not types:
        raise ValueError("no @attribute before @data")
    if rows.startswith(b"{"):
        raise ValueError("sparse rows are not supported")
    if not rows:
        fields = [pa.field(name, type_) for name, type_ in types.items()]
        return pa.schema(fields).empty_table()
    return csv.read_csv(
        pa.BufferReader(rows),
        read_options=csv.ReadOptions(column_names=list(types)),
        parse_options=csv.ParseOptions(quote_char="'"),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=["?"], strings_can_be_null=True
        ),
    )


def _halves(content: bytes) -> tuple[bytes, bytes]:
    """Returns what comes before `@data`, and the rows behind it."""
    found = re.search(rb"(?im)^[ \t]*@data[ \t]*\r?$", content)
    if found is None:
        raise ValueError("no @data line")
    rows = content[found.end() :]
    return content[: found.start()], re.sub(rb"(?m)^%.*$\n?", b"", rows).strip()


def _attributes(head: str) -> "list[tuple[str, pa.DataType]]":
    found = []
    for match in map(_ATTRIBUTE.match, map(str.strip, head.splitlines())):
        if match is not None:
            name = next(n for n in match.group("single", "double", "bare") if n)
            is_number = match["type"].strip().lower() in _NUMERIC
            found.append((name, pa.float64() if is_number else pa.string()))
    return found
