"""Qwen2 and Qwen2.5 (Yang et al. 2024): Llama's layout with biases on q, k and v.

`sliding_window` counts only where `use_sliding_window` is true, and then from layer `max_window_layers` on, unless
`layer_types` says it layer by layer.
"""

import llama

MODULES = llama.MODULES


def shapes(config):
    return llama.shapes(config, with_bias=lambda _: ["q_proj", "k_proj", "v_proj"])


def window(config, layer):
    if not config.get("use_sliding_window", False):
        return None
    late = layer >= config.get("max_window_layers", 28)
    kind = config["layer_types"][layer] if "layer_types" in config else "sliding_attention" if late else ""
    return config["sliding_window"] if kind == "sliding_attention" else None


def logits(config, weights, ids):
    return llama.logits(config, weights, ids, window=lambda layer: window(config, layer))
