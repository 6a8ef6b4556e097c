"""Which of our sources a file looks like."""

from affectflow.registry import kebab


def nearest(name: str, head: bytes) -> tuple[str, float]:
    """Returns the source that is surest of a file, and how sure it is, 0 to 1.

    `head` is the first 64 KB of the file, or all of it. The source is named as on
    the command line.
    """
    from affectflow_connectors.csv import ReadCsv
    from affectflow_connectors.gharchive import ReadGharchive
    from affectflow_connectors.github import ReadGithub
    from affectflow_connectors.jsonl import ReadJsonl
    from affectflow_connectors.parquet import ReadParquet

    sources = (ReadGharchive, ReadGithub, ReadParquet, ReadJsonl, ReadCsv)
    sure = [(kebab(each.__name__), each.recognises(name, head)) for each in sources]
    return max(sure, key=lambda pair: pair[1])
