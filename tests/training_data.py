"""Small data sets in the layouts that trainers read."""

import csv
import gzip
from pathlib import Path

from affectflow.vocabularies import PLUTCHIK

GERMAN = {
    "anger": "ich bin so wütend auf dich",
    "anticipation": "ich warte auf den nächsten Tag",
    "disgust": "das ist doch ekelhaft und widerlich",
    "fear": "ich habe große Angst vor ihm",
    "joy": "wir sind heute alle sehr glücklich",
    "sadness": "sie weint und ist furchtbar traurig",
    "surprise": "damit habe ich nie gerechnet",
    "trust": "du kannst mir wirklich immer glauben",
}
PLACES = ("hier", "dort", "zu Hause", "in der Stadt", "am See", "im Wald", "bei uns")

FEELS = ("terrible", "lovely")
MOODS = ("calm", "busy", "wild")


def write_xed(folder: Path, n: int = 240) -> Path:
    """Writes German and English lines as XED's; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for i in range(n):
        number = i % len(PLUTCHIK.labels)
        text = GERMAN[PLUTCHIK.labels[number]]
        lines.append(f"{text} {PLACES[i % 7]}, {'x' * (i % 11)} {i}.\t{number + 1}\n")
    (folder / "de-projections.tsv").write_text("".join(lines), encoding="utf-8")
    english = "".join(
        f"this is the {i}th line of the day\t{i % 8 + 1}\n" for i in range(n)
    )
    with gzip.open(folder / "en-annotated.tsv.gz", "wt", encoding="utf-8") as file:
        file.write(english)
    return folder


def write_emobank(folder: Path, n: int = 240, **columns: str) -> Path:
    """Writes rated sentences as EmoBank's; `columns` replace those of the first row."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "emobank.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "split", "V", "A", "D", "text"])
        writer.writeheader()
        for i in range(n):
            good = i % 2
            row = {
                "id": str(i),
                "split": "dev" if i % 4 > 1 else "train",
                "V": f"{3 + good * 1.5 - (1 - good) * 1.5:.1f}",
                "A": f"{2 + i % 3:.1f}",
                "D": f"{2.5 + i % 3 / 2:.1f}",
                "text": f"it was a {FEELS[good]} day, {MOODS[i % 3]} number {i}",
            }
            writer.writerow({**row, **(columns if i == 0 else {})})
    return folder
