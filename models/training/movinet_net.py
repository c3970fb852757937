"""Streaming MoViNet as the product's builder reads it (app/core/engines/movinet): names and layout of the PyTorch port
(Atze00/MoViNet-pytorch), `2plus1d` convolutions, hard swish, the gate relu6(x + 3) * 0.16667.

    Movinet(config)(clip [B, T, 3, S, S] in 0..1)  -> logits [B, T, classes], embeddings [B, T, head]

All frames at once and causally: frame t sees nothing later, so the same numbers come frame by frame with the states handed on.
Frames are the batch of two-dimensional convolutions, time is a second, depthwise one: on a CPU far quicker than conv3d.

[Note: memory] Published streaming networks average from the first frame on. Here the mean forgets: with `memory` of m frames the count
stops at m, so mean <- mean + (new - mean) / (m + 1) from then on. Training does the same as the product, as one matrix over time.

    python movinet_net.py FIXTURE     -> largest difference from the fixture's logits (movinet-a0-stream-narrow)
"""

import json
import sys
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

K3, K5, FLAT = [3, 3, 3], [5, 3, 3], [1, 5, 5]
# Expansion, output and kernels of A0 (spec: published table); widths may be scaled.
A0 = [
    (8, [24], [FLAT], [2]),
    (32, [80, 80, 80], [K3, K3, K3], [2, 1, 1]),
    (56, [184, 112, 184], [K5, K3, K3], [2, 1, 1]),
    (56, [184, 184, 184, 184], [K5, K3, K3, K3], [1, 1, 1, 1]),
    (104, [384, 280, 280, 344], [K5, FLAT, FLAT, FLAT], [2, 1, 1, 1]),
]


def divisible(value: float) -> int:
    out = max(8, int(value + 4) // 8 * 8)
    return out + 8 if out < 0.9 * value else out


def a0_config(labels: list[str], *, width: float, size: int, rate: float, memory: float, head: int) -> dict:
    """The builder's configuration of an A0 whose widths are `width` times the published ones."""
    blocks = [
        {"out": divisible(out * width), "expand": [divisible(e * width) for e in expand], "kernels": kernels, "strides": [[1, s, s] for s in strides]}
        for out, expand, kernels, strides in A0
    ]
    return {
        "resolution": size,
        "classes": len(labels),
        "causal": True,
        "positional_encoding": False,
        "bn_eps": 1e-3,
        "stem": 8,
        "blocks": blocks,
        "project": divisible(480 * width),
        "head": head,
        "gate": "relu6",
        "activation": "sigmoid",
        "labels": labels,
        "size": size,
        "rate": rate,
        "memory": memory,
    }


def same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Padded as TensorFlow's SAME does: more after than before."""
    pads = []
    for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads) if any(pads) else x


def even(kernel: int, stride: int, side: int) -> int | None:
    """Padding alike on both sides that gives the same result, where there is one."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2 if total % 2 == 0 else None


class Conv(nn.Module):
    """`conv2d` and, if asked for, `norm`. kind: 'space' pads as SAME, 'time' is a causal depthwise one over [B, C, T, H * W]."""

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, *, groups: int = 1, bias: bool = False, norm: float | None = None, time: bool = False):
        super().__init__()
        self.kernel, self.stride, self.time = kernel, stride, time
        self.conv2d = nn.Conv2d(into, out, (kernel, 1) if time else kernel, stride, groups=groups, bias=bias)
        if norm is not None:
            self.norm = nn.BatchNorm2d(out, eps=norm, momentum=0.03)
            self.norm.num_batches_tracked = None

    def forward(self, x: Tensor, frames: int = 1) -> Tensor:
        if self.time:
            n, c, h, w = x.shape
            y = x.permute(0, 2, 3, 1).reshape(n // frames, frames, h * w, c).permute(0, 3, 1, 2)
            y = self.conv2d(F.pad(y, (0, 0, self.kernel - 1, 0)))
            x = y.permute(0, 2, 3, 1).reshape(n, h, w, c).permute(0, 3, 1, 2)
        elif self.kernel == 1:
            x = self.conv2d(x)
        else:
            pad = even(self.kernel, self.stride, x.shape[2]) if x.shape[2] == x.shape[3] else None
            if pad is None:
                x = self.conv2d(same(x, self.kernel, self.stride))
            else:
                x = F.conv2d(x, self.conv2d.weight, None, self.stride, pad, groups=self.conv2d.groups)
        return self.norm(x) if hasattr(self, "norm") else x


class Named(nn.Module):
    """The port's nesting: a layer is `conv_1`, and `conv_2` where time follows space."""

    def __init__(self, *layers: Conv):
        super().__init__()
        for k, layer in enumerate(layers):
            setattr(self, f"conv_{k + 1}", layer)


class Gate(nn.Module):
    """Squeeze and excite on [mean so far, mean of the frame]."""

    def __init__(self, width: int):
        super().__init__()
        hidden = divisible(0.5 * width)
        self.fc1, self.fc2 = Named(Conv(2 * width, hidden, 1, bias=True)), Named(Conv(hidden, width, 1, bias=True))

    def forward(self, x: Tensor, means: Tensor) -> Tensor:
        frames = means.shape[0]
        now = x.float().mean((2, 3))
        so_far = (means @ now.reshape(-1, frames, now.shape[1])).reshape(now.shape)
        p = torch.cat((so_far, now), 1)[..., None, None]
        g = self.fc2.conv_1(F.hardswish(self.fc1.conv_1(p)))
        return x * (F.relu6(g + 3) * 0.16667).to(x.dtype)


class Block(nn.Module):
    def __init__(self, into: int, expand: int, out: int, kernel: list[int], stride: int, eps: float):
        super().__init__()
        self.stride, self.plain = stride, into == out and stride == 1
        self.alpha = nn.Parameter(torch.tensor(0.2))
        self.expand = Named(Conv(into, expand, 1, norm=eps))
        layers = [Conv(expand, expand, kernel[1], stride, groups=expand, norm=eps)]
        if kernel[0] > 1:
            layers.append(Conv(expand, expand, kernel[0], groups=expand, norm=eps, time=True))
        self.deep, self.se = Named(*layers), Gate(expand)
        self.project = Named(Conv(expand, out, 1, norm=eps))
        if not self.plain:
            skip = Named(Conv(into, out, 1, norm=eps))
            self.res = nn.Sequential(nn.Identity(), skip) if stride > 1 else nn.Sequential(skip)

    def forward(self, x: Tensor, means: Tensor) -> Tensor:
        h = F.hardswish(self.expand.conv_1(x))
        h = F.hardswish(self.deep.conv_1(h))
        if hasattr(self.deep, "conv_2"):
            h = F.hardswish(self.deep.conv_2(h, means.shape[0]))
        y = self.alpha * self.project.conv_1(self.se(h, means))
        if self.plain:
            return x + y
        if self.stride > 1:
            # SAME, padding excluded: an even side has one more behind, an odd one has one on both sides.
            x = F.avg_pool2d(same(x, 3, 2), 3, 2) / F.avg_pool2d(same(torch.ones_like(x[:1, :1]), 3, 2), 3, 2)
        return self.res[-1].conv_1(x) + y


def running_mean(frames: int, memory: int | None) -> Tensor:
    """[T, T]: row t is the weights of frames 0..t in the mean after frame t ([Note: memory])."""
    out = torch.zeros(frames, frames)
    for t in range(frames):
        share = 1 / (t + 1 if memory is None else min(t, memory) + 1)
        if t:
            out[t] = out[t - 1] * (1 - share)
        out[t, t] = share
    return out


class Movinet(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        eps, into = config["bn_eps"], config["stem"]
        self.memory = round(config["memory"] * config["rate"]) if config.get("memory") else None
        self.drop = config.get("dropout", 0.0)
        self.conv1 = Named(Conv(3, into, 3, 2, norm=eps))
        self.blocks = nn.ModuleDict()
        for b, block in enumerate(config["blocks"]):
            for l, (expand, kernel, stride) in enumerate(zip(block["expand"], block["kernels"], block["strides"], strict=True)):
                self.blocks[f"b{b}_l{l}"] = Block(into, expand, block["out"], kernel, stride[1], eps)
                into = block["out"]
        self.conv7 = Named(Conv(into, config["project"], 1, norm=eps))
        hidden = Named(Conv(config["project"], config["head"], 1, bias=True))
        self.classifier = nn.Sequential(hidden, nn.SiLU(), nn.Identity(), Named(Conv(config["head"], config["classes"], 1, bias=True)))

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        batch, frames = clip.shape[:2]
        means = running_mean(frames, self.memory).to(clip.device)
        x = clip.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        x = F.hardswish(self.conv1.conv_1(x))
        for block in self.blocks.values():
            x = block(x, means)
        x = F.hardswish(self.conv7.conv_1(x)).float().mean((2, 3))
        with torch.autocast("cpu", enabled=False):
            x = (means @ x.reshape(batch, frames, -1)).reshape(batch * frames, -1, 1, 1)
            embedding = self.classifier[1](self.classifier[0].conv_1(x))
            dropped = F.dropout(embedding, self.drop, self.training)
            logits = self.classifier[3].conv_1(dropped)
        return logits.reshape(batch, frames, -1), embedding.reshape(batch, frames, -1)


def load(net: Movinet, values: dict[str, Tensor]) -> Movinet:
    """Takes weights without the counters of batches, which this network does not have."""
    state = OrderedDict((k, v) for k, v in values.items() if not k.endswith("num_batches_tracked"))
    state._metadata = net.state_dict()._metadata
    net.load_state_dict(state)
    return net


@torch.no_grad()
def check(folder: Path) -> None:
    from safetensors.torch import load_file

    config = json.loads((folder / "case.json").read_text())["config"]
    net = load(Movinet(config), torch.load(folder / "statedict", map_location="cpu", weights_only=True)).eval()
    io = load_file(folder / "io.safetensors")
    logits, _ = net(io["clip"].permute(0, 3, 1, 2)[None])
    print("largest difference of logits", float((logits[0] - io["gate_relu6/logits"]).abs().max()))


if __name__ == "__main__":
    check(Path(sys.argv[1]))
