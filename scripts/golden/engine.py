"""Makes tests/golden/engine.json: what PyTorch says, in float64, of the engine's forward pass, losses and gradients.

Run it in a virtual environment outside the repository, on any machine with PyTorch and NumPy:

    python -m venv /tmp/golden && /tmp/golden/bin/pip install torch numpy
    /tmp/golden/bin/python scripts/golden/engine.py

Nothing here is shared with the engine: the model is written from the Llama architecture, the losses from their papers,
and the gradients come from PyTorch's automatic differentiation. Running the tests needs none of this.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)

VOCABULARY, HIDDEN, INTERMEDIATE, LAYERS, HEADS, GROUPS, SIZE = 11, 8, 10, 2, 4, 2, 6
BATCH, LENGTH, RANK, ALPHA = 3, 9, 3, 6.0
EPSILON, THETA = 1e-5, 10000.0
TEMPERATURE = 0.8
SETTINGS = dict(clip=0.2, valueClip=0.2, policyCoefficient=0.9, valueCoefficient=0.4, klCoefficient=0.3)
OPTIMIZER = dict(learningRate=1e-3, weightDecay=0.1, gradientClip=0.5)
STEPS = 8
MODULES = {
    "self_attn.q_proj": (HEADS * SIZE, HIDDEN),
    "self_attn.k_proj": (GROUPS * SIZE, HIDDEN),
    "self_attn.v_proj": (GROUPS * SIZE, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HEADS * SIZE),
    "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
    "mlp.up_proj": (INTERMEDIATE, HIDDEN),
    "mlp.down_proj": (HIDDEN, INTERMEDIATE),
}

chance = np.random.RandomState(20)


def single(*shape, scale=1.0, around=0.0):
    """Random numbers that float32 holds exactly, so that both sides start from the same values."""
    return torch.tensor((around + scale * chance.randn(*shape)).astype(np.float32).astype(np.float64))


def checkpoint(tied):
    tensors = {"model.embed_tokens.weight": single(VOCABULARY, HIDDEN, scale=0.4)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        tensors[prefix + "input_layernorm.weight"] = single(HIDDEN, scale=0.4, around=1.0)
        for module, shape in MODULES.items():
            tensors[f"{prefix}{module}.weight"] = single(*shape, scale=0.4)
        tensors[prefix + "post_attention_layernorm.weight"] = single(HIDDEN, scale=0.4, around=1.0)
    tensors["model.norm.weight"] = single(HIDDEN, scale=0.4, around=1.0)
    if not tied:
        tensors["lm_head.weight"] = single(VOCABULARY, HIDDEN, scale=0.4)
    return tensors


def adapter():
    tensors = {}
    for layer in range(LAYERS):
        for module, (outputs, inputs) in MODULES.items():
            name = f"base_model.model.model.layers.{layer}.{module}.lora_"
            tensors[name + "A.weight"] = single(RANK, inputs, scale=0.3)
            tensors[name + "B.weight"] = single(outputs, RANK, scale=0.2)
    return tensors


def rms_norm(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON) * weight


def rotate(x):
    """x [B, heads, T, SIZE]; pair i is (x[i], x[i + SIZE / 2]), turned by t * THETA ** (-2 i / SIZE)."""
    half = SIZE // 2
    angle = torch.arange(x.shape[2])[:, None] * THETA ** (-2.0 * torch.arange(half) / SIZE)[None, :]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def hidden_states(weights, ids):
    """weights: name -> matrix, already merged with the adapter."""
    x = weights["model.embed_tokens.weight"][ids]
    future = torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1)
    for layer in range(LAYERS):
        w = lambda name: weights[f"model.layers.{layer}.{name}.weight"]
        n = rms_norm(x, w("input_layernorm"))
        heads = lambda module, count: (n @ w(module).T).view(BATCH, LENGTH, count, SIZE).transpose(1, 2)
        q, k = rotate(heads("self_attn.q_proj", HEADS)), rotate(heads("self_attn.k_proj", GROUPS))
        k = k.repeat_interleave(HEADS // GROUPS, 1)
        v = heads("self_attn.v_proj", GROUPS).repeat_interleave(HEADS // GROUPS, 1)
        scores = (q @ k.transpose(2, 3) / SIZE**0.5).masked_fill(future, float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(BATCH, LENGTH, HEADS * SIZE)
        x = x + mixed @ w("self_attn.o_proj").T
        n = rms_norm(x, w("post_attention_layernorm"))
        x = x + (torch.nn.functional.silu(n @ w("mlp.gate_proj").T) * (n @ w("mlp.up_proj").T)) @ w("mlp.down_proj").T
    return rms_norm(x, weights["model.norm.weight"])


def logits_of(weights, hidden):
    return hidden @ weights.get("lm_head.weight", weights["model.embed_tokens.weight"]).T


def merged(base, parameters, kind):
    if kind == "full":
        return parameters
    weights = dict(base)
    for name, a in parameters.items():
        if name.endswith(".lora_A.weight"):
            target = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
            weights[target] = base[target] + ALPHA / RANK * parameters[name.replace("lora_A", "lora_B")] @ a
    return weights


def forward(base, parameters, kind, ids):
    weights = merged(base, parameters, kind)
    hidden = hidden_states(weights, ids)
    policy = (logits_of(weights, hidden) / TEMPERATURE).log_softmax(-1)
    with torch.no_grad():
        reference = (logits_of(base, hidden_states(base, ids)) / TEMPERATURE).log_softmax(-1)
    pick = lambda table: table[:, :-1].gather(2, ids[:, 1:, None])[..., 0]
    kl = (policy.exp() * (policy - reference)).sum(-1)[:, :-1]
    return dict(hidden=hidden, policy=policy, logProb=pick(policy), referenceLogProb=pick(reference), kl=kl)


def loss_of(name, result, parameters, batch):
    """All per-token tensors are cut to [B, T - 1]: entry t belongs to the prediction of token t + 1."""
    cut = lambda key: batch[key][:, :-1]
    mask, lp = cut("mask"), result["logProb"]
    mean = lambda x: (x * mask).sum() / mask.sum()
    by_answer = lambda x: ((x * mask).sum(1) / mask.sum(1)).mean()
    limit = lambda x, span: x.clamp(1 - span, 1 + span)
    if name == "supervised":
        return -mean(lp)
    if name == "ppo":
        ratio = (lp - cut("oldLogProbs")).exp()
        advantage = cut("advantages")
        policy = -mean(torch.minimum(ratio * advantage, limit(ratio, SETTINGS["clip"]) * advantage))
        head = result["hidden"].detach() @ parameters["value_head.weight"].T + parameters["value_head.bias"]
        values, old, returns = head[:, :-1, 0], cut("oldValues"), cut("returns")
        bounded = old + (values - old).clamp(-SETTINGS["valueClip"], SETTINGS["valueClip"])
        value = 0.5 * mean(torch.maximum((values - returns) ** 2, (bounded - returns) ** 2))
        return (
            SETTINGS["policyCoefficient"] * policy
            + SETTINGS["valueCoefficient"] * value
            + SETTINGS["klCoefficient"] * mean(result["kl"])
        )
    weight = cut("weights")
    if name == "unlikelihood":
        wanted = weight.clamp(min=0) * lp
        unwanted = (-weight).clamp(min=0) * (1 + 1e-6 - lp.exp()).log()
        terms = -(wanted + unwanted)
    else:
        ratio = (lp - result["referenceLogProb"]).exp()
        terms = -torch.minimum(ratio * weight, limit(ratio, SETTINGS["clip"]) * weight)
    return by_answer(terms) + SETTINGS["klCoefficient"] * by_answer(result["kl"])


def adamw_steps(loss_at, parameters):
    """PyTorch's own optimiser: matrices decay, vectors do not; the value head is clipped by itself."""
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    groups = [
        {"params": [p for p in leaves.values() if p.dim() > 1], "weight_decay": OPTIMIZER["weightDecay"]},
        {"params": [p for p in leaves.values() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=OPTIMIZER["learningRate"], betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_at(leaves)
        loss.backward()
        losses.append(loss.item())
        for is_value in (False, True):
            part = [p for name, p in leaves.items() if name.startswith("value_head.") == is_value]
            if part:
                torch.nn.utils.clip_grad_norm_(part, OPTIMIZER["gradientClip"])
        optimizer.step()
    return losses, {name: tensor.detach() for name, tensor in leaves.items()}


def encoded(tensor, dtype):
    array = np.ascontiguousarray(tensor.detach().numpy().astype(dtype))
    return {"shape": list(array.shape), "base64": base64.b64encode(array.tobytes()).decode()}


def group(tensors, dtype):
    return {name: encoded(tensor, dtype) for name, tensor in tensors.items()}


def case(loss, kind, tied):
    base = checkpoint(tied)
    if kind == "full":
        parameters = {name: (t + single(*t.shape, scale=0.1)).float().double() for name, t in base.items()}
    else:
        parameters = adapter()
    if loss == "ppo":
        parameters["value_head.weight"] = single(1, HIDDEN, scale=0.3)
        parameters["value_head.bias"] = single(1, scale=0.3)
    ids = torch.tensor(chance.randint(0, VOCABULARY, (BATCH, LENGTH)))
    steps = torch.arange(LENGTH)
    ends = torch.tensor([LENGTH - 1, LENGTH - 2, LENGTH - 3])
    mask = ((steps[None] >= 2) & (steps[None] < ends[:, None])).double()
    with torch.no_grad():
        now = forward(base, parameters, kind, ids)
    padded = torch.nn.functional.pad(now["logProb"], (0, 1))
    batch = dict(
        mask=mask,
        oldLogProbs=(padded + 0.3 * single(BATCH, LENGTH)).float().double(),
        advantages=single(BATCH, LENGTH),
        returns=single(BATCH, LENGTH),
        oldValues=single(BATCH, LENGTH),
        weights=single(BATCH, LENGTH).repeat_interleave(3, 1)[:, :LENGTH],  # the same over spans of three tokens
    )
    loss_at = lambda leaves: loss_of(loss, forward(base, leaves, kind, ids), leaves, batch)
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    value = loss_at(leaves)
    value.backward()
    losses, after = adamw_steps(loss_at, parameters)
    return {
        "loss": loss,
        "kind": kind,
        "tied": tied,
        "model": group(base, "<f4"),
        "parameters": group(parameters, "<f4"),
        "ids": ids.tolist(),
        "batch": group(batch, "<f4"),
        "expected": {
            "logProbs": encoded(now["policy"], "<f8"),
            "loss": value.item(),
            "gradients": group({name: leaf.grad for name, leaf in leaves.items()}, "<f8"),
            "losses": losses,
            "after": group(after, "<f8"),
        },
    }


document = {
    "madeBy": f"scripts/golden/engine.py with PyTorch {torch.__version__} in float64",
    "config": {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": GROUPS,
        "head_dim": SIZE,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 32,
        "rms_norm_eps": EPSILON,
        "rope_theta": THETA,
    },
    "batch": BATCH,
    "length": LENGTH,
    "lora": {"rank": RANK, "alpha": ALPHA},
    "temperature": TEMPERATURE,
    "settings": SETTINGS,
    "optimizer": OPTIMIZER,
    "cases": [
        case("ppo", "full", True),
        case("ppo", "lora", False),
        case("unlikelihood", "full", False),
        case("unlikelihood", "lora", True),
        case("clipped", "lora", True),
        case("supervised", "full", True),
    ],
}
target = Path(__file__).resolve().parents[2] / "tests/golden/engine.json"
target.write_text(json.dumps(document, indent=1) + "\n")
print(f"{target}: {target.stat().st_size} bytes")
