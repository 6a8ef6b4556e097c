"""Tables of faces as instruments write them: small ones made here, and real ones.

    python -m tests.given.faces

prints which units are seen in clips of good and of bad news, by two rules.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from affectflow import people
from affectflow.steps.tracks import cues_of
from affectflow_transforms.face.instruments import names
from affectflow_transforms.face.render import RenderFace
from tests.given.factories import utterances

STYLES = ("paper-5", "plain")
OPENFACE = ("frame", "face_id", "timestamp", "confidence", "success")
PYFEAT = ("FaceScore", "input", "frame")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def render_face(**options: object) -> RenderFace:
    """Returns the renderer, for a purpose: it touches people's bodies."""
    with people.using(purpose="tests of faces", context="research"):
        return RenderFace(**{"tracks": "none.csv", **options})


def openface(path: Path, *rows: Mapping[str, object], blank: str = " ") -> str:
    """Writes a table of OpenFace: of a frame, what is not as usual.

    Args:
      path: of the table.
      rows: values by column; units are 0 if they are not said.
      blank: stands before the names of columns but the first, and values, as OpenFace
        has it.
    """
    usual = {"face_id": 0, "confidence": 0.98, "success": 1}
    columns = [*OPENFACE, "AU04_r", "AU12_r", "AU12_c", "AU28_c"]
    lines = [
        {"frame": n + 1, "timestamp": f"{n / 25:.3f}"} | usual | dict(row)
        for n, row in enumerate(rows)
    ]
    written = [[str(line.get(name, 0)) for name in columns] for line in lines]
    path.write_text(
        "\n".join(f",{blank}".join(each) for each in [columns, *written]) + "\n"
    )
    return str(path)


def pyfeat(path: Path, *rows: Mapping[str, object]) -> str:
    """Writes a table of Py-Feat 1: of a frame, what is not as usual."""
    columns = [*PYFEAT, "AU04", "AU12", *EMOTIONS]
    usual = {"FaceScore": 0.99, "input": f"{path.stem}.mp4"}
    lines = [usual | {"frame": n} | dict(row) for n, row in enumerate(rows)]
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns, restval=0)
        table.writeheader()
        table.writerows(lines)
    return str(path)


def real(shared_data: Path, name: str, folder: Path) -> str:
    """Unpacks a real table of `nv_facial`."""
    path = folder / name
    packed = (shared_data / "nv_facial" / f"{name}.gz").read_bytes()
    path.write_bytes(gzip.decompress(packed))
    return str(path)


def news(shared_data: Path) -> tuple[pa.RecordBatch, Sequence[str]]:
    """Returns what is said in each news clip, and whether it is good news or not."""
    path = shared_data / "nv_facial" / "pyfeat_news_clips.csv"
    with path.open(encoding="utf-8-sig") as file:
        clips = list(csv.DictReader(file))
    said = [clip["phrase_txt"] for clip in clips]
    videos = [f"{int(clip['clipN']):03d}.mp4" for clip in clips]
    kinds = ["good" if clip["class"] == "gn" else "bad" for clip in clips]
    return utterances(*said, media_uri=videos), kinds


def news_table(shared_data: Path, folder: Path) -> dict[str, dict[str, Counter[str]]]:
    """Returns in how many clips there is which cue, by style and kind of news."""
    tracks = real(shared_data, "pyfeat_news_frames.csv", folder)
    batch, kinds = news(shared_data)
    found: dict[str, dict[str, Counter[str]]] = {}
    for style in STYLES:
        renderer = render_face(tracks=tracks, fps=30.0, style=style)
        counted = {kind: Counter[str]() for kind in ("good", "bad")}
        for kind, cues in zip(kinds, cues_of(batch, renderer).to_pylist(), strict=True):
            counted[kind].update({cue["cue"] for cue in cues})
        found[style] = counted
    return found


def news_lines(counted: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[str]:
    """Returns a line for each cue: in how many clips it is, by style and news."""
    kinds = [counted[style][kind] for style in STYLES for kind in ("good", "bad")]
    found = [cue for cue in names() if any(cue in kind for kind in kinds)]
    return [
        f"| {names()[cue].capitalize() if cue.islower() else names()[cue]} | "
        + " | ".join(f"{kind.get(cue, 0)} of 8" for kind in kinds)
        + " |"
        for cue in found
    ]


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        data = Path(__file__).resolve().parents[3] / "shared" / "data"
        print("\n".join(news_lines(news_table(data, Path(made)))))
