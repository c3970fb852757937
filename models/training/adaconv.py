"""Trains the embedded `adaconv`: the patch network of systems.md 2.4 with narrow layers and a kernel of its own size.

    python adaconv.py --data TRIPLETS --dev CLIPS --out OUT --minutes 45

One output pixel is the network on one 79x79 patch. Run over a whole picture at stride 1, its three stride-2 layers
become dilations of all that follows them, so that neighbours share their work; the last row and column of the patch
are never read (the stride-2 layer on 73 values drops the last), so the field is 78.
"""

from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from common import export_weights
from kernel_training import arguments, train
from localconv import adaptive, adaptive_taught
from teacher import reached

SIZES = (7, 2, 5, 2, 5, 2, 3, 4, 1)
STRIDED = (1, 3, 5)
NORMED = {0: "bn1", 2: "bn2", 4: "bn3", 6: "bn4"}
PAD = 39
EVERY = 2
RANGE = 1


class Norm(nn.Module):
    """Batch normalisation with no counter beside its four tensors."""

    def __init__(self, c: int, eps: float = 1e-3):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))
        self.eps = eps

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.02, self.eps)


class AdaConv(nn.Module):
    def __init__(self, filters=(32, 32, 64, 64, 128, 128, 256, 2048, 3362)):
        super().__init__()
        self.kernel = round((filters[-1] / 2) ** 0.5)
        if 2 * self.kernel**2 != filters[-1]:
            raise ValueError("the last layer has to be two square kernels")
        before = 6
        for k, (filter_, size) in enumerate(zip(filters, SIZES)):
            setattr(self, f"conv{k}", nn.Conv2d(before, filter_, size))
            if k in NORMED:
                setattr(self, NORMED[k], Norm(filter_))
            before = filter_

    def logits(self, x, dense: bool = True, every: int = 1):
        """x [n, 6, h, w]: both frames. Dense: [n, 2*K*K, h-78, w-78], the kernels of every 79x79 place, or of those
        `every` pixels apart. Else x is one 79x79 patch and the layers stride, as published: [n, 2*K*K, 1, 1]."""
        if dense:
            x = x[:, :, :-1, :-1]
        dilation = 1
        for k in range(len(SIZES)):
            conv = getattr(self, f"conv{k}")
            strides = k in STRIDED
            if dense:
                x = F.conv2d(x, conv.weight, conv.bias, every if k == 7 else 1, dilation=dilation)
                dilation *= 2 if strides else 1
            else:
                x = F.conv2d(x, conv.weight, conv.bias, stride=2 if strides else 1)
            if k < len(SIZES) - 1:
                x = F.relu(x)
            if k in NORMED:
                x = getattr(self, NORMED[k])(x)
        return x

    def start_at_blend(self) -> None:
        """Weights that favour both centre taps, falling off with distance to a floor every tap still learns from."""
        at = torch.arange(self.kernel) - self.kernel // 2
        far = (at[:, None] ** 2 + at[None] ** 2).float().sqrt()
        bias = -(2 * far + 3).clamp(max=9)
        bias[self.kernel // 2, self.kernel // 2] = 0
        with torch.no_grad():
            self.conv8.bias.copy_(bias[:, None].expand(-1, 2, -1).reshape(-1))
            self.conv8.weight.normal_(std=0.01)


def inner(net: AdaConv, padded):
    """padded [n, 6, h+78, w+78] (39 around) -> [n, 2, 3, h+K-1, w+K-1], as much as the kernels reach."""
    n, _, hp, wp = padded.shape
    edge = PAD - (net.kernel >> 1)
    return padded.view(n, 2, 3, hp, wp)[..., edge : hp - edge, edge : wp - edge]


def interpolate(net: AdaConv, one, two, rows: int = 48):
    """Pictures in 0..1 of any size, zeros around, a strip of rows at a time; float32."""
    padded = F.pad(torch.cat([one, two], 1), (PAD, PAD, PAD, PAD))
    h = one.shape[2]
    out = []
    for y in range(0, h, rows):
        strip = padded[:, :, y : min(y + rows, h) + 2 * PAD].contiguous()
        seen = strip.contiguous(memory_format=torch.channels_last)
        out.append(adaptive(inner(net, strip), net.logits(seen)))
    return torch.cat(out, 2)


def borders(x):
    """Sets up to 39 rows and columns at the sides of one patch in four to zero, as the padding of a picture does."""
    for patch in x:
        if torch.rand(()) < 0.25:
            top, left, bottom, right = (int(k) if torch.rand(()) < 0.5 else 0 for k in torch.randint(1, PAD + 1, (4,)))
            patch[:, :top], patch[:, :, :left] = 0, 0
            patch[:, patch.shape[1] - bottom :], patch[:, :, patch.shape[2] - right :] = 0, 0
    return x


def loss_of(net, batch, flows):
    """Charbonnier, the same of plain blending, and the cross entropy of the weights against the teacher's. Of every second
    pixel of every second row: their neighbours would teach little more."""
    net.train()
    kept = slice(PAD, -PAD, EVERY)
    truth = batch[:, 1, :, kept, kept]
    pair = batch[:, ::2]
    plain = ((pair.mean(1)[:, :, kept, kept] - truth).square() + 1e-6).sqrt().mean().item()
    x = borders(pair.reshape(-1, 6, *batch.shape[3:]).contiguous())
    with torch.autocast("cpu", torch.bfloat16):
        logits = net.logits(x.contiguous(memory_format=torch.channels_last), every=EVERY)
    places, shares = lesson(flows[:, :, kept, kept], net.kernel)
    out, taught = adaptive_taught(inner(net, x), logits, EVERY, places, shares)
    loss = ((out - truth).square() + 1e-6).sqrt().mean()
    return loss, plain, taught.float() / out[:, 0].numel()


def lesson(flows, kernel: int):
    """flows [n, 2, h, w, 2] -> places and shares [n, h, w, 8]: half the weight on the four taps around where each flow
    points; a frame whose flow is not known says nothing of its own taps."""
    half = kernel >> 1
    places, shares = [], []
    for side in (0, 1):
        flow = flows[:, side]
        known = 0.5 * reached(flow, kernel)
        flow = flow.clamp(-half + 0.5, half - 0.5)
        part = flow - flow.floor()
        column, row = (flow.floor().int() + half).unbind(-1)
        for dy in (0, 1):
            for dx in (0, 1):
                share = (part[..., 1] if dy else 1 - part[..., 1]) * (part[..., 0] if dx else 1 - part[..., 0])
                places.append(((row + dy) * 2 + side) * kernel + column + dx)
                shares.append(share * known)
    return torch.stack(places, -1).contiguous(), torch.stack(shares, -1).contiguous()


def main() -> None:
    parser = arguments(__doc__, batch=8, lr=1e-3)
    parser.add_argument("--filters", default="8,8,16,16,32,32,64,96")
    parser.add_argument("--kernel", type=int, default=25)
    parser.set_defaults(guidance=0.01)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    filters = [*(int(f) for f in args.filters.split(",")), 2 * args.kernel**2]
    net, twin = (AdaConv(filters).to(memory_format=torch.channels_last) for _ in range(2))
    net.start_at_blend()
    optimiser = torch.optim.Adam(net.parameters(), lr=args.lr, betas=(0.9, 0.99))
    config = {"kernel": args.kernel, "filters": filters, "bn_eps": 1e-3, "range": RANGE, "channels": "rgb"}
    best = train(args, net, twin, optimiser, 150, loss_of, interpolate, config)
    print(export_weights(Path(args.out) / "weights.safetensors", best["net"], config), "of step", best["step"])


if __name__ == "__main__":
    main()
