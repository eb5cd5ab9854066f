"""GPT-NeoX (Black et al. 2022) and Pythia.

One matrix gives q, k and v, head by head: the rows of head h are its q, then its k, then its v. Only the first part
of each head is turned. Both halves of a layer read the same x where `use_parallel_residual` is true.
"""

import rope
from parts import ACTIVATIONS, attend, layer_norm, project

MODULES = ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"]


def shapes(config):
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    found = {"gpt_neox.embed_in.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"gpt_neox.layers.{layer}."
        found |= biased(f"{prefix}input_layernorm", (hidden,))
        found |= biased(f"{prefix}post_attention_layernorm", (hidden,))
        with_bias = config.get("attention_bias", True)
        found |= biased(f"{prefix}attention.query_key_value", (3 * hidden, hidden), with_bias)
        found |= biased(f"{prefix}attention.dense", (hidden, hidden), with_bias)
        found |= biased(f"{prefix}mlp.dense_h_to_4h", (inner, hidden))
        found |= biased(f"{prefix}mlp.dense_4h_to_h", (hidden, inner))
    found |= biased("gpt_neox.final_layer_norm", (hidden,))
    if not config.get("tie_word_embeddings", False):
        found["embed_out.weight"] = (vocabulary, hidden)
    return found


def biased(module, shape, with_bias=True):
    return {f"{module}.weight": shape} | ({f"{module}.bias": shape[:1]} if with_bias else {})


def rope_parameters(config):
    """`rotary_pct` and `rotary_emb_base` are NeoX's own, older names."""
    old = {"rotary_pct": "partial_rotary_factor", "rotary_emb_base": "rope_theta"}
    renamed = {new: config[name] for name, new in old.items() if name in config}
    return rope.parameters({"partial_rotary_factor": 0.25, **config, **renamed})


def attention(config, weights, prefix, x):
    heads, size = config["num_attention_heads"], config["hidden_size"] // config["num_attention_heads"]
    frequency = rope.frequencies(rope_parameters(config), size)
    joined = project(weights, f"{prefix}query_key_value", x).view(*x.shape[:2], heads, 3, size)
    q, k, v = (joined[:, :, :, part].transpose(1, 2) for part in range(3))
    mixed = attend(rope.rotate(q, frequency), rope.rotate(k, frequency), v, size**-0.5)
    return project(weights, f"{prefix}dense", mixed)


def feed_forward(config, weights, prefix, x):
    inner = ACTIVATIONS[config["hidden_act"]](project(weights, f"{prefix}dense_h_to_4h", x))
    return project(weights, f"{prefix}dense_4h_to_h", inner)


def logits(config, weights, ids):
    norm = lambda module, x: layer_norm(weights, module, x, config["layer_norm_eps"])
    x = weights["gpt_neox.embed_in.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"gpt_neox.layers.{layer}."
        mixed = x + attention(config, weights, f"{prefix}attention.", norm(f"{prefix}input_layernorm", x))
        read = x if config.get("use_parallel_residual", True) else mixed
        x = mixed + feed_forward(config, weights, f"{prefix}mlp.", norm(f"{prefix}post_attention_layernorm", read))
    head = weights.get("embed_out.weight", weights["gpt_neox.embed_in.weight"])
    return norm("gpt_neox.final_layer_norm", x) @ head.T
