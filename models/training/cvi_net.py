"""CVI, video inbetweening by direct 3-D convolutions (arXiv 1905.10240), with the warping head of our own. Used by cvi.py.

The published network (docs/models.md) when `output` is 'tanh' or 'bn_lrelu' and `skips` is false. [Note: warp head] says what
'warp' and `skips` add: the decoder ends in motion to both stills, weights and a painted picture, and sees the stills' features.
Pictures are [N, c, H, W] in -1..1, noise [N, D], videos [N, c, 16, H, W]; H and W are multiples of 8.
"""

import math
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LENGTH, LAYERS, EPS = 16, 24, 1e-3
REACH = 16.0  # pixels of motion for an output of one
STEPS = (2, 1, 2, 1, 2, 1, 1)  # of the encoder
UPS = (1, 1, 2, 1, 2, 1, 2)  # of the decoder
SKIPS = {4: 4, 6: 2, 7: 2}  # decoder layer: encoder layer it sees


@dataclass
class CviConfig:
    C: int = 64
    D: int = 128
    channels: int = 3
    T: int = LENGTH
    frame: list[int] = field(default_factory=lambda: [64, 64])
    encoder: list[int] = field(default_factory=lambda: [64, 64, 128, 128, 256, 256, 64])
    decoder: list[int] = field(default_factory=lambda: [256, 256, 128, 128, 64, 64, 3])
    bn_eps: float = EPS
    batch_norm: str = "moving"
    output: str = "tanh"
    skips: bool = False
    timed: bool = False

    def json(self) -> dict:
        return asdict(self)


class Norm(nn.Module):
    """Batch normalisation of pictures or videos."""

    def __init__(self, width: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.03, EPS)


class Latent(nn.Module):
    """One of the 24 layers: how much of each still enters at each time, noise, and a residual pair of 3-D convolutions."""

    def __init__(self, width: int, noise: int, length: int, turn: int):
        super().__init__()
        self.length, self.width = length, width
        self.u = nn.Linear(noise, length * width)
        self.gate = nn.Conv1d(width, 3 * width, 3, padding=1)
        self.conv1 = nn.Conv3d(width, width, 3, padding=1)
        self.conv2 = nn.Conv3d(width, width, 3, padding=1)
        with torch.no_grad():
            # Every other channel begins with the first still, the others with the last, so that a convolution sees both and
            # not their sum; the next layer the other way round. The noise adds little at first.
            nn.init.normal_(self.u.weight, std=noise**-0.5)
            nn.init.normal_(self.u.bias, std=0.3)
            self.gate.weight[: 2 * width] *= 0.3
            self.gate.weight[2 * width :] *= 0.2
            even = (torch.arange(width) % 2 == turn).float()
            self.gate.bias[: 2 * width] = torch.cat((even, 1 - even)) * 3.5 - 3.0
            self.gate.bias[2 * width :] = 0
            nn.init.kaiming_normal_(self.conv1.weight, 0.2)
            nn.init.kaiming_normal_(self.conv2.weight, 0.2)
            self.conv2.weight *= 0.2
            self.conv1.bias.zero_()
            self.conv2.bias.zero_()

    def forward(self, z: Tensor, start: Tensor, end: Tensor, noise: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            u = self.u(noise).view(-1, self.length, self.width).transpose(1, 2)
            g_s, g_e, n = (g[..., None, None] for g in self.gate(u).chunk(3, 1))
            g_s, g_e = g_s.sigmoid(), g_e.sigmoid()
            rest = (1 - g_s - g_e).clamp(min=0)
        kind = z.dtype
        seen = g_s.to(kind) * start + g_e.to(kind) * end + rest.to(kind) * z + n.to(kind)
        r = self.conv2(F.leaky_relu(self.conv1(seen), 0.2))
        return F.leaky_relu(z + r, 0.2)


class Up(nn.Module):
    """A transposed convolution of the decoder. Without a stride it is kept as the convolution with the mirrored kernel.

    `still` is the width of features of both stills that do not change with time; what they add is three pictures (the first
    frame, those between and the last, whose neighbours in time are missing on a side), not sixteen.
    """

    def __init__(self, width: int, out: int, up: int, still: int):
        super().__init__()
        self.up, self.still = up, still
        shape = (out, width + still, 3, 3, 3) if up == 1 else (width + still, out, 3, 4, 4)
        fan = (width + still) * (27 if up == 1 else 12)
        self.weight = nn.Parameter(torch.randn(shape) * math.sqrt(2 / 1.04 / fan))
        self.bias = nn.Parameter(torch.zeros(out))

    def one(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.up == 1:
            return F.conv3d(x, weight, bias, padding=1)
        return F.conv_transpose3d(x, weight, bias, stride=(1, 2, 2), padding=1)

    def forward(self, x: Tensor, still: Tensor | None) -> Tensor:
        if not self.still:
            return self.one(x, self.weight, self.bias)
        side = 1 if self.up == 1 else 0
        width = self.weight.shape[side] - self.still
        moving, fixed = self.weight.split([width, self.still], side)
        y = self.one(x, moving, self.bias)
        k = fixed.unbind(2)
        # A transposed convolution reads its taps the other way round: its last tap comes from the frame before.
        early, late = (k[1] + k[2], k[0] + k[1]) if self.up == 1 else (k[0] + k[1], k[1] + k[2])
        three = torch.cat((early, k[0] + k[1] + k[2], late), 0 if self.up == 1 else 1)
        flat = F.conv2d(still, three, padding=1) if self.up == 1 else F.conv_transpose2d(still, three, stride=2, padding=1)
        first, between, last = (p[:, :, None] for p in flat.chunk(3, 1))
        return y + torch.cat((first, between.expand(-1, -1, LENGTH - 2, -1, -1), last), 2)


@dataclass
class Crop:
    """For training: a square of `cells` x `cells` cells of eight pixels, its corner [N] in cells for each sample."""

    y: Tensor
    x: Tensor
    cells: int

    def of(self, value: Tensor, cell: int) -> Tensor:
        """The part of [N, ..., H, W] whose cells are `cell` wide."""
        side = self.cells * cell
        corners = zip(value, (self.y * cell).tolist(), (self.x * cell).tolist())
        return torch.stack([v[..., y : y + side, x : x + side] for v, y, x in corners])


def sample(picture: Tensor, flow: Tensor, crop: Crop | None) -> Tensor:
    """[N, c, H, W] at x + dx, y + dy, bilinear, borders clamped; flow [N, T, 2, h, w] -> [N, T, c, h, w]."""
    n, t, _, h, w = flow.shape
    height, width = picture.shape[2:]
    x = torch.arange(w, dtype=flow.dtype) + flow[:, :, 0]
    y = torch.arange(h, dtype=flow.dtype)[:, None] + flow[:, :, 1]
    if crop:
        x, y = x + 8 * crop.x[:, None, None, None], y + 8 * crop.y[:, None, None, None]
    grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), -1).view(n, t * h, w, 2)
    out = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)
    return out.view(n, -1, t, h, w).transpose(1, 2)


@dataclass
class Parts:
    """Of the middle frames: video [N, 14, c, H, W], painted the same, flows [N, 14, 4, H, W] in pixels, weights [N, 14, 3, H, W]."""

    video: Tensor
    painted: Tensor
    flow: Tensor
    weights: Tensor
    warped: tuple[Tensor, Tensor]


class Cvi(nn.Module):
    def __init__(self, config: CviConfig):
        super().__init__()
        self.config = config
        widths = [config.channels, *config.encoder]
        kernels = [4 if s == 2 else 3 for s in STEPS]
        self.encoder = nn.ModuleList(nn.Conv2d(i, o, k, s, 1) for i, o, k, s in zip(widths, widths[1:], kernels, STEPS))
        self.norms = nn.ModuleList(Norm(w) for w in config.encoder)
        lengths = [4] * 8 + [8] * 8 + [16] * 8
        self.latent = nn.ModuleList(Latent(config.C, config.D, t, k % 2) for k, t in enumerate(lengths))
        still = {d: 2 * config.encoder[e - 1] if config.skips else 0 for d, e in SKIPS.items()}
        widths = [config.C, *config.decoder]
        self.decoder = nn.ModuleList(
            Up(i, o, up, still.get(k, 0)) for k, (i, o, up) in enumerate(zip(widths, widths[1:], UPS), 1)
        )
        self.gen_norms = nn.ModuleList(Norm(w) for w in config.decoder[: 7 if config.output == "bn_lrelu" else 6])
        if config.output == "warp":
            with torch.no_grad():
                self.decoder[6].weight *= 0.1

    def encode(self, picture: Tensor) -> list[Tensor]:
        out = []
        for conv, bn in zip(self.encoder, self.norms):
            picture = F.relu(bn(conv(picture)))
            out.append(picture)
        return out

    def features(self, first: Tensor, last: Tensor, noise: Tensor, crop: Crop | None = None) -> Tensor:
        """What the last layer gives before its activation, [N, out, 16, H, W]. `noise` may be k times as long as the pictures."""
        n = len(first)
        both = self.encode(torch.cat((first, last)).contiguous(memory_format=torch.channels_last))
        repeat = len(noise) // n
        pairs = {e: torch.cat((both[e - 1][:n], both[e - 1][n:]), 1) for e in {*SKIPS.values(), 7}}
        pairs = {e: p.repeat(repeat, 1, 1, 1) for e, p in pairs.items()}
        start, end = (p[:, :, None] for p in pairs[7].chunk(2, 1))
        z = torch.cat((start, end), 2).contiguous(memory_format=torch.channels_last_3d)
        for k, layer in enumerate(self.latent):
            if k % 8 == 0:
                z = z.repeat_interleave(2, 2)
            z = layer(z, start, end, noise)
        if crop:
            z, pairs = crop.of(z, 1), {e: crop.of(p, {2: 4, 4: 2, 7: 1}[e]) for e, p in pairs.items()}
        for k, up in enumerate(self.decoder, 1):
            z = up(z, pairs[SKIPS[k]] if up.still else None)
            if k <= len(self.gen_norms):
                z = F.leaky_relu(self.gen_norms[k - 1](z), 0.2)
        return z

    def parts(self, first: Tensor, last: Tensor, noise: Tensor, crop: Crop | None = None) -> Parts:
        """The fourteen middle frames by the warping head; of a part of each picture only where `crop` says which."""
        o = self.features(first, last, noise, crop)[:, :, 1:-1].float().transpose(1, 2)
        c = self.config.channels
        repeat = len(noise) // len(first)
        first, last = first.repeat(repeat, 1, 1, 1), last.repeat(repeat, 1, 1, 1)
        paint, way, logits = o.split([c, 4, 3], 2)
        painted, flow = paint.tanh(), REACH * way
        time = torch.arange(1, LENGTH - 1, dtype=torch.float32) / (LENGTH - 1)
        if self.config.timed:
            share = torch.stack((time, time, 1 - time, 1 - time), 1)
            flow = flow * share[:, :, None, None]
        prior = torch.stack(((1 - time).log(), time.log(), torch.full_like(time, math.log(0.05))), 1)
        weights = (logits + prior[:, :, None, None]).softmax(2)
        to_first, to_last = flow.split(2, 2)
        a, b = sample(first, to_first, crop), sample(last, to_last, crop)
        w_a, w_b, w_p = weights.split(1, 2)
        video = w_a * a + w_b * b + w_p * painted
        return Parts(video, painted, flow, weights, (a, b))

    def forward(self, first: Tensor, last: Tensor, noise: Tensor) -> Tensor:
        """All sixteen frames, [N, c, 16, H, W], the first and last being the inputs."""
        if self.config.output == "warp":
            middle = self.parts(first, last, noise).video.transpose(1, 2)
        else:
            o = self.features(first, last, noise).float()
            middle = (o.tanh() if self.config.output == "tanh" else F.leaky_relu(o, 0.2))[:, :, 1:-1]
        return torch.cat((first[:, :, None], middle, last[:, :, None]), 2)


def tensorflow_names(net: Cvi) -> dict[str, tuple[str, str]]:
    """Name in a weight file -> (name in this module, how its axes go)."""
    out: dict[str, tuple[str, str]] = {}
    pairs = (("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean"), ("moving_variance", "running_var"))
    for k in range(7):
        out[f"image_conv{k + 1}/w"] = (f"encoder.{k}.weight", "conv2d")
        out[f"image_conv{k + 1}/biases"] = (f"encoder.{k}.bias", "same")
        out[f"video_transconv3d{k + 1}/conv3d_transpose/kernel"] = (f"decoder.{k}.weight", "mirrored" if UPS[k] == 1 else "transposed")
        out[f"video_transconv3d{k + 1}/conv3d_transpose/bias"] = (f"decoder.{k}.bias", "same")
        for theirs, ours in pairs:
            out[f"bn{k + 1}/{theirs}"] = (f"norms.{k}.{ours}", "same")
            if k < len(net.gen_norms):
                out[f"gen_bn{k + 1}/{theirs}"] = (f"gen_norms.{k}.{ours}", "same")
    for k in range(LAYERS):
        at = f"latent_layer{k}"
        out[f"{at}/layer_u{k}/w"] = (f"latent.{k}.u.weight", "same")
        out[f"{at}/layer_u{k}/biases"] = (f"latent.{k}.u.bias", "column")
        out[f"{at}/g_s_e_3conv/conv1d/kernel"] = (f"latent.{k}.gate.weight", "conv1d")
        out[f"{at}/g_s_e_3conv/conv1d/bias"] = (f"latent.{k}.gate.bias", "same")
        for c in (1, 2):
            out[f"{at}/conv3d{c}/conv3d/kernel"] = (f"latent.{k}.conv{c}.weight", "conv3d")
            out[f"{at}/conv3d{c}/conv3d/bias"] = (f"latent.{k}.conv{c}.bias", "same")
    return out


def to_tensorflow(value: Tensor, kind: str) -> Tensor:
    """A tensor of this module as the file holds it."""
    if kind == "column":
        return value[:, None]
    if kind == "mirrored":
        return value.flip(2, 3, 4).permute(2, 3, 4, 0, 1)
    axes = {"conv1d": (2, 1, 0), "conv2d": (2, 3, 1, 0), "conv3d": (2, 3, 4, 1, 0), "transposed": (2, 3, 4, 1, 0)}
    return value.permute(axes[kind]) if kind in axes else value


def from_tensorflow(value: Tensor, kind: str) -> Tensor:
    if kind == "column":
        return value[:, 0]
    if kind == "mirrored":
        return value.permute(3, 4, 0, 1, 2).flip(2, 3, 4)
    axes = {"conv1d": (2, 1, 0), "conv2d": (3, 2, 0, 1), "conv3d": (4, 3, 0, 1, 2), "transposed": (4, 3, 0, 1, 2)}
    return value.permute(axes[kind]) if kind in axes else value


def exported(net: Cvi, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: to_tensorflow(state[ours], kind).float().contiguous() for name, (ours, kind) in tensorflow_names(net).items()}


def load_exported(net: Cvi, tensors: dict[str, Tensor]) -> Cvi:
    """Fills `net` from a weight file's tensors; one missing, left over or of another shape is an error."""
    names = tensorflow_names(net)
    left = set(tensors) - set(names)
    if left:
        raise ValueError(f"tensors that belong nowhere: {sorted(left)[:5]}")
    net.load_state_dict({ours: from_tensorflow(tensors[name], kind) for name, (ours, kind) in names.items()})
    return net
