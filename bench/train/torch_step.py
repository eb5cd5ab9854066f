"""One PPO step in PyTorch (eager), as a child of bench/train.ts: the same tensors are trained with the same terms of the
loss; a line of JSON when it is ready, then one for each line `go`. Arguments: SIZE (JSON) BATCH LENGTH THREADS.
Random weights and data: only time and memory are compared."""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

size = json.loads(sys.argv[1])
batch, length, threads = map(int, sys.argv[2:5])
torch.set_num_threads(threads)
torch.manual_seed(0)
vocabulary, hidden, inner = size["vocabulary"], size["hidden"], size["inner"]
layers, heads, groups = size["layers"], size["heads"], size["groups"]
full = size["kind"] == "full"
head = hidden // heads
rank, scale, deviation = 16, 2.0, 0.02
trained = []


def weight(*shape, train=full):
    made = torch.randn(*shape) * deviation
    if train:
        made.requires_grad_(True)
        trained.append(made)
    return made


def ones():
    made = torch.ones(hidden)
    if full:
        made.requires_grad_(True)
        trained.append(made)
    return made


class Linear:
    """x·Wᵀ, with an adapter when the model is frozen."""

    def __init__(self, outputs, inputs):
        self.weight = weight(outputs, inputs)
        self.low = None if full else (weight(rank, inputs, train=True), weight(outputs, rank, train=True))

    def __call__(self, x):
        y = F.linear(x, self.weight)
        return y if self.low is None else y + F.linear(F.linear(x, self.low[0]), self.low[1]) * scale


class Layer:
    def __init__(self):
        self.before, self.after = ones(), ones()
        self.q, self.o = Linear(heads * head, hidden), Linear(hidden, heads * head)
        self.k, self.v = Linear(groups * head, hidden), Linear(groups * head, hidden)
        self.gate, self.up, self.down = Linear(inner, hidden), Linear(inner, hidden), Linear(hidden, inner)

    def __call__(self, x, cosine, sine):
        normed = F.rms_norm(x, (hidden,), self.before, 1e-5)

        def split(y, count):
            return y.view(batch, length, count, head).transpose(1, 2)

        def rotate(y):
            half = head // 2
            return y * cosine + torch.cat([-y[..., half:], y[..., :half]], -1) * sine

        query, key = rotate(split(self.q(normed), heads)), rotate(split(self.k(normed), groups))
        mixed = F.scaled_dot_product_attention(
            query, key, split(self.v(normed), groups), is_causal=True, enable_gqa=heads != groups
        )
        x = x + self.o(mixed.transpose(1, 2).reshape(batch, length, heads * head))
        normed = F.rms_norm(x, (hidden,), self.after, 1e-5)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))


embedding = weight(vocabulary, hidden)
stack = [Layer() for _ in range(layers)]
final = ones()
value_weight, value_bias = weight(1, hidden, train=True), weight(1, train=True)
angles = torch.arange(length)[:, None] * torch.pow(10000.0, -torch.arange(0, head, 2) / head)[None]
cosine, sine = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)

ids = torch.randint(0, vocabulary, (batch, length))
labels = torch.randint(0, vocabulary, (batch, length, 1))
mask = torch.zeros(batch, length)
mask[:, int(0.37 * length) : int(0.9 * length)] = 1
old = torch.full((batch, length), -math.log(vocabulary))
advantages, returns = torch.rand(batch, length) * 2 - 1, torch.rand(batch, length) - 0.5
old_values = (torch.rand(batch, length) - 0.5) * 0.5
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01, fused=True)


def loss():
    x = F.embedding(ids, embedding)
    for layer in stack:
        x = layer(x, cosine, sine)
    x = F.rms_norm(x, (hidden,), final, 1e-5)
    log_probs = F.log_softmax(x @ embedding.T, -1).gather(-1, labels)[..., 0]
    values = F.linear(x.detach(), value_weight, value_bias)[..., 0]
    count = mask.sum()
    ratio = ((log_probs - old) * mask).exp()
    policy = -(torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages) * mask).sum() / count
    bounded = old_values + (values - old_values).clamp(-0.2, 0.2)
    value = (torch.maximum((values - returns) ** 2, (bounded - returns) ** 2) * mask).sum() / count / 2
    return policy + 0.5 * value


print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    if line.strip() != "go":
        break
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    result = loss()
    result.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    elapsed = (time.perf_counter() - start) * 1000
    print(json.dumps({"ms": elapsed, "loss": result.item()}), flush=True)
