"""Networks of random weights that listen, small enough for any test.

What they answer means nothing: they prove how sound comes in and values go out.
"""

import json
from pathlib import Path

import numpy as np

DIMENSIONS = ("arousal", "dominance", "valence")
RATE = 16_000
_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 37,
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 4, 4),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}


def save_dimensional(folder, planted=(), labels=DIMENSIONS, **config):
    """Saves a wav2vec 2.0 with the head of audEERING's model, of random weights.

    Args:
      folder: to save in.
      planted: what the head gives of every turn; random weights decide if empty.
      labels: of the outputs, in their order.
      config: further settings.
    """
    import torch
    import transformers
    from safetensors.torch import save_file

    torch.manual_seed(0)
    given = transformers.Wav2Vec2Config(
        **_SMALL, id2label=dict(enumerate(labels)), problem_type="regression"
    )
    network = transformers.Wav2Vec2Model(given)
    weights = {f"wav2vec2.{n}": w for n, w in network.state_dict().items()}
    outputs = torch.randn(len(labels), 32) * (0 if planted else 0.3)
    weights |= {
        "classifier.dense.weight": torch.randn(32, 32) * 0.3,
        "classifier.dense.bias": torch.zeros(32),
        "classifier.out_proj.weight": outputs,
        "classifier.out_proj.bias": torch.tensor(planted or [0.5] * len(labels)),
    }
    Path(folder).mkdir(parents=True, exist_ok=True)
    kept = {name: weight.contiguous() for name, weight in weights.items()}
    save_file(kept, Path(folder) / "model.safetensors", {"format": "pt"})
    said = given.to_dict() | {"architectures": ["Wav2Vec2ForSpeechClassification"]}
    (Path(folder) / "config.json").write_text(json.dumps(said | config))
    save_extractor(folder)
    return str(folder)


def save_labelled(folder, labels=("anger", "joy", "sadness"), family="Wav2Vec2"):
    """Saves a network with the library's own head, of random weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    made = getattr(transformers, f"{family}Config")
    config = made(**_SMALL, id2label=dict(enumerate(labels)))
    network = getattr(transformers, f"{family}ForSequenceClassification")(config)
    network.save_pretrained(folder)
    save_extractor(folder)
    return str(folder)


def save_encoder(folder, family="Wav2Vec2"):
    """Saves an encoder of random weights, without a head; its states are 32 wide."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**_SMALL)
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    save_extractor(folder)
    return str(folder)


def save_extractor(folder, **options):
    import transformers

    given = {"sampling_rate": RATE, "return_attention_mask": True} | options
    transformers.Wav2Vec2FeatureExtractor(
        feature_size=1, padding_value=0.0, do_normalize=True, **given
    ).save_pretrained(folder)


def write_wav(path, samples, rate=RATE):
    """Writes samples, full scale 1, as 16-bit WAV; returns the path as text."""
    import wave

    whole = np.clip(np.asarray(samples) * 32767, -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(whole.tobytes())
    return str(path)


def tones(*pitches, seconds=1.0, rate=RATE, loud=0.3):
    """Returns one tone after the other."""
    at = np.arange(round(seconds * rate)) / rate
    return np.concatenate([loud * np.sin(2 * np.pi * f * at) for f in pitches])
