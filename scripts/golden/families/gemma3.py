"""The text part of Gemma 3 (Gemma team 2025).

RMSNorms multiply by 1 + w and stand before and after both halves of a layer; queries and keys are normed by head; most
layers see a short window and turn with a base of their own. The embeddings are multiplied by the square root of the
hidden size, rounded to the number format that the configuration names.
"""

import torch

import rope
from llama import sizes
from parts import ACTIVATIONS, attend, project, rms_norm, split_heads

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
NORM_WEIGHT_AROUND = 0.0


def shapes(config):
    heads, groups, size = sizes(config)
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    found = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        named = {
            "input_layernorm": (hidden,),
            "self_attn.q_proj": (heads * size, hidden),
            "self_attn.k_proj": (groups * size, hidden),
            "self_attn.v_proj": (groups * size, hidden),
            "self_attn.o_proj": (hidden, heads * size),
            "self_attn.q_norm": (size,),
            "self_attn.k_norm": (size,),
            "post_attention_layernorm": (hidden,),
            "pre_feedforward_layernorm": (hidden,),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
            "post_feedforward_layernorm": (hidden,),
        }
        found |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in named.items()}
    found["model.norm.weight"] = (hidden,)
    if not config.get("tie_word_embeddings", True):
        found["lm_head.weight"] = (vocabulary, hidden)
    return found


def is_sliding(config, layer):
    """`layer_types` says it layer by layer; before it every `sliding_window_pattern`-th layer was a full one."""
    if "layer_types" in config:
        return config["layer_types"][layer] == "sliding_attention"
    return (layer + 1) % config["sliding_window_pattern"] != 0


def frequencies(config, sliding, size):
    parameters = rope.parameters(config, "sliding_attention" if sliding else "full_attention")
    if sliding and "rope_local_base_freq" in config:  # what is scaled is the full layers only
        parameters = rope.parameters({"rope_theta": config["rope_local_base_freq"]})
    return rope.frequencies(parameters, size)


def embedding_scale(config):
    dtype = getattr(torch, config.get("dtype") or config.get("torch_dtype") or "float32")
    return torch.tensor(config["hidden_size"] ** 0.5, dtype=dtype).double()


def logits(config, weights, ids):
    heads, groups, size = sizes(config)
    activate = ACTIVATIONS[config["hidden_activation"]]
    norm = lambda name, x: rms_norm(x, 1 + weights[f"{name}.weight"], config["rms_norm_eps"])

    def attention(prefix, x, sliding):
        frequency = frequencies(config, sliding, size)
        q = norm(f"{prefix}q_norm", split_heads(project(weights, f"{prefix}q_proj", x), heads))
        k = norm(f"{prefix}k_norm", split_heads(project(weights, f"{prefix}k_proj", x), groups))
        v = split_heads(project(weights, f"{prefix}v_proj", x), groups)
        q, k = rope.rotate(q, frequency), rope.rotate(k, frequency)
        window = config["sliding_window"] if sliding else None
        return project(weights, f"{prefix}o_proj", attend(q, k, v, config["query_pre_attn_scalar"] ** -0.5, window))

    def feed_forward(prefix, x):
        gate = activate(project(weights, f"{prefix}gate_proj", x))
        return project(weights, f"{prefix}down_proj", gate * project(weights, f"{prefix}up_proj", x))

    x = weights["model.embed_tokens.weight"][ids] * embedding_scale(config)
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        mixed = attention(f"{prefix}self_attn.", norm(f"{prefix}input_layernorm", x), is_sliding(config, layer))
        x = x + norm(f"{prefix}post_attention_layernorm", mixed)
        inner = feed_forward(f"{prefix}mlp.", norm(f"{prefix}pre_feedforward_layernorm", x))
        x = x + norm(f"{prefix}post_feedforward_layernorm", inner)
    head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    return capped(norm("model.norm", x) @ head.T, config.get("final_logit_softcapping"))


def capped(x, most):
    """Kept within plus and minus `most` (Gemma 2), where the configuration asks for it."""
    return x if most is None else most * torch.tanh(x / most)
