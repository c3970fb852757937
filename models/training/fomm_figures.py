"""Rendered figures whose limbs are known: what fomm.py learns the places and turns of key points from at first.

A figure of motion_render.py has ten limbs, as many as the network has key points. Key point k of a figure is the middle of limb k;
its jacobian is the limb's turn from hanging straight down (standing upright, for torso and head) times the figure's size, so that
J_source J_driving^-1 is how the limb moves. Limbs are left and right as seen, so mirroring exchanges them.
"""

from pathlib import Path

import numpy as np

from motion_data import photographs
from motion_render import PATCH, backdrop, draw, exact_flow, figure, sprite

# Layers of motion_render.figure, in its order: arm_r fore_r thigh_r shin_r thigh_l shin_l torso head arm_l fore_l.
MIRRORED = [8, 9, 4, 5, 2, 3, 6, 7, 0, 1]
UPRIGHT = (6, 7)
TORSO = 6


def limbs_of(layers: list) -> np.ndarray:
    """float32 [16, 10, 6]: x, y in pixels of 64, and the jacobian a, b, c, d, of the ten layers of a figure."""
    matrices = np.stack([m for _, m in layers], 1)  # 16, 10, 2, 3
    middle = np.array([(PATCH - 1) / 2, (PATCH - 1) / 2, 1])
    place = ((matrices @ middle) + 0.5) / 2 - 0.5
    along = matrices[..., 0]
    angle = np.arctan2(along[..., 1], along[..., 0]) - np.pi / 2
    angle[:, UPRIGHT] += np.pi
    height = np.linalg.norm(along[:, TORSO], axis=-1) * (PATCH - 20) / 0.3
    size = (height / 100)[:, None]
    cos, sin = np.cos(angle) * size, np.sin(angle) * size
    return np.concatenate((place, np.stack((cos, -sin, sin, cos), -1)), -1).astype(np.float32)


def figures(clips: Path, count: int, seed: int, cache: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows uint8 [n, 16, 64, 64, 3], flow as in motion_data.py int8 [n, 14, 64, 64, 4], limbs float32 [n, 16, 10, 6]."""
    paths = [cache / f"figures-{count}-{seed}{tail}.npy" for tail in ("", "-flow", "-limbs")]
    if not paths[-1].exists():
        photos, random, rows = photographs(clips), np.random.default_rng(seed), []
        for _ in range(count):
            limbs = figure(photos, random)
            before = [sprite(photos, random)] if random.random() < 0.15 else []
            after = [sprite(photos, random)] if random.random() < 0.1 else []
            layers = [backdrop(photos, random), *before, *limbs, *after]
            frames, owner = draw(layers)
            rows.append((frames, exact_flow(layers, owner), limbs_of(limbs)))
        cache.mkdir(parents=True, exist_ok=True)
        for path, column in zip(paths, zip(*rows, strict=True), strict=True):
            np.save(path, np.stack(column))
    pixels, flow, limbs = (np.load(path, mmap_mode="r") for path in paths)
    return pixels, flow, limbs


