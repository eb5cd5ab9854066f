"""Mistral 7B (Jiang et al. 2023): Llama's layout, and every layer sees only the last `sliding_window` tokens."""

import llama

MODULES = llama.MODULES
shapes = llama.shapes


def logits(config, weights, ids):
    return llama.logits(config, weights, ids, window=lambda layer: config.get("sliding_window"))
