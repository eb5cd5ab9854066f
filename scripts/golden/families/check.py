"""Holds the Llama and GPT-2 of this folder against what others computed, with real checkpoints from a models folder:

    /tmp/golden/bin/python scripts/golden/families/check.py ../shared/models

`tiny-random-gpt2` comes with the logits of an ONNX export made by Hugging Face's tools, `stories260K` with the text
that llama2.c writes greedily.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

import gpt2
import llama

torch.set_default_dtype(torch.float64)


def read(folder):
    """Configuration and weights of a float32 checkpoint."""
    data = (folder / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    cut = lambda entry: np.frombuffer(data[slice(*(start + at for at in entry["data_offsets"]))], "<f4")
    weights = {name: torch.tensor(cut(entry)).double().view(entry["shape"]) for name, entry in header.items()}
    return json.loads((folder / "config.json").read_text()), weights


models = Path(sys.argv[1])

config, weights = read(models / "tiny-random-gpt2")
known = json.loads((models / "tiny-random-gpt2/expected-logits.json").read_text())
prefixed = {name if name.startswith("transformer.") else f"transformer.{name}": w for name, w in weights.items()}
ours = gpt2.logits(config, prefixed, torch.tensor([known["ids"]]))[0]
difference = (ours - torch.tensor(known["logits"])).abs().max()
print(f"tiny-random-gpt2: the logits differ by {difference:.1e} at most")
assert difference < 1e-4

config, weights = read(models / "stories260K")
text = json.loads((models / "stories260K/expected-greedy.json").read_text())["greedy_ids"]
chosen = llama.logits(config, weights, torch.tensor([text]))[0].argmax(-1).tolist()
print(f"stories260K: {sum(a == b for a, b in zip(chosen, text[1:]))} of {len(text) - 1} tokens are llama2.c's")
assert chosen[:-1] == text[1:]
