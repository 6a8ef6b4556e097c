"""Adapters of models that read and write words by the same weights."""

import pytest

from affectflow_transforms.models.generate import adapter
from tests.given.tiny_generator import save_causal

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("layers", [("all-linear",), ("lm_head", "q_proj")])
def test_words_that_are_read_and_written_by_the_same_weights_are_merged_right(
    tmp_path, layers
):
    import torch
    import transformers

    base = tmp_path / "base"
    save_causal(base, tie_word_embeddings=True)
    tokens = torch.tensor([[7, 8, 9]])

    def opened(folder):
        return transformers.AutoModelForCausalLM.from_pretrained(folder).eval()

    adapted = adapter.put_on(opened(base), rank=2, alpha=4, dropout=0.0, layers=layers,
                             seed=0, is_seq2seq=False)  # fmt: skip
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    adapter.save(adapted.eval(), tmp_path / "adapter", str(base), "", "digest")
    with torch.inference_mode():
        before = opened(base)(tokens).logits
        wanted = adapted(tokens).logits
        adapted.merge_and_unload().save_pretrained(tmp_path / "merged")
        whole = opened(tmp_path / "merged")(tokens).logits
        read = adapter.merged(opened(base), tmp_path / "adapter")(tokens).logits

    assert not torch.allclose(wanted, before, atol=1e-3)
    assert torch.allclose(whole, wanted, atol=1e-5)
    assert torch.allclose(read, wanted, atol=1e-5)
