"""Holds the golden files against Hugging Face's own Transformers and PEFT, where these are installed beside PyTorch:

    /tmp/golden/bin/pip install transformers peft
    /tmp/golden/bin/python scripts/golden/families/check_transformers.py

Their angles and square roots are single precision, so the numbers agree to about 1e-5, not to the last bit.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
import transformers
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

LIMIT = 3e-5
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def decoded(text, like):
    return torch.tensor(np.frombuffer(base64.b64decode(text), "<f4").copy()).view(like.shape).double()


def model_of(folder):
    """In double precision, but Gemma's embedding factor in the format that its configuration names."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).double()
    embedding = model.get_input_embeddings()
    if hasattr(embedding, "embed_scale"):
        embedding.embed_scale = embedding.embed_scale.to(named_format(folder))
    return model


def named_format(folder):
    config = json.loads((folder / "config.json").read_text())
    return getattr(torch, config.get("dtype") or config["torch_dtype"])


def differences(folder):
    known = json.loads((folder / "expected.json").read_text())
    ids, lora = torch.tensor(known["ids"]), known["lora"]
    model = model_of(folder)
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits
    yield (logits - decoded(known["logits_f32"], logits)).abs().max()

    adapter = LoraConfig(
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        target_modules=lora["modules"],
        use_rslora=lora.get("rslora", False),
        fan_in_fan_out=model.config.model_type == "gpt2",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, adapter).double()
    fresh = get_peft_model_state_dict(model)
    assert fresh.keys() == lora["parameters"].keys(), "the adapter's names differ"
    set_peft_model_state_dict(model, {name: decoded(lora["parameters"][name], fresh[name]) for name in fresh})
    logits = model(ids, use_cache=False).logits
    yield (logits - decoded(lora["logits_f32"], logits)).abs().max()
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    yield (loss - lora["loss"]).abs()
    leaves = {name.replace(".default", ""): leaf.grad for name, leaf in model.named_parameters() if leaf.requires_grad}
    pairs = [(leaf, decoded(lora["gradients"][name], leaf)) for name, leaf in leaves.items()]
    yield max((leaf - wanted).abs().max() / wanted.abs().max() for leaf, wanted in pairs)


for folder in sorted((Path(__file__).resolve().parents[3] / "tests/golden/families").iterdir()):
    found = [one.item() for one in differences(folder)]
    print(f"{folder.name:26}", *(f"{one:.0e}" for one in found))
    assert max(found) < LIMIT
