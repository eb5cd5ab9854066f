"""Rollouts in PyTorch as a child of the bench: a line of JSON when ready, then one for each line `go`.

Arguments: SIZES (JSON) BATCH PROMPT NEW SAMPLED(0|1) THREADS. A Llama decoder with a cache written in place.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

sizes = json.loads(sys.argv[1])
batch, prompt, new, sampled, threads = map(int, sys.argv[2:7])
torch.set_num_threads(threads)
torch.manual_seed(7)
hidden, heads, groups = sizes["hidden"], sizes["heads"], sizes["groups"]
head_size = hidden // heads
length = prompt + new


def matrix(outputs, inputs):
    return torch.randn(outputs, inputs) * 0.02


embedding = matrix(sizes["vocabulary"], hidden)
layers = [
    {
        "norm1": torch.ones(hidden),
        "norm2": torch.ones(hidden),
        "qkv": matrix((heads + 2 * groups) * head_size, hidden),
        "o": matrix(hidden, heads * head_size),
        "gate_up": matrix(2 * sizes["inner"], hidden),
        "down": matrix(hidden, sizes["inner"]),
    }
    for _ in range(sizes["layers"])
]
final_norm = torch.ones(hidden)
angles = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(0, head_size, 2) / head_size))
cosine, sine = angles.cos(), angles.sin()


def norm(x, weight):
    return F.rms_norm(x, (hidden,), weight, 1e-5)


def rotate(x, start):
    c, s = cosine[start : start + x.shape[2]], sine[start : start + x.shape[2]]
    a, b = x.chunk(2, -1)
    return torch.cat([a * c - b * s, b * c + a * s], -1)


@torch.inference_mode()
def forward(ids, caches, start):
    tokens = ids.shape[1]
    end = start + tokens
    x = F.embedding(ids, embedding)
    for layer, (keys, values) in zip(layers, caches):
        qkv = F.linear(norm(x, layer["norm1"]), layer["qkv"])
        qkv = qkv.view(batch, tokens, heads + 2 * groups, head_size).transpose(1, 2)
        q, k, v = qkv.split([heads, groups, groups], 1)
        keys[:, :, start:end] = rotate(k, start)
        values[:, :, start:end] = v
        mixed = F.scaled_dot_product_attention(
            rotate(q, start), keys[:, :, :end], values[:, :, :end], is_causal=tokens > 1, enable_gqa=True
        )
        x = x + F.linear(mixed.transpose(1, 2).reshape(batch, tokens, -1), layer["o"])
        gate, up = F.linear(norm(x, layer["norm2"]), layer["gate_up"]).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, layer["down"])
    return F.linear(norm(x[:, -1], final_norm), embedding)


@torch.inference_mode()
def generate():
    shape = (batch, groups, length, head_size)
    caches = [(torch.zeros(shape), torch.zeros(shape)) for _ in layers]
    logits = forward(torch.randint(0, sizes["vocabulary"], (batch, prompt)), caches, 0)
    for place in range(prompt, length):
        token = torch.multinomial(logits.softmax(-1), 1) if sampled else logits.argmax(-1, keepdim=True)
        if place + 1 < length:
            logits = forward(token, caches, place)


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    if line.strip() != "go":
        break
    start = time.perf_counter()
    generate()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1000}), flush=True)
