"""ImageClassifier asked about pictures: its rows, answers and logits."""

import pyarrow as pa

from affectflow_transforms.models.image_classifier import ImageClassifier, network
from affectflow_transforms.models.media import Clip, MediaScorer

LOOKING = {"purpose": "tests of what is seen", "context": "research"}
SOME = ("amusement", "anger", "awe", "fear")
WHERE = {"device": "cpu", "dtype": "float32"}


def looks(model, **options):
    return ImageClassifier(model=model, **{**WHERE, "vocabulary": "tiny", **options})


def zero_shot(folder, *labels, **options):
    return looks(folder, labels=labels, vocabulary="mikels", **options)


def rows(uris, starts=None, ends=None):
    nothing = [None] * len(uris)
    times = {"start_s": starts or nothing, "end_s": ends or nothing}
    columns = {"media_uri": pa.array(uris, pa.string())}
    columns |= {n: pa.array(v, pa.float64()) for n, v in times.items()}
    return pa.RecordBatch.from_pydict(columns, schema=MediaScorer.requires)


def answered(handler, batch, model=None):
    return handler.apply(batch, model or handler.load_model())


def scores(handler, batch):
    """Returns the scores of each row by label; they are all stored from .05 on."""
    found = answered(handler, batch).column("annotations").to_pylist()
    return [{each["label"]: each["score"] for each in row} for row in found]


def logits(handler, uris):
    """Returns what the network gives of pictures."""
    model = handler.load_model()
    batches = handler._looked(clips(uris), model.looker)
    looked = [found for _, some in batches for found in some]
    return network.logits(model.looker, [each.pixels[0] for each in looked])[0]


def clips(uris):
    return [Clip(uri) for uri in uris]
