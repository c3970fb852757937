"""Trains the embedded `sepconv`: the network of sniklaus/sepconv-slomo (systems.md 2.1) at narrow widths, a kernel of its own size.

    python sepconv.py --data TRIPLETS --dev CLIPS --out OUT --minutes 60
"""

from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from common import export_weights
from kernel_training import arguments, train
from localconv import separable
from teacher import reached, tents

EVERY = 2


def basic(i: int, o: int) -> nn.Sequential:
    return nn.Sequential(*(m for k in (i, o, o) for m in (nn.Conv2d(k, o, 3, padding=1), nn.ReLU())))


def doubled() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)


def upsample(c: int) -> nn.Sequential:
    return nn.Sequential(doubled(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU())


def head(c: int, kernel: int) -> nn.Sequential:
    convs = [nn.Conv2d(i, o, 3, padding=1) for i, o in ((c, c), (c, c), (c, kernel), (kernel, kernel))]
    return nn.Sequential(convs[0], nn.ReLU(), convs[1], nn.ReLU(), convs[2], nn.ReLU(), doubled(), convs[3])


class SepConv(nn.Module):
    """one, two [n, 3, h, w] in 0..1, h and w multiples of 32 -> the picture half way, not clipped."""

    def __init__(self, widths=(32, 64, 128, 256, 512), kernel: int = 51):
        super().__init__()
        a, b, c, d, e = widths
        self.kernel = kernel
        self.netConv1, self.netConv2, self.netConv3 = basic(6, a), basic(a, b), basic(b, c)
        self.netConv4, self.netConv5 = basic(c, d), basic(d, e)
        self.netDeconv5, self.netUpsample5 = basic(e, e), upsample(e)
        self.netDeconv4, self.netUpsample4 = basic(e, d), upsample(d)
        self.netDeconv3, self.netUpsample3 = basic(d, c), upsample(c)
        self.netDeconv2, self.netUpsample2 = basic(c, b), upsample(b)
        self.netVertical1, self.netVertical2 = head(b, kernel), head(b, kernel)
        self.netHorizontal1, self.netHorizontal2 = head(b, kernel), head(b, kernel)

    def kernels(self, one, two, every: int = 1):
        """The four maps [n, kernel, h, w]: vertical and horizontal of the first frame, then of the second; or only every
        `every`th of their rows and columns."""
        x = torch.cat([one, two], 1).contiguous(memory_format=torch.channels_last)
        c1 = self.netConv1(x)
        c2 = self.netConv2(F.avg_pool2d(c1, 2))
        c3 = self.netConv3(F.avg_pool2d(c2, 2))
        c4 = self.netConv4(F.avg_pool2d(c3, 2))
        c5 = self.netConv5(F.avg_pool2d(c4, 2))
        d5 = self.netUpsample5(self.netDeconv5(F.avg_pool2d(c5, 2)))
        d4 = self.netUpsample4(self.netDeconv4(d5 + c5))
        d3 = self.netUpsample3(self.netDeconv3(d4 + c4))
        d2 = self.netUpsample2(self.netDeconv2(d3 + c3))
        both = d2 + c2
        heads = (self.netVertical1, self.netHorizontal1, self.netVertical2, self.netHorizontal2)
        halves = [h[:-1](both) for h in heads]
        return [F.conv2d(x, h[-1].weight, h[-1].bias, every, 1) for x, h in zip(halves, heads)]

    def forward(self, one, two):
        v1, h1, v2, h2 = self.kernels(one, two)
        return separable(one, v1, h1) + separable(two, v2, h2)

    def start_at_blend(self) -> None:
        """Every kernel a centre tap whose product is a half, with small weights around it."""
        for conv in (h[-1] for h in (self.netVertical1, self.netVertical2, self.netHorizontal1, self.netHorizontal2)):
            nn.init.normal_(conv.weight, std=0.2 / (9 * self.kernel) ** 0.5)
            nn.init.zeros_(conv.bias)
            nn.init.constant_(conv.bias[self.kernel >> 1 : (self.kernel >> 1) + 1], 0.5**0.5)


def interpolate(net, one, two):
    """Pictures of any size: replicate padding right and below to a multiple of 128, as published; float32."""
    h, w = one.shape[2:]
    pad = (0, -w % 128, 0, -h % 128)
    return net(F.pad(one, pad, mode="replicate"), F.pad(two, pad, mode="replicate"))[:, :, :h, :w]


def loss_of(net, batch, flows):
    """Charbonnier, the same of plain blending, and the distance to the teacher's kernels. Of every second pixel of every
    second row: their neighbours would teach little more."""
    one, truth, two = batch.unbind(1)
    with torch.autocast("cpu", torch.bfloat16):
        kernels = net.kernels(one, two, EVERY)
    out = separable(one, *kernels[:2], EVERY) + separable(two, *kernels[2:], EVERY)
    truth = truth[:, :, ::EVERY, ::EVERY]
    plain = (((one + two)[:, :, ::EVERY, ::EVERY] / 2 - truth).square() + 1e-6).sqrt().mean().item()
    taught = 0
    for side in (0, 1):
        flow = flows[:, side, ::EVERY, ::EVERY]
        known = reached(flow, net.kernel)
        for axis in (1, 0):
            apart = kernels[2 * side + 1 - axis].float() - 0.5**0.5 * tents(flow[..., axis], net.kernel)
            taught = taught + (apart.square().sum(1) * known).mean()
    return ((out - truth).square() + 1e-6).sqrt().mean(), plain, taught


def main() -> None:
    parser = arguments(__doc__, batch=8, lr=1e-3)
    parser.add_argument("--widths", default="16,24,32,64,96")
    parser.add_argument("--kernel", type=int, default=31)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    widths = [int(w) for w in args.widths.split(",")]
    net, twin = (SepConv(widths, args.kernel).to(memory_format=torch.channels_last) for _ in range(2))
    net.start_at_blend()
    optimiser = torch.optim.Adam(net.parameters(), lr=args.lr, betas=(0.9, 0.99))
    config = {"variant": "official", "kernel": args.kernel, "widths": widths, "channels": "rgb"}
    best = train(args, net, twin, optimiser, 128, loss_of, interpolate, config)
    print(export_weights(Path(args.out) / "weights.safetensors", best["net"], config), "of step", best["step"])


if __name__ == "__main__":
    main()
