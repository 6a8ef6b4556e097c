"""Networks of random weights that look at pictures, small enough for any test.

What they answer means nothing: they prove how pictures come in and labels go out.
"""

import numpy as np

from tests.given.tiny_classifier import WORDS

SIZE = 30
CLIP_WORDS = ("a", "photo", "of", "amusement", "anger", "awe", "fear", "joy", *WORDS)


def save_vit(folder, labels=("calm", "cross", "glad"), planted=(), **config):
    """Saves a ViT with a head of random weights, and its processor.

    Args:
      folder: to save in.
      labels: of the outputs.
      planted: what the head gives of every picture; random weights decide if empty.
      config: further settings.
    """
    import torch
    import transformers

    torch.manual_seed(0)
    settings = {"initializer_range": 0.5} | config
    network = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            **_SMALL,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            **settings,
        )
    )
    if planted:
        with torch.no_grad():
            network.classifier.weight.zero_()
            network.classifier.bias.copy_(torch.tensor(planted))
    network.save_pretrained(folder)
    side = {"height": SIZE, "width": SIZE}
    transformers.ViTImageProcessor(size=side).save_pretrained(folder)
    return str(folder)


_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 37,
    "image_size": SIZE,
    "patch_size": 10,
}


def save_clip(folder, family="CLIP"):
    """Saves a CLIP or SigLIP of random weights, a tokenizer, and its processor."""
    import torch
    import transformers

    n_words = _save_tokenizer(folder, masked=family == "CLIP")
    torch.manual_seed(0)
    text = {n: v for n, v in _SMALL.items() if n not in ("image_size", "patch_size")}
    text |= {"vocab_size": n_words, "max_position_embeddings": 16}
    text |= {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0}
    more = {}
    if family == "CLIP":
        more = {"projection_dim": 16, "logit_scale_init_value": 2.0}
    config = getattr(transformers, f"{family}Config")(
        text_config=text | ({"projection_dim": 16} if more else {}),
        vision_config=_SMALL | ({"projection_dim": 16} if more else {}),
        **more,
    )
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    side = {"height": SIZE, "width": SIZE}
    shape = {"size": {"shortest_edge": SIZE}, "crop_size": side} if more else {}
    processor = getattr(transformers, f"{family}ImageProcessor")
    processor(**(shape or {"size": side})).save_pretrained(folder)
    return str(folder)


def _save_tokenizer(folder, *, masked):
    """Saves a tokenizer of some words; returns how many tokens it knows."""
    import tokenizers
    import transformers

    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(CLIP_WORDS)]
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel(
            {word: i for i, word in enumerate(known)}, unk_token="[UNK]"
        )
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_max_length=16,
        model_input_names=["input_ids", *(["attention_mask"] if masked else [])],
    ).save_pretrained(folder)
    return len(known)


def write_pictures(folder, n, seed=0):
    """Writes pictures of coloured noise, each of another size; returns their paths."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(n):
        shape = (20 + 7 * number % 40, 50, 3)
        low = rng.integers(0, 200, 3)
        noise = (low + rng.integers(0, 56, shape)).astype(np.uint8)
        paths.append(str(folder / f"{number}.png"))
        Image.fromarray(noise).save(paths[-1])
    return paths
