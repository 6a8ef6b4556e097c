"""A classifier of random weights, small enough for any test."""

from affectflow_transforms.models.sequence_classifier import SequenceClassifier

WORDS = ("thanks", "this", "is", "broken", "again", "why", "not", "poison", "good")
TEXTS = ["thanks", "why is this broken again", "good", "not good this is broken"]


def save_tokenizer(folder, words, max_length):
    """Saves a tokenizer of words, and returns the number of each."""
    import tokenizers
    import transformers

    known = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(known, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_length,
    ).save_pretrained(folder)
    return known


def save_tiny(
    folder, labels=("calm", "cross", "glad"), planted=(), max_length=16, **config
):
    """Saves a BERT of random weights and a tokenizer of nine words.

    Args:
      folder: to save in.
      labels: of the outputs.
      planted: what the head gives of every text; random weights decide if empty.
      max_length: tokens of a text.
      config: further settings.
    """
    import torch
    import transformers

    known = save_tokenizer(folder, WORDS, max_length)
    torch.manual_seed(0)
    settings = {"initializer_range": 0.5, "vocab_size": len(known)} | config
    network = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=2 * max_length,
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
    return str(folder)


def save_encoder(folder, **config):
    """Saves the same BERT without its head."""
    import transformers

    save_tiny(folder, **config)
    network = transformers.BertModel.from_pretrained(folder, add_pooling_layer=False)
    network.save_pretrained(folder)
    return str(folder)


def handler_for(folder, **options):
    given = {"dtype": "float32", "device": "cpu", "vocabulary": "tiny"} | options
    return SequenceClassifier(model=folder, **given)
