"""Phi-3 (Abdin et al. 2024): Llama's mathematics with q, k, v in one matrix and gate, up in another.

Phi-4-mini turns only a part of each head (`partial_rotary_factor`).
"""

import rope
from llama import sizes
from parts import ACTIVATIONS, attend, project, rms_norm, split_heads

MODULES = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]


def shapes(config):
    heads, groups, size = sizes(config)
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    found = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        found[f"{prefix}input_layernorm.weight"] = (hidden,)
        found[f"{prefix}self_attn.qkv_proj.weight"] = ((heads + 2 * groups) * size, hidden)
        found[f"{prefix}self_attn.o_proj.weight"] = (hidden, heads * size)
        found[f"{prefix}post_attention_layernorm.weight"] = (hidden,)
        found[f"{prefix}mlp.gate_up_proj.weight"] = (2 * inner, hidden)
        found[f"{prefix}mlp.down_proj.weight"] = (hidden, inner)
    found["model.norm.weight"] = (hidden,)
    if not config.get("tie_word_embeddings", False):
        found["lm_head.weight"] = (vocabulary, hidden)
    return found


def attention(config, weights, prefix, x):
    heads, groups, size = sizes(config)
    frequency = rope.frequencies(rope.parameters(config), size)
    joined = project(weights, f"{prefix}qkv_proj", x).split([heads * size, groups * size, groups * size], -1)
    q, k, v = (split_heads(part, count) for part, count in zip(joined, (heads, groups, groups)))
    q, k = rope.rotate(q, frequency), rope.rotate(k, frequency)
    return project(weights, f"{prefix}o_proj", attend(q, k, v, size**-0.5, config.get("sliding_window")))


def feed_forward(config, weights, prefix, x):
    gate, up = project(weights, f"{prefix}gate_up_proj", x).chunk(2, -1)
    return project(weights, f"{prefix}down_proj", up * ACTIVATIONS[config["hidden_act"]](gate))


def logits(config, weights, ids):
    norm = lambda name, x: rms_norm(x, weights[f"{name}.weight"], config["rms_norm_eps"])
    x = weights["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        x = x + attention(config, weights, f"{prefix}self_attn.", norm(f"{prefix}input_layernorm", x))
        x = x + feed_forward(config, weights, f"{prefix}mlp.", norm(f"{prefix}post_attention_layernorm", x))
    head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    return norm("model.norm", x) @ head.T
