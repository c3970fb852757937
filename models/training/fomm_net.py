"""The First Order Motion Model with parametric widths, in the published state-dict names (systems.md 5.1a), and how this project
uses it between two stills (`between`).

Pictures are R'G'B' floats [b, channels, h, w] in 0..1; key points are (x, y) in -1..1 where x_j = 2 j / (w - 1) - 1, jacobians
[b, k, 2, 2]. A published checkpoint's `kp_detector` and `generator` load with strict=True; `python fomm_net.py FIXTURE` does so and
prints how far the outputs of the fixture are missed.

[Note: two stills] The published model warps one picture. Between two stills the key points of both are found, a path is laid
between them (a straight line, or a motion model), and for every time both stills are warped to the key points of that time.
A frame is the weighted mean of the first still warped, the last still warped and what the generator paints, with weights

    (1 - t) * o_first,   t * o_last,   (1 - o_first) * (1 - o_last) + 1e-3

divided by their sum; o is the occlusion map, 1 where the warped still is to be believed. What is painted is
(1 - t) * prediction_first + t * prediction_last. The stills are warped by offsets, `deformation - identity grid`, resized with
half-pixel centres to the picture's size and added to the identity grid there: the published way of resizing the coordinates
themselves moves an unmoved picture by up to half a pixel, which would blur the background. Sampling clamps at the borders.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KeyPoints = dict[str, Tensor]  # value [b, k, 2], jacobian [b, k, 2, 2]

COMPACT = {
    "common": {"num_kp": 10, "num_channels": 3, "estimate_jacobian": True},
    "kp_detector": {"temperature": 0.1, "block_expansion": 12, "max_features": 64, "scale_factor": 0.5, "num_blocks": 4},
    "generator": {
        "block_expansion": 16,
        "max_features": 64,
        "num_down_blocks": 2,
        "num_bottleneck_blocks": 2,
        "estimate_occlusion_map": True,
        "dense_motion_params": {"block_expansion": 16, "max_features": 64, "num_blocks": 4, "scale_factor": 0.5},
    },
    "bn_eps": 1e-5,
    "align_corners": True,
    "frame": [64, 64],
}


def grid_of(h: int, w: int, like: Tensor) -> Tensor:
    """Identity coordinates [h, w, 2], (x, y) in -1..1 at the centres of the corner pixels."""
    y = torch.linspace(-1, 1, h, dtype=like.dtype, device=like.device)
    x = torch.linspace(-1, 1, w, dtype=like.dtype, device=like.device)
    return torch.stack((x[None].expand(h, w), y[:, None].expand(h, w)), -1)


def gaussians(value: Tensor, h: int, w: int, variance: float = 0.01) -> Tensor:
    """Heat maps [b, k, h, w] of key points [b, k, 2]."""
    away = grid_of(h, w, value) - value[:, :, None, None]
    return torch.exp(-0.5 * away.square().sum(-1) / variance)


def inverse(m: Tensor) -> Tensor:
    """Of 2x2 matrices [..., 2, 2]; a determinant near 0 gives large numbers, not an error."""
    a, b, c, d = m[..., 0, 0], m[..., 0, 1], m[..., 1, 0], m[..., 1, 1]
    det = a * d - b * c
    det = torch.where(det.abs() < 1e-6, torch.full_like(det, 1e-6), det)
    return torch.stack((torch.stack((d, -b), -1), torch.stack((-c, a), -1)), -2) / det[..., None, None]


class Block(nn.Module):
    """Convolution, batch norm, ReLU; `down` then halves, `up` doubles first."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, step: str = "same"):
        super().__init__()
        self.step = step
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        if self.step == "up":
            x = F.interpolate(x, scale_factor=2)
        x = F.relu(self.norm(self.conv(x)))
        return F.avg_pool2d(x, 2) if self.step == "down" else x


class ResBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.norm1, self.norm2 = (nn.BatchNorm2d(width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class AntiAlias(nn.Module):
    """Gaussian blur and subsampling by 1 / scale."""

    def __init__(self, channels: int, scale: float):
        super().__init__()
        sigma = (1 / scale - 1) / 2
        size = 2 * round(sigma * 4) + 1
        line = torch.exp(-((torch.arange(size).float() - (size - 1) / 2) ** 2) / (2 * sigma**2))
        kernel = line[:, None] * line
        self.register_buffer("weight", (kernel / kernel.sum()).expand(channels, 1, -1, -1).clone())
        self.step, self.pad, self.groups = int(1 / scale), size // 2, channels

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (self.pad,) * 4), self.weight, groups=self.groups)[:, :, :: self.step, :: self.step]


class Encoder(nn.Module):
    def __init__(self, be: int, inputs: int, blocks: int, top: int):
        super().__init__()
        self.down_blocks = nn.ModuleList(
            Block(inputs if i == 0 else min(top, be * 2**i), min(top, be * 2 ** (i + 1)), step="down") for i in range(blocks)
        )


class Decoder(nn.Module):
    def __init__(self, be: int, blocks: int, top: int):
        super().__init__()
        self.up_blocks = nn.ModuleList(
            Block((1 if i == blocks - 1 else 2) * min(top, be * 2 ** (i + 1)), min(top, be * 2**i), step="up")
            for i in reversed(range(blocks))
        )


class Hourglass(nn.Module):
    """[b, inputs, h, w] to [b, be + inputs, h, w]; h and w must divide by 2^blocks."""

    def __init__(self, be: int, inputs: int, blocks: int, top: int):
        super().__init__()
        self.encoder, self.decoder = Encoder(be, inputs, blocks, top), Decoder(be, blocks, top)
        self.outputs = be + inputs

    def forward(self, x: Tensor) -> Tensor:
        kept = [x]
        for block in self.encoder.down_blocks:
            kept.append(block(kept[-1]))
        x = kept.pop()
        for block in self.decoder.up_blocks:
            x = torch.cat((block(x), kept.pop()), 1)
        return x


class KPDetector(nn.Module):
    """Key points and jacobians of pictures: soft-argmax of heat maps at `scale_factor` of the size."""

    def __init__(self, common: dict, params: dict):
        super().__init__()
        channels, self.count = common["num_channels"], common["num_kp"]
        self.predictor = Hourglass(params["block_expansion"], channels, params["num_blocks"], params["max_features"])
        self.kp = nn.Conv2d(self.predictor.outputs, self.count, 7)
        self.jacobian = nn.Conv2d(self.predictor.outputs, 4 * self.count, 7)
        nn.init.zeros_(self.jacobian.weight)
        with torch.no_grad():
            self.jacobian.bias.copy_(torch.tensor([1.0, 0, 0, 1] * self.count))
        self.temperature = params["temperature"]
        self.down = AntiAlias(channels, params["scale_factor"])

    def forward(self, x: Tensor) -> KeyPoints:
        return self.detect(x)[0]

    def detect(self, x: Tensor) -> tuple[KeyPoints, Tensor]:
        """Key points, and the heat maps [b, k, h, w] they are the centres of."""
        features = self.predictor(self.down(x)).float()
        with torch.autocast("cpu", enabled=False):  # bfloat16 would make the points jitter
            return self._points(features)

    def _points(self, features: Tensor) -> tuple[KeyPoints, Tensor]:
        heat, maps = self.kp(features), self.jacobian(features)
        heat = F.softmax(heat.flatten(2) / self.temperature, 2).view_as(heat)
        h, w = heat.shape[2:]
        value = torch.einsum("bkhw,hwc->bkc", heat, grid_of(h, w, heat))
        maps = maps.view(-1, self.count, 4, h, w)
        jacobian = torch.einsum("bkhw,bkchw->bkc", heat, maps).view(-1, self.count, 2, 2)
        return {"value": value, "jacobian": jacobian}, heat


class DenseMotion(nn.Module):
    """Where in the source each point of the driving picture is found, at `scale_factor` of the size."""

    def __init__(self, common: dict, params: dict, align: bool):
        super().__init__()
        kps, channels = common["num_kp"], common["num_channels"]
        self.hourglass = Hourglass(
            params["block_expansion"], (kps + 1) * (channels + 1), params["num_blocks"], params["max_features"]
        )
        self.mask = nn.Conv2d(self.hourglass.outputs, kps + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.outputs, 1, 7, padding=3)
        self.down = AntiAlias(channels, params["scale_factor"])
        self.align = align

    def motions(self, source: Tensor, kp_driving: KeyPoints, kp_source: KeyPoints) -> tuple[Tensor, Tensor]:
        """Coordinates [b, k + 1, h, w, 2] of each point's first-order motion (the first stands still), and the hourglass's input."""
        b, c, h, w = source.shape
        k = kp_driving["value"].shape[1]
        heat = gaussians(kp_driving["value"], h, w) - gaussians(kp_source["value"], h, w)
        heat = torch.cat((torch.zeros_like(heat[:, :1]), heat), 1)[:, :, None]
        grid = grid_of(h, w, source)
        linear = kp_source["jacobian"] @ inverse(kp_driving["jacobian"])
        away = grid - kp_driving["value"][:, :, None, None]
        motions = torch.einsum("bkij,bkhwj->bkhwi", linear, away) + kp_source["value"][:, :, None, None]
        motions = torch.cat((grid.expand(b, 1, h, w, 2), motions), 1)
        copies = source[:, None].expand(-1, k + 1, -1, -1, -1).reshape(-1, c, h, w)
        moved = F.grid_sample(copies, motions.flatten(0, 1), align_corners=self.align).view(b, k + 1, c, h, w)
        return motions, torch.cat((heat, moved), 2).flatten(1, 2)

    def forward(self, source: Tensor, kp_driving: KeyPoints, kp_source: KeyPoints) -> dict[str, Tensor]:
        source = self.down(source)
        with torch.autocast("cpu", enabled=False):  # bfloat16 has no room for coordinates
            motions, x = self.motions(source.float(), kp_driving, kp_source)
        features = self.hourglass(x)
        mask = F.softmax(self.mask(features).float(), 1)
        return {
            "mask": mask,
            "motions": motions,
            "deformation": (mask[..., None] * motions).sum(1),
            "occlusion_map": torch.sigmoid(self.occlusion(features).float()),
        }


class Generator(nn.Module):
    """The driving picture painted from features of the source, warped and darkened where they are occluded."""

    def __init__(self, common: dict, params: dict, align: bool = False):
        super().__init__()
        be, top, downs = params["block_expansion"], params["max_features"], params["num_down_blocks"]
        widths = [min(top, be * 2**i) for i in range(downs + 1)]
        self.dense_motion_network = DenseMotion(common, params["dense_motion_params"], align)
        self.first = Block(common["num_channels"], be, 7)
        self.down_blocks = nn.ModuleList(Block(widths[i], widths[i + 1], step="down") for i in range(downs))
        self.up_blocks = nn.ModuleList(Block(widths[i + 1], widths[i], step="up") for i in reversed(range(downs)))
        self.bottleneck = nn.Sequential()
        for i in range(params["num_bottleneck_blocks"]):
            self.bottleneck.add_module(f"r{i}", ResBlock(widths[-1]))
        self.final = nn.Conv2d(be, common["num_channels"], 7, padding=3)
        self.align = align

    def warp(self, x: Tensor, deformation: Tensor) -> Tensor:
        if x.shape[2:] != deformation.shape[1:3]:
            moved = deformation.permute(0, 3, 1, 2)
            deformation = F.interpolate(moved, size=x.shape[2:], mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
        return F.grid_sample(x.float(), deformation, align_corners=self.align)

    def forward(self, source: Tensor, kp_driving: KeyPoints, kp_source: KeyPoints) -> dict[str, Tensor]:
        out = self.dense_motion_network(source, kp_driving, kp_source)
        return {**out, "prediction": self.paint(source, out)}

    def paint(self, source: Tensor, out: dict[str, Tensor]) -> Tensor:
        """The prediction, from what the dense motion network says."""
        x = self.first(source)
        for block in self.down_blocks:
            x = block(x)
        occlusion = out["occlusion_map"]
        x = self.warp(x, out["deformation"])
        if occlusion.shape[2:] != x.shape[2:]:
            occlusion = F.interpolate(occlusion, size=x.shape[2:], mode="bilinear", align_corners=False)
        x = self.bottleneck(x * occlusion)
        for block in self.up_blocks:
            x = block(x)
        return torch.sigmoid(self.final(x).float())


class Fomm(nn.Module):
    """Both networks of a config (COMPACT has its form)."""

    def __init__(self, config: dict):
        super().__init__()
        align = bool(config.get("align_corners", False))
        self.config = config
        self.kp_detector = KPDetector(config["common"], config["kp_detector"])
        self.generator = Generator(config["common"], config["generator"], align)


def offsets(deformation: Tensor, h: int, w: int) -> Tensor:
    """How far each point moves, [b, 2, h, w] in the units of the grid; see [Note: two stills]."""
    small = deformation - grid_of(*deformation.shape[1:3], deformation)
    return F.interpolate(small.permute(0, 3, 1, 2), size=(h, w), mode="bilinear", align_corners=False)


def warped(still: Tensor, moved: Tensor) -> Tensor:
    """`still` sampled at the identity grid plus `moved` (of `offsets`), clamped at the borders."""
    grid = grid_of(*still.shape[2:], still) + moved.permute(0, 2, 3, 1)
    return F.grid_sample(still, grid, padding_mode="border", align_corners=True)


def around_mean(x: Tensor, around: int = 4) -> Tensor:
    return F.avg_pool2d(F.pad(x, (around,) * 4, mode="replicate"), 2 * around + 1, 1)


def trust(stills: tuple[Tensor, Tensor], moved: list[Tensor]) -> Tensor:
    """[b, 1, h, w]: how far the motion is believed, [Note: trust] in app/core/engines/fomm/fields.ts."""
    apart = lambda a, b: around_mean((a - b).abs().mean(1, keepdim=True))  # noqa: E731
    still = apart(*stills)
    near = apart(*(warped(s, m) for s, m in zip(stills, moved, strict=True)))
    return around_mean(torch.sigmoid(12 * (still - near) / (still + 0.01)))


def compose(
    first: dict[str, Tensor], last: dict[str, Tensor], stills: tuple[Tensor, Tensor], t: Tensor, doubt: bool = False
) -> dict[str, Tensor]:
    """The frame of [Note: two stills] from the generator's outputs for both stills; `t` is [b, 1, 1, 1]. With `doubt` motion that
    brings the stills no nearer to each other is taken back, as the engine does; not while training."""
    h, w = stills[0].shape[2:]
    moved = [offsets(o["deformation"], h, w) for o in (first, last)]
    o0, o1 = (F.interpolate(o["occlusion_map"], size=(h, w), mode="bilinear", align_corners=False) for o in (first, last))
    if doubt:
        share = trust(stills, moved)
        moved, (o0, o1) = [m * share for m in moved], (1 - share * (1 - o) for o in (o0, o1))
    d0, d1 = (warped(s, m) for s, m in zip(stills, moved, strict=True))
    painted = (1 - t) * first["prediction"] + t * last["prediction"]
    w0, w1, w2 = (1 - t) * o0, t * o1, (1 - o0) * (1 - o1) + 1e-3
    frame = (w0 * d0 + w1 * d1 + w2 * painted) / (w0 + w1 + w2)
    return {"frame": frame, "first": d0, "last": d1, "painted": painted, "moved_first": moved[0], "moved_last": moved[1]}


def line(kp0: KeyPoints, kp1: KeyPoints, t: Tensor) -> KeyPoints:
    """Key points and jacobians on the straight line, `t` is [b]."""
    return {
        "value": torch.lerp(kp0["value"], kp1["value"], t[:, None, None]),
        "jacobian": torch.lerp(kp0["jacobian"], kp1["jacobian"], t[:, None, None, None]),
    }


@torch.no_grad()
def between(net: Fomm, first: Tensor, last: Tensor, path: KeyPoints | None = None, frames: int = 16) -> Tensor:
    """The frames [frames, channels, h, w] from one still [1, channels, h, w] to another, both included as they are.
    `path` gives the key points of every frame (value [frames, k, 2]); without it they move in straight lines."""
    kp0, kp1 = net.kp_detector(first), net.kp_detector(last)
    n = frames - 2
    t = torch.arange(1, frames - 1, device=first.device) / (frames - 1)
    many = lambda kp: {k: v.expand(n, *v.shape[1:]) for k, v in kp.items()}  # noqa: E731
    there = line(many(kp0), many(kp1), t) if path is None else {k: v[1:-1] for k, v in path.items()}
    stills = (first.expand(n, -1, -1, -1), last.expand(n, -1, -1, -1))
    outs = [net.generator(s, there, many(kp)) for s, kp in zip(stills, (kp0, kp1), strict=True)]
    return torch.cat((first, compose(*outs, stills, t[:, None, None, None], doubt=True)["frame"], last))


def check(folder: Path) -> None:
    """Loads a fixture's checkpoint strictly and prints the largest miss of each of its outputs."""
    from safetensors.torch import load_file

    case = json.loads((folder / "case.json").read_text())
    io = load_file(str(folder / case["io"]["file"]))
    state = torch.load(folder / case["weights"][0]["file"], map_location="cpu", weights_only=False)
    for run in (r for r in case["runs"] if r["params"]["mode"] == "absolute"):
        net = Fomm({**case["config"], "align_corners": run["params"]["align_corners"]}).eval()
        net.kp_detector.load_state_dict(state["kp_detector"])
        net.generator.load_state_dict(state["generator"])
        source, driving = (io[run["inputs"][k]["tensor"]] for k in ("source", "driving"))
        with torch.no_grad():
            kp0, kp1 = net.kp_detector(source), net.kp_detector(driving)
            out = net.generator(source, kp1, kp0)
            out["deformed"] = net.generator.warp(source, out["deformation"])
        for name, kp in (("source", kp0), ("driving", kp1)):
            out |= {f"kp_{name}_{k}": v for k, v in kp.items()}
        for role, row in run["outputs"].items():
            print(run["name"], role, f"{(out[role] - io[row['tensor']]).abs().max():.2e}")


if __name__ == "__main__":
    check(Path(sys.argv[1]))
