"""GPT-2 (Radford et al. 2019). Its matrices are stored [in, out] (Conv1D); q, k and v come out of one of them.

The published checkpoint's names lack the prefix `transformer.`; one saved from the language model has it. An adapter's
names have it in either case, for PEFT wraps the language model.
"""

import torch

from parts import ACTIVATIONS, attend, layer_norm, split_heads

MODULES = ["c_attn", "c_proj", "c_fc"]
STORED_IN_OUT = True


def shapes(config):
    hidden, inner = config["n_embd"], config.get("n_inner") or 4 * config["n_embd"]
    found = {"transformer.wte.weight": (config["vocab_size"], hidden)}
    found["transformer.wpe.weight"] = (config["n_positions"], hidden)
    matrices = {
        "attn.c_attn": (hidden, 3 * hidden),
        "attn.c_proj": (hidden, hidden),
        "mlp.c_fc": (hidden, inner),
        "mlp.c_proj": (inner, hidden),
    }
    for layer in range(config["n_layer"]):
        prefix = f"transformer.h.{layer}."
        found |= norm_shapes(f"{prefix}ln_1", hidden) | norm_shapes(f"{prefix}ln_2", hidden)
        for module, shape in matrices.items():
            found[f"{prefix}{module}.weight"], found[f"{prefix}{module}.bias"] = shape, shape[1:]
    found |= norm_shapes("transformer.ln_f", hidden)
    if not config.get("tie_word_embeddings", True):
        found["lm_head.weight"] = (config["vocab_size"], hidden)
    return found


def norm_shapes(module, hidden):
    return {f"{module}.weight": (hidden,), f"{module}.bias": (hidden,)}


def logits(config, weights, ids):
    conv = lambda module, x: x @ weights[f"{module}.weight"] + weights[f"{module}.bias"]
    norm = lambda module, x: layer_norm(weights, module, x, config["layer_norm_epsilon"])
    activate = ACTIVATIONS[config["activation_function"]]
    heads, size = config["n_head"], config["n_embd"] // config["n_head"]
    x = weights["transformer.wte.weight"][ids] + weights["transformer.wpe.weight"][torch.arange(ids.shape[1])]
    for layer in range(config["n_layer"]):
        prefix = f"transformer.h.{layer}."
        scale = size**-0.5
        if config.get("scale_attn_by_inverse_layer_idx", False):
            scale /= layer + 1
        q, k, v = conv(f"{prefix}attn.c_attn", norm(f"{prefix}ln_1", x)).chunk(3, -1)
        mixed = attend(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads), scale)
        x = x + conv(f"{prefix}attn.c_proj", mixed)
        x = x + conv(f"{prefix}mlp.c_proj", activate(conv(f"{prefix}mlp.c_fc", norm(f"{prefix}ln_2", x))))
    return norm("transformer.ln_f", x) @ weights.get("lm_head.weight", weights["transformer.wte.weight"]).T
