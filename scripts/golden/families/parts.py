"""What several architectures share: norms, attention, projections. Everything is float64; x is [B, T, hidden]."""

import torch

ACTIVATIONS = {
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,  # with the error function
    "gelu_new": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
}


def project(weights, module, x):
    """A linear layer whose matrix is stored [out, in]; the bias is added where the checkpoint has one."""
    y = x @ weights[f"{module}.weight"].T
    return y + weights[f"{module}.bias"] if f"{module}.bias" in weights else y


def rms_norm(x, weight, epsilon):
    """Zhang and Sennrich 2019, equation 4, over the last axis."""
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


def layer_norm(weights, module, x, epsilon):
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + epsilon)
    return scaled * weights[f"{module}.weight"] + weights[f"{module}.bias"]


def split_heads(x, heads):
    """[B, T, heads * size] -> [B, heads, T, size]"""
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def attend(q, k, v, scale, window=None):
    """q [B, heads, T, size], k and v [B, groups, T, size] -> [B, T, heads * size].

    Position t sees itself and what stands before it, with a window of W only the last W of these.
    """
    repeat = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
    steps = torch.arange(q.shape[2])
    distance = steps[:, None] - steps[None, :]
    hidden = distance < 0 if window is None else (distance < 0) | (distance >= window)
    scores = (q @ k.transpose(2, 3) * scale).masked_fill(hidden, float("-inf"))
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
