"""Prints for each file what digest() of support.ts must give: PYTHON digest.py FILE..."""
import hashlib
import sys

import safetensors.torch
import torch


def walk(value, prefix, found):
    if isinstance(value, torch.Tensor):
        found[prefix] = value
    elif isinstance(value, dict):
        for key, inner in value.items():
            walk(inner, f"{prefix}.{key}" if prefix else str(key), found)
    elif isinstance(value, (list, tuple)):
        for key, inner in enumerate(value):
            walk(inner, f"{prefix}.{key}" if prefix else str(key), found)


for path in sys.argv[1:]:
    found = {}
    if path.endswith(".safetensors"):
        found = safetensors.torch.load_file(path)
    else:
        try:
            module = torch.jit.load(path, map_location="cpu")
            found = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        except RuntimeError:
            walk(torch.load(path, map_location="cpu", weights_only=True), "", found)
    digest = hashlib.sha256()
    for name in sorted(found):
        tensor = found[name].detach().contiguous()
        digest.update(f"{name}|{','.join(map(str, tensor.shape))}|".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    elements = sum(tensor.numel() for tensor in found.values())
    print(path, len(found), elements, digest.hexdigest()[:16])
