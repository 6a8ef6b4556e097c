"""An extractive question-answering model whose answers can be worked out by hand."""

import math

from tests.given.tiny_classifier import save_tokenizer

WORDS = ("why", "is", "this", "broken", "thing", "again", "not", "good", "the", "build")
MARGIN = 4.0


def save_answerer(folder, begins="broken", ends="again", max_length=128):
    """Saves a BERT without layers: a token's logits hang on the token alone.

    A span from `begins` to `ends` beats the first token by `MARGIN`; one with a single
    of them is beaten by half of that, and every other by twice `MARGIN`.
    """
    import torch
    import transformers

    known = save_tokenizer(folder, WORDS, max_length)
    size = len(known)
    network = transformers.BertForQuestionAnswering(
        transformers.BertConfig(
            vocab_size=size,
            hidden_size=size,
            num_hidden_layers=0,
            num_attention_heads=1,
            intermediate_size=1,
            max_position_embeddings=max_length,
        )
    )
    # Of a token's own dimension, a layer norm makes this; of the others, -1 / hot.
    hot = math.sqrt(size - 1)
    unit = MARGIN / (hot + 1 / hot)
    with torch.no_grad():
        given = network.bert.embeddings
        given.word_embeddings.weight.copy_(torch.eye(size))
        given.position_embeddings.weight.zero_()
        given.token_type_embeddings.weight.zero_()
        network.qa_outputs.weight.zero_()
        network.qa_outputs.bias.zero_()
        for row, word in enumerate((begins, ends)):
            network.qa_outputs.weight[row, known[word]] = 1.5 * unit
            network.qa_outputs.weight[row, known["[CLS]"]] = unit
    network.save_pretrained(folder)
    return str(folder)


def save_random_answerer(folder, max_length=128):
    """Saves a BERT of random weights with the same words."""
    import torch
    import transformers

    known = save_tokenizer(folder, WORDS, max_length)
    torch.manual_seed(0)
    transformers.BertForQuestionAnswering(
        transformers.BertConfig(
            vocab_size=len(known),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=max_length,
            initializer_range=0.7,
        )
    ).save_pretrained(folder)
    return str(folder)
