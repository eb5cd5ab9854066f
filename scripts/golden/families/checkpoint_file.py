"""Writes checkpoints: a header of 8 bytes with its length, the header as JSON, the tensors one behind the other."""

import json
from pathlib import Path

import torch

FORMATS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def as_stored(tensor, stored):
    """Rounded to what the file can hold, as float64."""
    return tensor.to(FORMATS[stored]).double()


def contents(tensors, stored):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.to(FORMATS[stored]).contiguous().view(torch.uint8).flatten().tolist())
        header[name] = {"dtype": stored, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def write(folder: Path, tensors, stored, shards):
    if shards == 1:
        (folder / "model.safetensors").write_bytes(contents(tensors, stored))
        return
    names = list(tensors)
    files, size = {}, sum(tensor.numel() * FORMATS[stored].itemsize for tensor in tensors.values())
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[len(names) * shard // shards : len(names) * (shard + 1) // shards]
        (folder / file).write_bytes(contents({name: tensors[name] for name in part}, stored))
        files |= {name: file for name in part}
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(files.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
