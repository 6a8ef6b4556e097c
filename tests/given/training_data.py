"""Small data sets in the layouts that trainers read."""

import csv
import gzip
import json
from pathlib import Path

from affectflow.vocabularies import get

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
        number = i % len(get("plutchik").labels)
        text = GERMAN[get("plutchik").labels[number]]
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


FELT = {
    "anger": "this makes me furious, I hate it",
    "gratitude": "thank you so much for the help",
    "neutral": "the file is in the folder",
}


def write_goemotions(folder: Path, n: int = 300) -> Path:
    """Writes comments with three labels as GoEmotions'; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    said = list(FELT.values())
    lines = [f"{said[i % 3]} {'ha' * (i % 7)} {i}\t{i % 3}\tid{i}\n" for i in range(n)]
    with gzip.open(folder / "train.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("".join(lines))
    (folder / "dev.tsv").write_text("".join(lines[: n // 3]), encoding="utf-8")
    (folder / "emotions.txt").write_text("\n".join(FELT), encoding="utf-8")
    return folder


HEATED = {
    "": "it fails on the second run with this message",
    "Bitter frustration": "why is this still broken, I am fed up with it",
    "Impatience": "any news on this? still waiting for a release",
    "Insulting": "you clearly have no idea what you are doing",
}


def write_incivility(folder: Path, n: int = 400) -> Path:
    """Writes comments in threads as gh_incivility's; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "comments.csv.gz"
    with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["issue_id", "comment_id", "comment_body", "tbdf"])
        for i in range(n):
            tone = list(HEATED)[i % 7] if i % 7 < len(HEATED) else ""
            body = f"{HEATED[tone]} {'really ' * (i % 5)}{i}"
            writer.writerow([str(i // 10), str(i), body, tone])
    return folder


def write_reccon(folder: Path, n: int = 40) -> Path:
    """Writes dialogues of four turns as RECCON's; returns the folder.

    A is glad in every second one and angry in the others; B is what A was before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = {"happiness": "I love it", "anger": "I hate it", "neutral": "It is"}
    dialogues = {}
    for i in range(n):
        mood = ("happiness", "anger")[i % 2]
        felt = (mood, mood, "neutral", "neutral")
        texts = [said[label] + f", {number} {i}." for number, label in enumerate(felt)]
        dialogues[f"tr_{i}"] = [
            [
                {"turn": t + 1, "speaker": "AB"[t % 2], "utterance": text, "emotion": f}
                for t, (text, f) in enumerate(zip(texts, felt, strict=True))
            ]
        ]
    file = folder / "dailydialog_train.json"
    file.write_text(json.dumps(dialogues), encoding="utf-8")
    return folder
