"""Language models of random weights, small enough for any test."""

from affectflow.kinds.asking import Message, Request

WORDS = (
    *("thanks", "this", "is", "broken", "again", "why", "not", "poison", "good"),
    *("joy", "anger", "sad", "ness", "dis", "gust", "told", "1", "0"),
    *("yes", "no", "unclear"),
)
SPECIAL = ("<pad>", "<unk>", "<|end|>", "<|user|>", "<|answer|>", "<|system|>")
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|> {{ m.content }} <|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|answer|> {% endif %}"
)
LABELS = ("joy", "anger", "sad ness", "dis gust", "not good again")
TOKENS = {word: place for place, word in enumerate([*SPECIAL, *WORDS])}
_SIZES = {
    "vocab_size": len(TOKENS),
    "eos_token_id": TOKENS["<|end|>"],
    "pad_token_id": TOKENS["<pad>"],
}


def save_tokenizer(folder, template=TEMPLATE):
    """Saves a tokenizer of words, as they stand between blanks."""
    import tokenizers
    import transformers

    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(TOKENS, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="<|end|>",
        additional_special_tokens=["<|user|>", "<|answer|>", "<|system|>"],
        chat_template=template,
        model_max_length=128,
    ).save_pretrained(folder)


def save_causal(folder, template=TEMPLATE, **config):
    """Saves a network that continues texts."""
    import transformers

    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "initializer_range": 0.5,
    }
    settings = transformers.LlamaConfig(**{**_SIZES, **sizes, **config})
    return _saved(folder, template, transformers.LlamaForCausalLM, settings)


def save_bloom(folder):
    """Saves a network that tells places by how far apart tokens stand."""
    import transformers

    settings = transformers.BloomConfig(
        **_SIZES, hidden_size=32, n_layer=2, n_head=4, initializer_range=0.5
    )
    return _saved(folder, TEMPLATE, transformers.BloomForCausalLM, settings)


def save_seq2seq(folder):
    """Saves an encoder and a decoder."""
    import transformers

    settings = transformers.T5Config(
        **_SIZES,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=TOKENS["<pad>"],
    )
    return _saved(folder, None, transformers.T5ForConditionalGeneration, settings)


def _saved(folder, template, network, settings):
    import torch

    save_tokenizer(folder, template)
    torch.manual_seed(0)
    network(settings).save_pretrained(folder)
    return str(folder)


def asked(text, choices=(), **more):
    """Returns a request about a text."""
    return Request(messages=(Message("user", text),), choices=choices, **more)
