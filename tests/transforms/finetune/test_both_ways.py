"""The same clips textualized and as features: which is closer to people, paired."""

import numpy as np
import pytest

from tests.given.docs_tables import ROOT
from tests.given.rated_tracks import frames_of, write_table
from tests.given.toy_training import save_base
from tests.project.test_docs import commands, typed

pytestmark = [pytest.mark.torch, pytest.mark.proof]


def write_clips(folder, tables, names, ratings, n, seed):
    """Writes clips whose rating is the share of frames in which AU04 is on.

    Words say only whether that is more than half.
    """
    random = np.random.default_rng(seed)
    clips, said, rows = [], [], []
    for clip in range(n):
        share = random.integers(0, 9) / 8
        values = (random.random((24, 3)) < (0.5, 0, 0.5)).astype(float)
        values[:, 1] = np.arange(24) % 8 < 8 * share
        seen = {"FaceScore": 1.0, "happiness": 0.0}
        recording = f"{names}{clip}"
        write_table(folder / tables / f"{recording}.csv", frames_of(values, **seen))
        clips.append({"id": clip, "body": "well", "recording": f"{recording}.mp4",
                      "start": 0, "end": 0.8, "who": f"s{clip}"})  # fmt: skip
        said.append({"utterance_id": f"csv:{clip}", "rater": "ann", "label": "valence",
                     "answer": round(1 + 8 * share)})  # fmt: skip
        rows.append({"recording": recording, "rating": share, "subject": f"s{clip}"})
    write_table(folder / f"{names}.csv", clips)
    write_table(folder / f"{ratings}.csv", said)
    return rows


def test_numbers_tell_more_of_a_level_than_words_do(tmp_path):
    page = (ROOT / "docs" / "train_ratings.md").read_text(encoding="utf-8")
    section = page.split("## The same clips as words and as numbers")[1]
    save_base(tmp_path / "encoder")
    rows = write_clips(tmp_path, "rated/tracks", "clips", "ratings", 80, 0)
    write_table(tmp_path / "rated" / "train.csv", rows)
    write_clips(tmp_path, "au", "others", "truth", 30, 1)

    for command in commands(section):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    clips, more_wrong, give_or_take = map(float, done.out.splitlines()[1].split(","))
    print(f"in words more wrong by {more_wrong:.3f}, give or take {give_or_take:.3f}")
    assert clips == 30
    assert more_wrong > give_or_take > 0
