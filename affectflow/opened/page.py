"""The report as a page in a notebook."""

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path


@dataclass(frozen=True, repr=False)
class Page:
    """A report.

    Args:
      html: the whole page.
      out: where it was written; empty if it was not.
    """

    html: str
    out: str = ""

    def __repr__(self) -> str:
        where = self.out or "not written; .report(FILE) writes it"
        return f"<report, {len(self.html):,} characters: {where}>"

    def _repr_html_(self) -> str:
        # The page has its own content policy; the sandbox isolates it.
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="" title="report" '
            'style="width:100%;height:640px;border:1px solid #ccc"></iframe>'
        )


def page_of(lake: str, out: str | os.PathLike[str], title: str, annotator: str) -> Page:
    """Returns the report on a lake, and writes it if `out` says where.

    Raises:
      UsageError: `out` is a file that is not a report, or no annotation is by
        `annotator`.
    """
    from affectflow.report import write_report

    write = partial(
        write_report, lake, title=title or None, annotator=annotator or None
    )
    if out:
        written = write(os.fspath(out))
        return Page(_text(str(written)), str(written))
    with tempfile.TemporaryDirectory(prefix="affectflow-") as folder:
        return Page(_text(str(write(f"{folder}/report.html"))))


def _text(written: str) -> str:
    if "://" in written:
        from affectflow.storage import Storage

        folder, _, file = written.rpartition("/")
        return Storage(folder).read(file).decode()
    return Path(written).read_text(encoding="utf-8")
