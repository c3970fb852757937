"""What CVI is trained on and scored by. Videos are [N, T, c, H, W] in 0..1 unless said; every loss is a number a sample, [N]."""

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

GREY = (0.299, 0.587, 0.114)


def flat(video: Tensor) -> Tensor:
    return video.reshape(-1, *video.shape[2:])


def a_sample(value: Tensor, count: int) -> Tensor:
    return value.reshape(count, -1).mean(1)


def grey(video: Tensor) -> Tensor:
    """[N * T, 1, H, W]"""
    x = flat(video)
    if x.shape[1] == 1:
        return x
    return (x * torch.tensor(GREY)[:, None, None]).sum(1, keepdim=True)


def blurred(x: Tensor) -> Tensor:
    row = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = (row[:, None] * row)[None, None].expand(x.shape[1], 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), "replicate"), kernel, stride=2, groups=x.shape[1])


def laplacian(a: Tensor, b: Tensor, levels: int = 4) -> Tensor:
    """L1 of the Laplacian pyramid of the difference, coarse levels twice as heavy as the finer."""
    difference, total = flat(a - b), 0.0
    for level in range(levels - 1):
        small = blurred(difference)
        band = difference - F.interpolate(small, size=difference.shape[2:], mode="bilinear", align_corners=False)
        total = total + 2**level * a_sample(band.abs(), len(a))
        difference = small
    return total + 2 ** (levels - 1) * a_sample(difference.abs(), len(a))


def census(a: Tensor, b: Tensor) -> Tensor:
    """Distance of the soft ternary 3x3 census of the luma."""

    def transform(x: Tensor) -> Tensor:
        x = grey(x) * 255
        around = F.pad(x, (1, 1, 1, 1), "replicate")
        h, w = x.shape[2:]
        d = torch.cat([around[:, :, i : i + h, j : j + w] - x for i in range(3) for j in range(3) if (i, j) != (1, 1)], 1)
        return d * torch.rsqrt(0.81 * 16 + d * d)

    squared = (transform(a) - transform(b)) ** 2
    return a_sample(squared / (0.1 + squared), len(a))


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Gradient magnitude similarity of the halved luma, [N * T, 1, h, w]: what GMSD is the deviation of."""

    def magnitude(x: Tensor) -> Tensor:
        x = F.avg_pool2d(grey(x), 2)
        down = torch.tensor([[1.0, 1, 1], [0, 0, 0], [-1, -1, -1]]) / 3
        g = F.conv2d(x, torch.stack((down, down.T))[:, None], padding=1)
        return g.square().sum(1, keepdim=True)

    p, q = magnitude(a), magnitude(b)
    c = 170 / 255**2
    return (2 * (p * q + 1e-8).sqrt() + c) / (p + q + c)


def structure(a: Tensor, b: Tensor) -> Tensor:
    """Mean loss of gradient similarity and its deviation (GMSD)."""
    s = similarity(a, b).flatten(1)
    return a_sample(1 - s.mean(1) + ((s - s.mean(1, keepdim=True)).square().mean(1) + 1e-6).sqrt(), len(a))


def temporal(a: Tensor, b: Tensor) -> Tensor:
    """L1 of how neighbouring frames differ."""
    return a_sample(((a[:, 1:] - a[:, :-1]) - (b[:, 1:] - b[:, :-1])).abs(), len(a))


def smoothness(flow: Tensor, truth: Tensor) -> Tensor:
    """How uneven the motion [N, T, 4, H, W] is where the picture is even; pixels."""
    x, f = grey(truth).view(*truth.shape[:2], 1, *truth.shape[3:]), flow
    across = (f[..., 1:] - f[..., :-1]).abs() * (-10 * (x[..., 1:] - x[..., :-1]).abs()).exp()
    down = (f[..., 1:, :] - f[..., :-1, :]).abs() * (-10 * (x[..., 1:, :] - x[..., :-1, :]).abs()).exp()
    return a_sample(across, len(flow)) + a_sample(down, len(flow))


def taught(flow: Tensor, teacher: Tensor) -> Tensor:
    """Robust distance in pixels to the teacher's int8 quarters [N, T, 4, H, W], where it knows; what moves counts sevenfold."""
    known = (teacher[:, :, ::2] != -128).float()
    known = known * (1 + 6 * (teacher.float().abs().unflatten(2, (2, 2)).amax(3) >= 4))
    off = (flow - teacher.float() / 4).unflatten(2, (2, 2)).square().sum(3)
    distance = (off + 0.01).sqrt().clamp(max=12) * known
    return distance.flatten(1).sum(1) / known.flatten(1).sum(1).clamp(min=1)


class VideoDiscriminator(nn.Module):
    """[N, c, 16, H, W] in -1..1 -> judgement of places, and the features on the way."""

    def __init__(self, channels: int, widths: tuple[int, ...] = (16, 32, 64)):
        super().__init__()
        pairs = zip((channels, *widths), widths)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.spectral_norm(nn.Conv3d(i, o, (3, 4, 4), (1, 2, 2), 1)) for i, o in pairs
        )
        self.judge = nn.utils.parametrizations.spectral_norm(nn.Conv3d(widths[-1], 1, 3, padding=1))

    def forward(self, video: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            video = F.leaky_relu(layer(video), 0.2)
            features.append(video)
        return self.judge(video).float(), features


# ---- figures of byte videos [T, H, W, 3], by the definitions of app/core/score/metrics.ts


def grey8(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def gmsd(a: np.ndarray, b: np.ndarray) -> float:
    """Of two byte pictures; zeros lie outside."""

    def magnitude(x: np.ndarray) -> np.ndarray:
        x = cv2.resize(grey8(x).astype(np.float64), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        k = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]]) / 3
        gy, gx = (cv2.filter2D(x, -1, kernel, borderType=cv2.BORDER_CONSTANT) for kernel in (k, k.T))
        return gx * gx + gy * gy

    p, q = magnitude(a), magnitude(b)
    return float(((2 * np.sqrt(p * q) + 170) / (p + q + 170)).std())


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    x, y = grey8(a).astype(np.float64), grey8(b).astype(np.float64)
    blur = lambda v: cv2.GaussianBlur(v, (11, 11), 1.5)
    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))).mean())


def neighbour_flow(video: np.ndarray) -> np.ndarray:
    """DIS from each frame to the next, [T - 1, H, W, 2], at twice the size."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    big = [cv2.resize(grey8(f), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for f in video]
    return np.stack([dis.calc(a, b, None) for a, b in zip(big, big[1:])]) / 2
