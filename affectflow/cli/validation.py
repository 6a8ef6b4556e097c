"""The commands that ask people: `sample` and `gold`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affectflow.cli import show
from affectflow.cli.options import JsonOrTable, LakeUri, Shape
from affectflow.errors import StorageError, UsageError
from affectflow.nouns import count

if TYPE_CHECKING:
    from affectflow.batches.bootstrap import Interval
    from affectflow.gold.judging.agreement import Agreement
    from affectflow.gold.judging.findings import Finding, Judgement
    from affectflow.gold.targets.labels import Target


def sample(
    lake: LakeUri,
    out: Annotated[str, typer.Option(help="CSV file to write, for a spreadsheet.")],
    n: Annotated[
        int | None,
        typer.Option(
            "--n",
            help="How many messages; by default 400, or one of each conversation if "
            "those are fewer. More than conversations: several of each.",
        ),
    ] = None,
    task: Annotated[
        Literal["frustration", "emotion", "valence", "arousal", "dominance"],
        typer.Option(help="What people are asked about."),
    ] = "frustration",
    labels: Annotated[
        str,
        typer.Option(
            help="Labels, such as a,b,c; by default the families of the task."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed draws the same sample.")] = 0,
    stratify: Annotated[
        Literal["none", "score"],
        typer.Option(
            help="`score` draws more of the messages that an annotator labelled."
        ),
    ] = "none",
    annotator: Annotated[
        str,
        typer.Option(
            help="Whose scores to stratify by; by default, the annotator with the "
            "most answers."
        ),
    ] = "",
    html: Annotated[
        str, typer.Option(help="Also write an offline page for labelling by keyboard.")
    ] = "",
    top_up: Annotated[
        bool,
        typer.Option(
            "--top-up",
            help="Draw only messages added since the last sample, and count "
            "them with it; by default 50.",
        ),
    ] = False,
    shape: Shape = "table",
) -> int:
    """Draw random messages into a sheet for people to label."""
    from affectflow.gold.asking import sampling
    from affectflow.gold.asking.page import as_html
    from affectflow.gold.asking.sheets import as_csv, sheet_of
    from affectflow.gold.targets.labels import targets_of
    from affectflow.lake import Lake

    _check_writable("--out", out)
    if html:
        _check_writable("--html", html)
        _check_apart(out, html)
    wanted = [label.strip() for label in labels.split(",") if label.strip()]
    opened = Lake.open(lake)
    how: dict[str, Any] = {
        "n": n,
        "seed": seed,
        "stratify": stratify,
        "annotator": annotator,
    }
    if top_up:
        # Without labels, people are asked the same as before.
        asked = targets_of(task, wanted) if wanted else []
        drawn, ids = sampling.top_up(opened, task, asked, **how)
    else:
        drawn, ids = sampling.draw(opened, targets_of(task, wanted), **how)
    sheet = sheet_of(opened, drawn, ids)
    files = {out: as_csv(sheet)} | ({html: as_html(sheet)} if html else {})
    for name, content in files.items():
        _check_nothing_lost(name, content)
    for name, content in files.items():
        _write(name, content)
        if shape == "table":
            sys.stdout.write(f"{name}\n")
    if shape != "table":
        drawn_from = (drawn.messages, drawn.conversations, drawn.tops_up or None)
        row = (drawn.sample_id, drawn.task, drawn.n, *drawn_from, out, html or None)
        show.shaped(shape, _SAMPLE, [row])
    if n and drawn.n < n:
        show.say(f"sample: {n:,} asked for, and there are {drawn.n:,} to draw from")
    new = f" with messages that are new to {drawn.tops_up}" if drawn.tops_up else ""
    each = (
        "at most one of each" if drawn.n <= drawn.conversations else "several of some"
    )
    show.say(
        f"sample {drawn.sample_id}: {count(drawn.n, 'message')} of "
        f"{count(drawn.conversations, 'conversation')}, {each}{new}; "
        f"when it is filled: affectflow gold {lake} {out}"
    )
    return 0


_SAMPLE = (
    *("sample_id", "task", "n", "messages", "conversations", "tops_up"),
    *("out", "html"),
)
"""What is known of a sample; `messages` and `conversations` could have been drawn."""


def _check_writable(option: str, path: str) -> None:
    if not path:
        raise UsageError(f"{option} is not a file name; name the file to write")
    if Path(path).is_dir():
        raise UsageError(f"{option} {path!r} is a folder; name a file in it")
    if not Path(path).resolve().parent.is_dir():
        raise UsageError(f"no folder for {path!r}; create it, or name another file")


def _check_apart(out: str, html: str) -> None:
    if Path(out).resolve() == Path(html).resolve():
        raise UsageError(f"--out and --html are both {out!r}; name two files")


def _check_nothing_lost(path: str, content: bytes) -> None:
    # Somebody may have spent hours filling it in.
    if Path(path).exists() and Path(path).read_bytes() != content:
        raise UsageError(
            f"{path!r} already exists and may be filled in: name another file, or "
            "remove it"
        )


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"cannot write {path!r}: {error.strerror or error}; name another file"
        ) from error


def gold(
    lake: LakeUri,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...", help="Filled-in sheets; without any, compare again."
        ),
    ] = None,
    rater: Annotated[
        str, typer.Option(help="Who answered, where the column `rater` is empty.")
    ] = "",
    perspective: Annotated[
        Literal["reader", "writer", "self_report"],
        typer.Option(
            help="Who answered: people who read the messages, or their authors, "
            "about themselves."
        ),
    ] = "reader",
    shape: JsonOrTable = "table",
) -> int:
    """Import people's answers, and compare the annotators with them."""
    from affectflow.gold.asking.answers import import_answers
    from affectflow.gold.asking.reading import once, read_answers
    from affectflow.gold.judging.findings import judge
    from affectflow.gold.truth.outdated import say_changed
    from affectflow.lake import Lake

    files = files or []
    opened = Lake.open(lake)
    # All are read before any is written, so an error in the last one changes nothing.
    read = [each for name in files for each in read_answers(opened, name, rater)]
    imported = []
    if answers := once(opened, " and ".join(files), read):
        done = import_answers(opened, answers, perspective)
        imported.append({"answers": len(answers), **done._asdict()})
        show.say(
            f"{count(len(answers), 'answer')} of {', '.join(done.raters)}; "
            f"{done.added:,} new, {done.changed:,} changed, {done.withdrawn:,} "
            f"withdrawn, {done.unchanged:,} unchanged"
        )
    found = judge(opened)
    if not found.agreements and found.changed:
        raise UsageError(*say_changed(found.changed))
    if not found.agreements:
        raise UsageError(
            f"no answers in {lake!r} yet: `affectflow sample {lake} --out "
            f"s.csv` draws a sheet; fill it in, then run `affectflow gold {lake} s.csv`"
        )
    if shape == "json":
        from affectflow.gold.judging.tables import tables_of

        show.as_object({"imported": imported, **tables_of(found)})
    else:
        _show(found)
    _say(found, lake)
    return 0


def _show(found: "Judgement") -> None:
    from affectflow.gold.judging.wording import claim

    rows = [_agreement(each, found.ties) for each in found.agreements]
    show.table(["task", "label", "raters", "shared", "alpha", "ties"], rows)
    if found.findings:
        heads = ["annotator", "label", "n", "yes", "precision", "recall"]
        cells = [_finding(each) for each in found.findings]
        show.table([*heads, "raw share", "corrected share"], cells)
    for finding in found.findings:
        sys.stdout.write(f"{claim(finding, found)}\n")


def _say(found: "Judgement", lake: str) -> None:
    from affectflow.gold.judging.wording import in_words
    from affectflow.gold.truth.decisions import say_unsampled

    for line in [*say_unsampled(found.unsampled), *in_words(found)]:
        show.say(line)
    for target in (a.target for a in found.agreements if a.target.is_scale):
        show.say(
            f"{target.name} is a scale; to see how close the annotators come to "
            f"people: affectflow eval {target.name} {lake}"
        )


def _agreement(each: "Agreement", ties: "dict[Target, int]") -> list[object]:
    target = each.target
    alpha = _spelt(each.alpha) if each.raters > 1 else "unknown: one rater"
    return [
        target.task,
        target.name,
        each.raters,
        each.n,
        alpha,
        ties.get(target, 0),
    ]


def _finding(each: "Finding") -> list[object]:
    shares = each.prevalence
    return [
        each.annotator_id,
        each.target.name,
        each.n,
        each.positives,
        _spelt(each.precision),
        _spelt(each.recall),
        _spelt(shares.apparent) if each.is_validated else "-",
        each.why_no_share or _spelt(shares.corrected),
    ]


def _spelt(interval: "Interval") -> str:
    if interval.value != interval.value:
        return "-"
    if interval.low != interval.low:
        return f"{interval.value:.2f}"
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"
