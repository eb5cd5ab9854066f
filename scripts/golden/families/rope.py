"""Rotary positions (Su et al. 2021) as Hugging Face configurations describe them, in both spellings.

Up to Transformers 4 `rope_theta` stands at the top and the scaling in `rope_scaling` (whose kind is called `type` or
`rope_type`); from 5 on everything stands in `rope_parameters`, by kind of layer where the kinds differ.
"""

import math

import torch


def parameters(config, kind=None):
    """The fields of either spelling as one dictionary; `kind` picks a kind of layer where they are told apart."""
    found = config.get("rope_parameters") or {}
    if kind in found:
        found = found[kind]
    scaling = config.get("rope_scaling") or {}
    top = {key: config[key] for key in ("rope_theta", "partial_rotary_factor") if key in config}
    merged = {"rope_theta": 10000.0, "partial_rotary_factor": 1.0, **top, **scaling, **found}
    merged["rope_type"] = merged.get("rope_type", merged.get("type", "default"))
    return merged


def frequencies(rope, size):
    """Radians per token of each turned pair, [turned / 2]: theta^(-2i / turned), then scaled."""
    turned = int(size * rope["partial_rotary_factor"])
    plain = rope["rope_theta"] ** (-torch.arange(0, turned, 2) / turned)
    if rope["rope_type"] == "default":
        return plain
    if rope["rope_type"] == "linear":  # positions are divided by the factor
        return plain / rope["factor"]
    if rope["rope_type"] == "llama3":
        return torch.stack([llama3(frequency, rope) for frequency in plain])
    raise ValueError(rope["rope_type"])


def llama3(frequency, rope):
    """Short waves stay, long waves are stretched by the factor, and between the two bounds it is blended."""
    wave = 2 * math.pi / frequency
    original = rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    if wave < original / high:
        return frequency
    if wave > original / low:
        return frequency / rope["factor"]
    share = (original / wave - low) / (high - low)
    return (1 - share) * frequency / rope["factor"] + share * frequency


def rotate(x, frequency):
    """x [B, heads, T, size]: pair i is (x[i], x[i + n]) with n = len(frequency); what is past 2n stays."""
    n = len(frequency)
    angle = torch.arange(x.shape[2])[:, None] * frequency[None, :]
    a, b, rest = x[..., :n], x[..., n : 2 * n], x[..., 2 * n :]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin(), rest], -1)
