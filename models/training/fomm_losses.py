"""Losses and scores of fomm.py: pyramid, census, equivariance under thin-plate splines, a small discriminator;
and GMSD, SSIM and the error of flow between consecutive frames, as numbers of a 16-frame window.

Pictures are R'G'B' floats [b, c, h, w] in 0..1, windows uint8 [frames, h, w, 3].
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common import psnr
from fomm_net import KPDetector, KeyPoints, gaussians, grid_of, inverse


def laplacian_l1(a: Tensor, b: Tensor, levels: int = 4) -> Tensor:
    """Mean over the pictures of L1 of the levels of a Laplacian pyramid, coarser ones weighing more: [b]."""
    x, total = a - b, 0.0
    for k in range(levels):
        small = F.avg_pool2d(x, 2)
        detail = x - F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + 2**k * detail.abs().mean((1, 2, 3))
        x = small
    return total + 2**levels * x.abs().mean((1, 2, 3))


def census(a: Tensor, b: Tensor) -> Tensor:
    """Soft ternary census distance of 5x5 neighbourhoods of the luma: [b, 1, h, w] in 0..1."""

    def signs(x: Tensor) -> Tensor:
        grey = x.mean(1, keepdim=True) * 255
        near = F.unfold(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 5).view(len(x), 25, *x.shape[2:])
        away = near - grey
        return away / torch.sqrt(0.81 + away.square())

    d = (signs(a) - signs(b)).square()
    return (d / (0.1 + d)).mean(1, keepdim=True)


class Spline:
    """A random affine map and thin-plate spline a sample, wider than the published one (sigma_affine 0.05, sigma_tps 0.005; 5x5 points):
    64 pixels are few, and points that follow far moves are learnt sooner."""

    def __init__(self, count: int, like: Tensor, affine: float = 0.12, tps: float = 0.008, points: int = 5):
        noise = torch.randn(count, 2, 3, device=like.device) * affine * torch.tensor([1, 1, 1.5])
        self.theta = noise + torch.eye(2, 3, device=like.device)
        self.control = grid_of(points, points, like).reshape(1, 1, -1, 2)
        self.weights = torch.randn(count, 1, points * points, device=like.device) * tps

    def coordinates(self, at: Tensor) -> Tensor:
        """Where the points [b, n, 2] go."""
        moved = at @ self.theta[:, :, :2].transpose(1, 2) + self.theta[:, None, :, 2]
        d = (at[:, :, None] - self.control).abs().sum(-1)
        return moved + (d.square() * torch.log(d + 1e-6) * self.weights).sum(2, keepdim=True)

    def frame(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        grid = self.coordinates(grid_of(h, w, x).reshape(1, -1, 2).expand(len(x), -1, -1)).view(-1, h, w, 2)
        return F.grid_sample(x, grid, padding_mode="reflection", align_corners=True)

    def jacobian(self, at: Tensor, step: float = 0.01) -> Tensor:
        """Central differences [b, n, 2, 2] at the points."""
        axes = torch.eye(2, device=at.device) * step
        columns = [(self.coordinates(at + axis) - self.coordinates(at - axis)) / (2 * step) for axis in axes]
        return torch.stack(columns, -1)


def equivariance(detector: KPDetector, picture: Tensor, kp: KeyPoints, heat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How far key points, jacobians and heat maps of a picture are from those of the picture moved by a spline."""
    spline = Spline(len(picture), picture)
    with torch.autocast("cpu", enabled=False):
        frame = spline.frame(picture)
    moved, moved_heat = detector.detect(frame)
    with torch.autocast("cpu", enabled=False):
        h, w = heat.shape[2:]
        grid = spline.coordinates(grid_of(h, w, heat).reshape(1, -1, 2).expand(len(heat), -1, -1)).view(-1, h, w, 2)
        alike = carried(heat, moved_heat, grid, torch.ones_like(grid[..., 0]))
        value = (kp["value"] - spline.coordinates(moved["value"])).abs().mean()
        chained = spline.jacobian(moved["value"]) @ moved["jacobian"]
        there = inverse(kp["jacobian"]) @ chained
        return value, (torch.eye(2, device=there.device) - there).abs().mean(), alike


def carried(heat: Tensor, other: Tensor, grid: Tensor, known: Tensor) -> Tensor:
    """Cross entropy of the heat maps `other` against `heat` carried there along `grid` [b, h, w, 2] (where in `heat` each place of
    `other` is found), places with `known` 0 left out. Least where both are narrow and follow the picture: heat maps that are wide
    or that stay in place, which the distance of their centres alone hardly moves, are drawn to what they can follow."""
    target = F.grid_sample(heat, grid, align_corners=True) * known[:, None]
    mass = target.sum((2, 3))
    entropy = -(target * torch.log(other + 1e-6)).sum((2, 3))
    return (entropy / (mass + 0.05)).mean()


def followed(heat: Tensor, stills: Tensor, flows: Tensor, trust: Tensor) -> Tensor:
    """`carried` along known motion: of the middle frames' heat maps against the stills'; flows [b, h, w, 2] in pixels."""
    h, w = heat.shape[2:]
    maps = torch.cat((flows, trust[..., None]), -1).permute(0, 3, 1, 2)
    maps = F.interpolate(maps, size=(h, w), mode="bilinear", align_corners=True)
    scale = torch.tensor([2 / (flows.shape[2] - 1), 2 / (flows.shape[1] - 1)])
    grid = grid_of(h, w, heat) + maps[:, :2].permute(0, 2, 3, 1) * scale
    return carried(stills, heat, grid, (maps[:, 2] > 0.9).float())


def tracked(kp: KeyPoints, still: KeyPoints, flows: Tensor, trust: Tensor) -> Tensor:
    """How far the points of the stills are from where known motion takes the points of the middle frame: flows [b, h, w, 2] in
    pixels, trust [b, h, w]; the points are [b, k, 2]. Those that move weigh more."""
    h, w = flows.shape[1:3]
    at = kp["value"].detach()[:, :, None]
    maps = torch.cat((flows, trust[..., None]), -1).permute(0, 3, 1, 2)
    found = F.grid_sample(maps, at, padding_mode="border", align_corners=True)[..., 0].transpose(1, 2)
    there = kp["value"] + found[..., :2] * torch.tensor([2 / (w - 1), 2 / (h - 1)])
    sure = (found[..., 2] > 0.9).float() * (1 + found[..., :2].norm(dim=2).clamp(max=8))
    return (sure[..., None] * (still["value"] - there).abs()).mean()


def chosen(out: dict[str, Tensor], flows: Tensor, trust: Tensor) -> Tensor:
    """Negative log likelihood of known motion (flows [b, h, w, 2] in pixels) under the mixture of the key points' motions that the
    mask makes, moving places weighing more. The deformation alone is the mean of the mixture, and hardly teaches a mask that has
    settled on the background to let go of it."""
    motions, mask = out["motions"], out["mask"]
    h, w = mask.shape[2:]
    maps = torch.cat((flows, trust[..., None]), -1).permute(0, 3, 1, 2)
    maps = F.interpolate(maps, size=(h, w), mode="bilinear", align_corners=True).permute(0, 2, 3, 1)
    half = torch.tensor([(flows.shape[2] - 1) / 2, (flows.shape[1] - 1) / 2])
    moved = (motions - grid_of(h, w, mask)) * half
    away = ((moved - maps[:, None, ..., :2]).square().sum(-1) + 0.01).sqrt()
    nll = -torch.logsumexp(torch.log(mask + 1e-8) - away, 1)
    weight = (maps[..., 2] > 0.9).float() * (1 + maps[..., :2].norm(dim=3).clamp(max=6))
    return (weight * nll.clamp(max=12)).mean()


def limb_loss(kp: KeyPoints, heat: Tensor, limbs: Tensor) -> Tensor:
    """How far key points are from the limbs of rendered figures, [n, 10, 6] (NaN where there is none): L1 of the places and of the
    jacobians, cross entropy of the heat maps against a narrow Gaussian."""
    place = limbs[..., :2]
    known = (place.abs() < 1.0).all(-1)
    if not known.any():
        return heat.new_zeros(())
    jacobian = (kp["jacobian"].flatten(2)[known] - limbs[..., 2:][known]).abs().mean()
    target = gaussians(torch.where(known[..., None], place, torch.zeros_like(place)), *heat.shape[2:], variance=0.005)
    target = target / target.sum((2, 3), keepdim=True)
    entropy = -(target * torch.log(heat + 1e-6)).sum((2, 3))[known].mean()
    return 5 * (kp["value"][known] - place[known]).abs().mean() + 0.2 * entropy + jacobian


def coverage(kp: KeyPoints, flows: Tensor, trust: Tensor) -> Tensor:
    """Mean squared distance of moving pixels to the nearest key point; draws the points out to what moves."""
    moves = trust * flows.square().sum(-1).sqrt().clamp(max=4) / 4
    moves = F.avg_pool2d(torch.where(moves > 0.15, moves, torch.zeros_like(moves))[:, None], 4)
    h, w = moves.shape[2:]
    away = (kp["value"][:, :, None] - grid_of(h, w, moves).reshape(1, 1, -1, 2)).square().sum(-1)
    nearest = (F.softmax(-away.detach() / 0.02, 1) * away).sum(1)
    weight = moves.flatten(1)
    return (nearest * weight).sum() / (weight.sum() + 1.0)


def crowding(kp: KeyPoints, room: float = 0.18) -> Tensor:
    """Points of one picture nearer to one another than `room` push each other away."""
    v = kp["value"]
    away = ((v[:, :, None] - v[:, None]).square().sum(-1) + 1e-6).sqrt() + torch.eye(v.shape[1])
    return (F.relu(room - away) / room).square().mean()


class Discriminator(nn.Module):
    """Four strided convolutions over 64-pixel pictures; gives the features of every one and the map of scores."""

    def __init__(self, channels: int, width: int = 24):
        super().__init__()
        widths = [channels, width, width * 2, width * 3]
        norm = nn.utils.parametrizations.spectral_norm
        self.blocks = nn.ModuleList(norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in zip(widths, widths[1:], strict=False))
        self.last = norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        features = []
        for block in self.blocks:
            x = F.leaky_relu(block(x), 0.2)
            features.append(x)
        return features, self.last(x)


_dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """DIS flow [h, w, 2] in pixels from one byte picture to another, found at twice the size."""
    h, w = a.shape[:2]
    grey = [cv2.resize(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), (2 * w, 2 * h), interpolation=cv2.INTER_CUBIC) for p in (a, b)]
    return cv2.resize(_dis.calc(*grey, None), (w, h), interpolation=cv2.INTER_AREA) / 2


def gmsd(a: np.ndarray, b: np.ndarray) -> float:
    """Gradient magnitude similarity deviation of the lumas of two byte pictures; 0 where they are equal."""
    lumas = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (a, b)]
    lumas = [cv2.resize(p, (p.shape[1] // 2, p.shape[0] // 2), interpolation=cv2.INTER_AREA) for p in lumas]
    kernel = np.array([[1, 0, -1]] * 3, np.float32) / 3
    m0, m1 = (np.hypot(cv2.filter2D(p, -1, kernel), cv2.filter2D(p, -1, kernel.T)) for p in lumas)
    return float(np.std((2 * m0 * m1 + 170) / (m0**2 + m1**2 + 170)))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Of the lumas, 11x11 Gaussian windows of sigma 1.5."""
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (a, b))
    mean = lambda p: cv2.GaussianBlur(p, (11, 11), 1.5)  # noqa: E731
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


def window_scores(made: np.ndarray, true: np.ndarray, flows: list[np.ndarray] | None = None) -> dict[str, float]:
    """PSNR, SSIM, GMSD of the middle frames, and the mean end-point error of the flow between consecutive frames against that
    of the true window (`flows` where it is known already)."""
    flows = flows or true_flows(true)
    pairs = list(zip(made[1:-1], true[1:-1], strict=True))
    errors = [np.linalg.norm(flow(a, b) - f, axis=2).mean() for a, b, f in zip(made, made[1:], flows, strict=False)]
    return {
        "psnr": float(np.mean([psnr(a, b) for a, b in pairs])),
        "ssim": float(np.mean([ssim(a, b) for a, b in pairs])),
        "gmsd": float(np.mean([gmsd(a, b) for a, b in pairs])),
        "flow": float(np.mean(errors)),
    }


def true_flows(true: np.ndarray) -> list[np.ndarray]:
    return [flow(a, b) for a, b in zip(true, true[1:], strict=False)]


def blend_window(true: np.ndarray) -> np.ndarray:
    """The ends cross-faded over the window's length."""
    t = np.linspace(0, 1, len(true))[:, None, None, None]
    return np.round(true[0] * (1 - t) + true[-1] * t).astype(np.uint8)
