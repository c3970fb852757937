"""FILM (Frame Interpolation for Large Motion, ECCV 2022), parametric in every width.

The topology is the published one (google-research/frame-interpolation, Apache-2.0) and the parameter names are those
of dajes' PyTorch port, so that what is trained here is read by whatever reads the official checkpoint. Pictures are
[n, 3, h, w] R'G'B' 0..1, h and w multiples of 2 ** (pyramid_levels - 1); flows are (dx, dy) in pixels of their level.
"""

from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class FilmConfig:
    """Field names are those of the official training configurations."""

    pyramid_levels: int = 7
    fusion_pyramid_levels: int = 5
    specialized_levels: int = 3
    sub_levels: int = 4
    filters: int = 64
    flow_convs: list[int] = field(default_factory=lambda: [3, 3, 3, 3])
    flow_filters: list[int] = field(default_factory=lambda: [32, 64, 128, 256])

    def feature_channels(self, level: int) -> int:
        """Channels of the cascaded feature of one level: one term per stage that reaches it."""
        return sum(self.filters << j for j in range(min(level + 1, self.sub_levels)))

    def aligned_channels(self, level: int) -> int:
        """Channels that the fusion gets at one level: two warped pictures with features, two flows."""
        return 2 * (3 + self.feature_channels(level)) + 4

    def as_json(self) -> dict:
        return asdict(self)


def conv(inputs: int, outputs: int, size: int, activate: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, size, padding="same")]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2)) if activate else nn.Sequential(*layers)


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """Backward warp at (x + dx, y + dy), bilinear, the border repeated."""
    h, w = flow.shape[2:]
    x = torch.arange(w, device=flow.device, dtype=torch.float32) + flow[:, 0].float()
    y = torch.arange(h, device=flow.device, dtype=torch.float32)[:, None] + flow[:, 1].float()
    grid = torch.stack((x * (2 / (w - 1)) - 1, y * (2 / (h - 1)) - 1), dim=3)
    return F.grid_sample(picture.float(), grid, mode="bilinear", padding_mode="border", align_corners=True)


def double(flow: Tensor) -> Tensor:
    """A flow for the next finer level."""
    return F.interpolate(2 * flow, scale_factor=2, mode="bilinear", align_corners=False)


def halve(x: Tensor) -> Tensor:
    """2x2 average pooling; by sums of rows and columns, which on a CPU takes a quarter of F.avg_pool2d's time."""
    n, c, h, w = x.shape
    rows = x.view(n, c, h // 2, 2, w)
    rows = rows[:, :, :, 0] + rows[:, :, :, 1]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25


def picture_pyramid(picture: Tensor, levels: int) -> list[Tensor]:
    out = [picture]
    for _ in range(levels - 1):
        out.append(halve(out[-1]))
    return out


class SubTreeExtractor(nn.Module):
    def __init__(self, config: FilmConfig):
        super().__init__()
        self.convs = nn.ModuleList()
        inputs = 3
        for j in range(config.sub_levels):
            outputs = config.filters << j
            self.convs.append(nn.Sequential(conv(inputs, outputs, 3), conv(outputs, outputs, 3)))
            inputs = outputs

    def forward(self, picture: Tensor, depth: int) -> list[Tensor]:
        out: list[Tensor] = []
        head = picture
        for j in range(depth):
            head = self.convs[j](head if j == 0 else halve(head))
            out.append(head)
        return out


class FeatureExtractor(nn.Module):
    def __init__(self, config: FilmConfig):
        super().__init__()
        self.config = config
        self.extract_sublevels = SubTreeExtractor(config)

    def forward(self, pyramid: list[Tensor], finest: int = 0) -> list[Tensor]:
        """Features of levels `finest` and coarser; what only finer levels need is left out."""
        levels, depth = len(pyramid), self.config.sub_levels
        used = range(max(0, finest - depth + 1), levels)
        trees = {i: self.extract_sublevels(pyramid[i], min(levels - i, depth)) for i in used}
        return [torch.cat([trees[i - j][j] for j in range(min(i + 1, depth))], dim=1) for i in range(finest, levels)]


class FlowEstimator(nn.Module):
    def __init__(self, inputs: int, convs: int, filters: int):
        super().__init__()
        layers = [conv(inputs if k == 0 else filters, filters, 3) for k in range(convs)]
        layers += [conv(filters, filters // 2, 1), conv(filters // 2, 2, 1, activate=False)]
        self._convs = nn.ModuleList(layers)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        net = torch.cat((a, b), dim=1)
        for layer in self._convs:
            net = layer(net)
        return net.float()


class PyramidFlowEstimator(nn.Module):
    """`_predictors` are the specialised levels, the coarsest of them first; `_predictor` serves all coarser ones."""

    def __init__(self, config: FilmConfig):
        super().__init__()
        n = config.specialized_levels

        def make(level: int) -> FlowEstimator:
            return FlowEstimator(2 * config.feature_channels(level), config.flow_convs[level], config.flow_filters[level])

        self._predictor = make(n)
        self._predictors = nn.ModuleList([make(level) for level in reversed(range(n))])

    def forward(self, a: list[Tensor], b: list[Tensor], finest: int = 0) -> list[Tensor]:
        """Flows (accumulated, not residuals) from features of levels `finest` and coarser, finest first."""
        n = len(self._predictors)
        flows: list[Tensor] = []
        flow: Tensor | None = None
        for k in reversed(range(len(a))):
            predictor = self._predictor if k + finest >= n else self._predictors[n - 1 - k - finest]
            if flow is None:
                flow = predictor(a[k], b[k])
            else:
                flow = double(flow)
                flow = flow + predictor(a[k], warp(b[k], flow).to(a[k].dtype))
            flows.insert(0, flow)
        return flows


class Fusion(nn.Module):
    def __init__(self, config: FilmConfig):
        super().__init__()
        self.convs = nn.ModuleList()
        m = config.specialized_levels
        inputs = config.aligned_channels(config.fusion_pyramid_levels - 1)
        for level in reversed(range(config.fusion_pyramid_levels - 1)):
            filters = config.filters << min(level, m)
            aligned = config.aligned_channels(level)
            self.convs.append(
                nn.ModuleList(
                    [conv(inputs, filters, 2, activate=False), conv(aligned + filters, filters, 3), conv(filters, filters, 3)]
                )
            )
            inputs = filters
        self.output_conv = nn.Conv2d(config.filters, 3, 1)

    def forward(self, aligned: list[Tensor]) -> Tensor:
        net = aligned[-1]
        for k, (up, first, second) in enumerate(self.convs):
            level = len(aligned) - 2 - k
            net = up(F.interpolate(net, scale_factor=2, mode="nearest"))
            net = second(first(torch.cat((aligned[level], net), dim=1)))
        return self.output_conv(net)


class Film(nn.Module):
    def __init__(self, config: FilmConfig):
        super().__init__()
        self.config = config
        self.extract = FeatureExtractor(config)
        self.predict_flow = PyramidFlowEstimator(config)
        self.fuse = Fusion(config)

    def flows(self, x0: Tensor, x1: Tensor, finest: int = 0):
        """Picture pyramid and features of [x0; x1] and the flows [backward; forward] (halves of the batch axis)."""
        pictures = picture_pyramid(torch.cat((x0, x1)), self.config.pyramid_levels)
        features = self.extract(pictures, finest)
        swapped = [torch.cat(f.chunk(2)[::-1]) for f in features]
        # backward: from x1 to x0, so the features of x1 come first; forward the other way round.
        flows = self.predict_flow(swapped, features, finest)
        return pictures, features, flows

    def forward(self, x0: Tensor, x1: Tensor, t: float = 0.5) -> dict:
        """`image` [n, 3, h, w], not clipped; `flows`: per level [backward; forward]; `warped`: both pictures."""
        pictures, features, flows = self.flows(x0, x1)
        n = x0.shape[0]
        scale = torch.cat((torch.full((n, 1, 1, 1), t), torch.full((n, 1, 1, 1), 1 - t))).to(x0.device)
        aligned, warped = [], []
        for level in range(self.config.fusion_pyramid_levels):
            flow = flows[level] * scale
            kind = features[level].dtype
            both = warp(torch.cat((pictures[level].to(kind), features[level]), dim=1), flow)
            warped.append(both[:, :3])
            back, fore = flow.chunk(2)
            aligned.append(torch.cat((*both.chunk(2), back, fore), dim=1).to(kind))
        return {"image": self.fuse(aligned).float(), "flows": flows, "warped": warped}


def start_at_blend(net: Film) -> None:
    """Zero flows, and a fusion that averages the warped pictures exactly; the rest is random and unseen at first."""
    config = net.config
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, a=0.2)
            nn.init.zeros_(module.bias)
    for estimator in [net.predict_flow._predictor, *net.predict_flow._predictors]:
        nn.init.zeros_(estimator._convs[-1][0].weight)
    second = config.aligned_channels(0) // 2 - 2  # where warped picture 1 begins in the aligned stack
    _, first_conv, second_conv = net.fuse.convs[-1]
    with torch.no_grad():
        first, then, out = first_conv[0].weight, second_conv[0].weight, net.fuse.output_conv.weight
        first[:6] = 0
        then[:6] = 0
        out *= 0
        for c in range(3):
            first[c, c, 1, 1] = 1
            first[3 + c, second + c, 1, 1] = 1
            out[c, c, 0, 0] = out[c, 3 + c, 0, 0] = 0.5
        for c in range(6):
            then[c, c, 1, 1] = 1


def start_at_gradients(net: Film, gain: float) -> None:
    """A first guess of the flow, in channels of its own: v = -gain * mean(sign(Ix It) min(k |Ix|, |It|)), x and y apart.

    One network of this size finds the product of the spatial and the temporal gradient by itself only after very many
    steps; a difference of absolute values has its sign and its order, and leaky ReLUs make those: l(z) + l(-z) = 0.8 |z|.
    """
    smooth = torch.tensor([1.0, 2.0, 1.0]) / 4
    blur = smooth[:, None] * smooth[None, :]
    slope_x = smooth[:, None] * torch.tensor([-1.0, 0.0, 1.0])[None, :] / 2
    scale, reach = 4.0, 2.0
    with torch.no_grad():
        luma, keep = (c[0] for c in net.extract.extract_sublevels.convs[0])
        luma.weight[0] = torch.tensor([0.299, 0.587, 0.114])[:, None, None] * blur
        keep.weight[0] = 0
        keep.weight[0, 0, 1, 1] = 1
        for estimator in [net.predict_flow._predictor, *net.predict_flow._predictors]:
            layers = [layer[0] for layer in estimator._convs]
            first, rest, narrow, last = layers[0], layers[1:-2], layers[-2], layers[-1]
            b = first.weight.shape[1] // 2
            for axis, slope in enumerate((slope_x, slope_x.T)):
                for k, (i, t) in enumerate(((1, 1), (-1, -1), (1, -1), (-1, 1))):
                    row = first.weight[4 * axis + k]
                    row[:] = 0
                    row[0] = scale * (i * reach * slope / 2 - t * blur)
                    row[b] = scale * (i * reach * slope / 2 + t * blur)
            # (+q, -q) of each axis, summed over the neighbourhood; from then on carried as a pair.
            source = torch.tensor([1.0, 1, -1, -1]) / 1.6
            for depth, layer in enumerate([*rest, narrow]):
                around = blur if layer.weight.shape[2] == 3 else torch.ones(1, 1)
                for axis in range(2):
                    for k, sign in enumerate((1, -1)):
                        row = layer.weight[2 * axis + k]
                        row[:] = 0
                        start = 4 * axis if depth == 0 else 2 * axis
                        taps = source if depth == 0 else torch.tensor([1.0, -1]) / 1.2
                        row[start : start + len(taps)] = sign * taps[:, None, None] * around
            for axis in range(2):
                last.weight[axis] = 0
                last.weight[axis, 2 * axis : 2 * axis + 2, 0, 0] = torch.tensor([-1.0, 1]) * gain / (1.2 * scale)
