"""What becomes of personal data in texts that were written from specifications.

    python -m tests.given.personal

prints recall and precision by kind, and what is wrong in the half for tuning; the
other half is held out: its texts are counted, never shown.
"""

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from affectflow_transforms.text.normalize import normalize

TEXTS = Path(__file__).with_name("personal_data.toml")
_SEED = b"affectflow: personal data"


# Recall and precision of the held-out half before the rules were changed (2026-11-29).
BEFORE = {
    "addresses v4": ("0.80", "1.00"),
    "addresses v6": ("0.40", "1.00"),
    "telephone e164": ("0.90", "1.00"),
    "telephone national": ("0.20", "0.50"),
    "versions": ("", "0.00"),
    "numbers": ("", ""),
    "assigned secrets": ("0.00", "0.00"),
    "passwords": ("0.00", ""),
    "authorization": ("0.00", "0.00"),
    "vendor keys": ("0.58", "0.88"),
    "json web tokens": ("1.00", "1.00"),
    "private keys": ("0.33", "1.00"),
    "url passwords": ("0.40", "0.33"),
    "mail": ("0.50", "0.71"),
    "accounts": ("0.80", "0.80"),
    "fediverse": ("0.25", "0.33"),
    "matrix": ("0.00", "0.00"),
    "payments": ("0.00", ""),
    "code names": ("", "0.00"),
    "chat addresses": ("1.00", "0.57"),
    "all": ("0.47", "0.57"),
}


class Item(NamedTuple):
    """A text, what should become of it, and what became of it."""

    kind: str
    text: str
    expected: str
    got: str

    @property
    def is_trap(self) -> bool:
        return self.text == self.expected

    @property
    def is_right(self) -> bool:
        return self.got == self.expected

    @property
    def is_held_out(self) -> bool:
        digest = hashlib.blake2b(self.text.encode(), key=_SEED, digest_size=1).digest()
        return digest[0] % 2 == 1


class Figures(NamedTuple):
    """Counts of texts: `right` were replaced as they should be."""

    to_replace: int
    to_keep: int
    replaced: int
    right: int

    @property
    def recall(self) -> float | None:
        """Share of what should be replaced that is, exactly; None if nothing should."""
        return self.right / self.to_replace if self.to_replace else None

    @property
    def precision(self) -> float | None:
        """Share of the changed texts that are right; None if none was changed."""
        return self.right / self.replaced if self.replaced else None


def items() -> list[Item]:
    """Returns all texts with what became of them, kind by kind."""
    found = []
    for kind, said in tomllib.loads(TEXTS.read_text("utf-8")).items():
        pairs = [*said.get("replaced", ()), *((text, text) for text in said["kept"])]
        texts = [text.replace("¦", "") for text, _ in pairs]
        wanted = [expected.replace("¦", "") for _, expected in pairs]
        got = _normalized(texts, chat=said.get("chat", False))
        found += [Item(kind, *each) for each in zip(texts, wanted, got, strict=True)]
    return found


def figures(of: Iterable[Item]) -> Figures:
    """Returns the counts of some texts."""
    texts = list(of)
    return Figures(
        to_replace=sum(not each.is_trap for each in texts),
        to_keep=sum(each.is_trap for each in texts),
        replaced=sum(each.got != each.text for each in texts),
        right=sum(each.is_right and not each.is_trap for each in texts),
    )


def table() -> str:
    """Returns the figures of the held-out half by kind, as a table of Markdown."""
    held_out = [each for each in items() if each.is_held_out]
    lines = [
        "| kind | to replace | to keep | recall | before | precision | before |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in dict.fromkeys(each.kind for each in held_out):
        own = (each for each in held_out if each.kind == kind)
        lines.append(_line(kind.replace("_", " "), figures(own)))
    return "\n".join([*lines, _line("all", figures(held_out))]) + "\n"


def _normalized(texts: list[str], *, chat: bool) -> list[str]:
    clean, _ = normalize(pa.array(texts), chats=pa.array([chat] * len(texts)))
    return [str(text) for text in clean.to_pylist()]


def _line(name: str, of: Figures) -> str:
    recall, precision = (
        "" if share is None else f"{share:.2f}" for share in (of.recall, of.precision)
    )
    old_recall, old_precision = BEFORE.get(name, ("", ""))
    cells = [name, of.to_replace, of.to_keep]
    cells += [recall, old_recall, precision, old_precision]
    return f"| {' | '.join(map(str, cells))} |"


def _main() -> None:
    print(table())
    tuned = [each for each in items() if not each.is_held_out]
    print(_line("half for tuning", figures(tuned)))
    for each in tuned:
        if not each.is_right:
            print(f"{each.kind}: {each.text!r} -> {each.got!r}, not {each.expected!r}")


if __name__ == "__main__":
    _main()
