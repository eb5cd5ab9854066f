"""Llama 1 to 3.2 (Touvron et al. 2023, Grattafiori et al. 2024), and SmolLM, which has the same layout.

Mistral, Qwen2 and Qwen3 differ in few places; they hand in `window` and `norm_heads`.
"""

import rope
from parts import ACTIVATIONS, attend, project, rms_norm, split_heads

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def sizes(config):
    heads = config["num_attention_heads"]
    groups = config.get("num_key_value_heads") or heads
    size = config.get("head_dim") or config["hidden_size"] // heads
    return heads, groups, size


def biased(config):
    """Names of the layer's matrices that have a bias."""
    attention = MODULES[:4] if config.get("attention_bias", False) else []
    return attention + (MODULES[4:] if config.get("mlp_bias", False) else [])


def shapes(config, with_bias=biased):
    """Name -> shape of every tensor of the checkpoint."""
    heads, groups, size = sizes(config)
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    found = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        matrices = {
            "self_attn.q_proj": (heads * size, hidden),
            "self_attn.k_proj": (groups * size, hidden),
            "self_attn.v_proj": (groups * size, hidden),
            "self_attn.o_proj": (hidden, heads * size),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
        }
        prefix = f"model.layers.{layer}."
        found[f"{prefix}input_layernorm.weight"] = (hidden,)
        for module, shape in matrices.items():
            found[f"{prefix}{module}.weight"] = shape
            if module.split(".")[-1] in with_bias(config):
                found[f"{prefix}{module}.bias"] = shape[:1]
        found[f"{prefix}post_attention_layernorm.weight"] = (hidden,)
    found["model.norm.weight"] = (hidden,)
    if not config.get("tie_word_embeddings", False):
        found["lm_head.weight"] = (vocabulary, hidden)
    return found


def attention(config, weights, prefix, x, window, norm_heads):
    heads, groups, size = sizes(config)
    frequency = rope.frequencies(rope.parameters(config), size)
    q = norm_heads(f"{prefix}q_norm", split_heads(project(weights, f"{prefix}q_proj", x), heads))
    k = norm_heads(f"{prefix}k_norm", split_heads(project(weights, f"{prefix}k_proj", x), groups))
    v = split_heads(project(weights, f"{prefix}v_proj", x), groups)
    mixed = attend(rope.rotate(q, frequency), rope.rotate(k, frequency), v, size**-0.5, window)
    return project(weights, f"{prefix}o_proj", mixed)


def feed_forward(config, weights, prefix, x):
    """SwiGLU (Shazeer 2020)."""
    gate = ACTIVATIONS[config["hidden_act"]](project(weights, f"{prefix}gate_proj", x))
    return project(weights, f"{prefix}down_proj", gate * project(weights, f"{prefix}up_proj", x))


def logits(config, weights, ids, window=lambda layer: None, norm_heads=lambda name, x: x):
    """ids [B, T] -> [B, T, vocabulary]"""
    norm = lambda name, x: rms_norm(x, weights[f"{name}.weight"], config["rms_norm_eps"])
    x = weights["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        seen = norm(f"{prefix}input_layernorm", x)
        x = x + attention(config, weights, f"{prefix}self_attn.", seen, window(layer), norm_heads)
        x = x + feed_forward(config, weights, f"{prefix}mlp.", norm(f"{prefix}post_attention_layernorm", x))
    head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    return norm("model.norm", x) @ head.T
