"""Qwen3 (Yang et al. 2025): Llama with an RMSNorm over each head's queries and keys before they are turned."""

import llama
from parts import rms_norm
from qwen2 import window

MODULES = llama.MODULES


def shapes(config):
    found = {}
    for name, shape in llama.shapes(config).items():
        found[name] = shape
        if name.endswith("self_attn.o_proj.weight"):
            for norm in ("q_norm", "k_norm"):
                found[name.replace("o_proj", norm)] = (config["head_dim"],)
    return found


def logits(config, weights, ids):
    norm_heads = lambda name, x: rms_norm(x, weights[f"{name}.weight"], config["rms_norm_eps"])
    return llama.logits(config, weights, ids, lambda layer: window(config, layer), norm_heads)
