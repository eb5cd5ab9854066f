"""Makes tests/golden/families: for each case of cases.py a checkpoint and what PyTorch says of it in float64.

Run it in a virtual environment outside the repository, on any machine with PyTorch and NumPy; the seeds are fixed:

    python -m venv /tmp/golden && /tmp/golden/bin/pip install torch numpy
    /tmp/golden/bin/python scripts/golden/families/make.py            (all cases)
    /tmp/golden/bin/python scripts/golden/families/make.py phi3 smollm

Nothing here is shared with the engine: the models are written from the architectures' papers and the meaning of the
Hugging Face configurations' fields, and the gradients come from PyTorch's automatic differentiation. Running the
tests needs none of this. `check.py` holds these models against logits and texts made elsewhere, and
`check_transformers.py` holds all cases against Hugging Face's implementations.
"""

import base64
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import torch

import checkpoint_file
from cases import CASES

torch.set_default_dtype(torch.float64)

BATCH, LENGTH = 2, 12
TARGET = Path(__file__).resolve().parents[3] / "tests/golden/families"


def random_weights(family, config, chance):
    """Norms and biases far from 1 and 0, matrices whose outputs are as large as their inputs."""
    weights = {}
    for name, shape in family.shapes(config).items():
        noise = torch.tensor(chance.randn(*shape))
        if len(shape) == 2:
            inputs = shape[0] if getattr(family, "STORED_IN_OUT", False) and ".h." in name else shape[1]
            weights[name] = 1.2 * noise / inputs**0.5
        elif name.endswith(".bias"):
            weights[name] = 0.3 * noise
        else:
            weights[name] = getattr(family, "NORM_WEIGHT_AROUND", 1.0) + 0.3 * noise
    return weights


def random_adapter(family, weights, settings, chance):
    """PEFT's names and shapes: lora_A [rank, in], lora_B [out, rank], also where the matrix is stored [in, out]."""
    adapter = {}
    for name, weight in weights.items():
        module = name.removesuffix(".weight")
        if weight.dim() != 2 or module.split(".")[-1] not in settings["modules"]:
            continue
        out, inputs = reversed(weight.shape) if getattr(family, "STORED_IN_OUT", False) else weight.shape
        draw = lambda *shape: torch.tensor(0.2 * chance.randn(*shape)).float().double()
        adapter[f"base_model.model.{module}.lora_A.weight"] = draw(settings["rank"], inputs)
        adapter[f"base_model.model.{module}.lora_B.weight"] = draw(out, settings["rank"])
    return adapter


def with_adapter(family, weights, adapter, settings):
    """LoRA (Hu et al. 2021): W + scale B A, scale = alpha / rank, or alpha / sqrt(rank) (rsLoRA, Kalajdzievski 2023)."""
    scale = settings["alpha"] / (settings["rank"] ** 0.5 if settings.get("rslora") else settings["rank"])
    merged = dict(weights)
    for name in [name for name in adapter if ".lora_A." in name]:
        target = name.removeprefix("base_model.model.").replace(".lora_A", "")
        change = scale * adapter[name.replace(".lora_A", ".lora_B")] @ adapter[name]
        merged[target] = weights[target] + (change.T if getattr(family, "STORED_IN_OUT", False) else change)
    return merged


def mean_loss(logits, ids):
    """The mean over all rows and positions t of -log p(ids[t + 1])."""
    return -logits.log_softmax(-1)[:, :-1].gather(2, ids[:, 1:, None]).mean()


def encoded(tensor):
    return base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()


def expected(family, config, weights, settings, chance):
    ids = torch.tensor(chance.randint(0, config["vocab_size"], (BATCH, LENGTH)))
    adapter = random_adapter(family, weights, settings, chance)
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in adapter.items()}
    adapted = family.logits(config, with_adapter(family, weights, leaves, settings), ids)
    loss = mean_loss(adapted, ids)
    loss.backward()
    logits = family.logits(config, weights, ids)
    print(f"  logits {logits.std():.2f}, adapted {adapted.std():.2f}, loss {loss:.3f}")
    return {
        "madeBy": f"scripts/golden/families/make.py with PyTorch {torch.__version__} in float64",
        "ids": ids.tolist(),
        "logits_f32": encoded(logits),
        "loss": "mean over all positions t of -log p(ids[t+1])",
        "lora": {
            **settings,
            "parameters": {name: encoded(tensor) for name, tensor in adapter.items()},
            "logits_f32": encoded(adapted),
            "loss": loss.item(),
            "gradients": {name: encoded(leaf.grad) for name, leaf in leaves.items()},
        },
    }


def published_names(weights, extra):
    """GPT-2 as published: names without the prefix, and a mask among the weights."""
    renamed = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    bare = any(name.startswith("h.") for name in extra)
    return (renamed if bare else weights) | {name: torch.ones(shape) for name, shape in extra.items()}


def make(name, family, config, stored, shards, extra, lora):
    chance = np.random.RandomState(zlib.crc32(name.encode()))
    print(name)
    weights = random_weights(family, config, chance)
    weights = {name: checkpoint_file.as_stored(tensor, stored) for name, tensor in weights.items()}
    folder = TARGET / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    checkpoint_file.write(folder, published_names(weights, extra), stored, shards)
    document = expected(family, config, weights, lora, chance)
    (folder / "expected.json").write_text(json.dumps(document, indent=1) + "\n")
    print(f"  {sum(file.stat().st_size for file in folder.iterdir())} bytes")


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        make(name, **CASES[name])
