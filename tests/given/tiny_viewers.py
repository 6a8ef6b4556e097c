"""Language models of random weights that look, small enough for any test."""

from tests.given.tiny_generator import SPECIAL, WORDS
from tests.given.tiny_lookers import SIZE

IMAGE = "<image>"
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|> {% for c in m.content %}"
    "{% if c.type == 'image' %}" + IMAGE + " {% else %}{{ c.text }} {% endif %}"
    "{% endfor %}<|end|> {% endfor %}"
    "{% if add_generation_prompt %}<|answer|> {% endif %}"
)
_TOKENS = {word: place for place, word in enumerate([*SPECIAL, IMAGE, *WORDS])}
_SMALL = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def save_viewer(folder, template=CHAT_TEMPLATE):
    """Saves a Llava that reads a few words and sees pictures of 30 pixels."""
    import torch
    import transformers

    text = transformers.LlamaConfig(
        **_SMALL,
        vocab_size=len(_TOKENS),
        eos_token_id=_TOKENS["<|end|>"],
        pad_token_id=_TOKENS["<pad>"],
        initializer_range=0.5,
    )
    eyes = transformers.CLIPVisionConfig(
        **_SMALL, image_size=SIZE, patch_size=10, projection_dim=32
    )
    config = transformers.LlavaConfig(
        text_config=text,
        vision_config=eyes,
        image_token_index=_TOKENS[IMAGE],
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    _processor(template).save_pretrained(folder)
    return str(folder)


def _processor(template):
    import tokenizers
    import transformers

    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel(_TOKENS, unk_token="<unk>")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="<|end|>",
        additional_special_tokens=["<|user|>", "<|answer|>", "<|system|>", IMAGE],
        model_max_length=128,
    )
    side = {"height": SIZE, "width": SIZE}
    return transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessor(
            size={"shortest_edge": SIZE}, crop_size=side
        ),
        tokenizer=tokenizer,
        patch_size=10,
        vision_feature_select_strategy="default",
        image_token=IMAGE,
        num_additional_image_tokens=1,
        chat_template=template,
    )
