"""Prints for each file what digest() of support.ts must give: PYTHON digest.py FILE..."""
import hashlib
import sys

import numpy
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


def ncnn(path):
    """Reads the .bin along the layers of the .param, as ncnn's ModelBin does."""
    data = open(path.removesuffix(".param") + ".bin", "rb").read()
    at = 0

    def take(shape, tagged=False):
        nonlocal at
        tag = int.from_bytes(data[at : at + 4], "little") if tagged else 0
        at += 4 if tagged else 0
        kind = {0: "<f4", 0x01306B47: "<f2"}[tag]
        count = int(numpy.prod(shape))
        values = numpy.frombuffer(data, kind, count, at).reshape(shape)
        at += -(-values.nbytes // 4) * 4
        return torch.from_numpy(values.copy())

    for line in open(path).read().splitlines()[2:]:
        words = line.split()
        name, skip = words[1], 4 + int(words[2]) + int(words[3])
        setting = {int(k): float(v) for k, v in (w.split("=") for w in words[skip:]) if int(k) >= 0}
        if words[0] in ("Convolution", "Deconvolution", "InnerProduct"):
            dense = words[0] == "InnerProduct"
            out, size = int(setting[0]), 1 if dense else int(setting[1])
            count = int(setting[2 if dense else 6])
            yield f"{name}.weight", take((out, count // out) if dense else (out, count // out // size**2, size, size), True)
            if setting.get(1 if dense else 5):
                yield f"{name}.bias", take((out,))
        elif words[0] == "PReLU":
            yield f"{name}.slope", take((int(setting[0]),))
        elif words[0] == "MemoryData":
            yield f"{name}.data", take([int(setting[key]) for key in (2, 1, 0) if setting.get(key)])
    assert at == len(data)


for path in sys.argv[1:]:
    found = {}
    if path.endswith(".param"):
        found = dict(ncnn(path))
    elif path.endswith(".safetensors"):
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
