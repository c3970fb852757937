"""Training samples for FILM: real triplets with flow from the true middle (OpenCV DIS), and rendered ones.

A sample is (x0, mid, x1) [3, c, c] in 0..1, flow [4, c, c] = pixels from the middle to x0 (dx, dy) and to x1, and a
weight [1, 1, 1]: 1 where the flow is exact (rendered), less where it is a teacher's guess.
"""

from pathlib import Path

import cv2
import numpy as np

from common import HELD_OUT, read_frames, read_index, usable_mids

GAPS = (1, 1, 2, 2, 3, 4, 5, 6, 8)
MOST_FRAMES = 360


def frame_store(data: Path, cache: Path) -> dict[str, np.ndarray]:
    """Every training clip's frames as one memory-mapped [n, h, w, 3] array; decoded once."""
    cache.mkdir(parents=True, exist_ok=True)
    store = {}
    for clip in read_index(data):
        if clip["file"] in HELD_OUT:
            continue
        path = cache / (clip["file"] + ".npy")
        if not path.exists():
            np.save(path, np.stack(read_frames(data / clip["file"], 0, MOST_FRAMES)))
        store[clip["file"]] = np.load(path, mmap_mode="r")
    return store


def half(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def triplet_store(data: Path, cache: Path, store: dict[str, np.ndarray], count: int, seed: int) -> tuple[list[dict], np.ndarray]:
    """`count` triplets {file, mid, gap, motion} and their flows at half size, float16 [count, 4, H, W] padded; computed once.

    Candidates are thinned so that large motion is not drowned: one that moves m pixels at its 90th percentile is kept
    with a chance that grows with m.
    """
    import json

    rows_path, flow_path = cache / f"triplets-{count}.json", cache / f"flows-{count}.npy"
    if not rows_path.exists():
        rng = np.random.default_rng(seed)
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        h = (max(v.shape[1] for v in store.values()) + 1) // 2
        w = (max(v.shape[2] for v in store.values()) + 1) // 2
        flows = np.lib.format.open_memmap(flow_path, "w+", np.float16, (count, 4, h, w))
        clips = [c for c in read_index(data) if c["file"] in store]
        mids = {(c["file"], g): [m for m in usable_mids(c, g) if m + g < len(store[c["file"]])] for c in clips for g in set(GAPS)}
        still = ["asl" in c["src_path"] for c in clips]
        chance = np.array([0.25 if s else np.sqrt(len(mids[c["file"], 1]) / 100) for c, s in zip(clips, still)])
        rows: list[dict] = []
        while len(rows) < count:
            clip = clips[rng.choice(len(clips), p=chance / chance.sum())]
            gap = int(rng.choice(GAPS))
            choices = mids[clip["file"], gap]
            if not choices:
                continue
            mid = int(rng.choice(choices))
            frames = store[clip["file"]]
            a, b, c = (cv2.cvtColor(half(frames[k]), cv2.COLOR_RGB2GRAY) for k in (mid - gap, mid, mid + gap))
            back = dis.calc(b, a, None)
            motion = 2 * float(np.percentile(np.abs(back).max(axis=2), 90))
            if rng.random() > 0.2 + motion / 8:
                continue
            both = np.concatenate((back, dis.calc(b, c, None)), axis=2).transpose(2, 0, 1)
            flows[len(rows), :, : a.shape[0], : a.shape[1]] = np.clip(both, -500, 500)
            rows.append({"file": clip["file"], "mid": mid, "gap": gap, "motion": motion})
        flows.flush()
        rows_path.write_text(json.dumps(rows))
    return json.loads(rows_path.read_text()), np.load(flow_path, mmap_mode="r")


class Samples:
    """Draws samples; everything random comes from one generator."""

    def __init__(self, data: Path, cache: Path, count: int, seed: int, gentle: bool = False):
        self.store = frame_store(data, cache)
        self.rows, self.flows = triplet_store(data, cache, self.store, count, seed)
        motion = np.array([r["motion"] for r in self.rows])
        # Beyond 60 px the teacher is mostly lost.
        weight = np.interp(motion, [0, 8, 20, 40, 60], [1.5, 1, 0.7, 0.2, 0] if gentle else [0.5, 1, 1, 0.4, 0])
        self.chance = np.cumsum(weight / weight.sum())
        self.files = list(self.store)
        self.rng = np.random.default_rng(seed)

    def batch(self, n: int, size: int, rendered: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pictures [3, n, 3, size, size], flows [n, 4, size, size], weights [n, 1, 1, 1]."""
        items = [self.rendered(size) if self.rng.random() < rendered else self.real(size) for _ in range(n)]
        pictures = np.stack([i[0] for i in items], axis=1).astype(np.float32) / 255
        return pictures, np.stack([i[1] for i in items]), np.array([i[2] for i in items], np.float32).reshape(n, 1, 1, 1)

    def real(self, size: int) -> tuple[np.ndarray, np.ndarray, float]:
        rng = self.rng
        h = w = 0
        while min(h, w) < size:
            index = min(int(np.searchsorted(self.chance, rng.random())), len(self.rows) - 1)
            row = self.rows[index]
            frames = self.store[row["file"]]
            h, w = frames.shape[1:3]
        # Halving brings far motion within reach of a small crop; the rest keeps the grain of real pixels.
        shrink = 2 if rng.random() < 0.4 and min(h, w) >= 2 * size else 1
        side = size * shrink
        y = 2 * int(rng.integers(0, (h - side) // 2 + 1))
        x = 2 * int(rng.integers(0, (w - side) // 2 + 1))
        crop = [frames[row["mid"] + k * row["gap"], y : y + side, x : x + side] for k in (-1, 0, 1)]
        flow = self.flows[index, :, y // 2 : (y + side) // 2, x // 2 : (x + side) // 2].astype(np.float32)
        if shrink == 2:
            crop = [half(np.ascontiguousarray(c)) for c in crop]
        else:
            flow = 2 * cv2.resize(flow.transpose(1, 2, 0), (size, size), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
        return (*self.augment(np.stack(crop).transpose(0, 3, 1, 2), flow), 0.5)

    def augment(self, pictures: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Flips, transposition, time reversed, colours permuted."""
        rng = self.rng
        flow = flow.reshape(2, 2, *flow.shape[1:])
        if rng.random() < 0.5:
            pictures, flow = pictures[..., ::-1], flow[..., ::-1] * np.float32([-1, 1])[:, None, None]
        if rng.random() < 0.5:
            pictures, flow = pictures[..., ::-1, :], flow[..., ::-1, :] * np.float32([1, -1])[:, None, None]
        if rng.random() < 0.5:
            pictures, flow = pictures.swapaxes(2, 3), flow.swapaxes(2, 3)[:, ::-1]
        if rng.random() < 0.5:
            pictures, flow = pictures[::-1], flow[::-1]
        if rng.random() < 0.3:
            pictures = pictures[:, rng.permutation(3)]
        return np.ascontiguousarray(pictures), np.ascontiguousarray(flow.reshape(4, *flow.shape[2:]))

    # -- rendered: textured layers that slide, turn and grow over each other --

    def texture(self, least: int) -> np.ndarray:
        frames = self.store[self.files[self.rng.integers(len(self.files))]]
        frame = frames[self.rng.integers(len(frames))]
        if self.rng.random() < 0.5 and min(frame.shape[:2]) >= 2 * least:
            frame = half(frame)
        return np.ascontiguousarray(frame)

    def motion(self, size: int, centre: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Texture-to-picture matrices [2, 3] at times 0 and 1; points between them move on straight lines."""
        rng = self.rng
        shift = rng.normal(size=2)
        shift *= rng.random() ** 1.5 * reach / max(np.hypot(*shift), 1e-6)
        angle, turn, grow = rng.uniform(-0.6, 0.6), rng.normal() * 0.06, rng.normal() * 0.04
        place = np.array([size, size]) * rng.uniform(0.2, 0.8, 2)
        out = []
        for side in (-1, 1):
            a, s = angle + side * turn, np.exp(side * grow)
            m = s * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
            out.append(np.column_stack((m, place + side * shift - m @ centre)))
        return out[0], out[1]

    def outline(self, shape: tuple[int, int], size: int) -> tuple[np.ndarray, np.ndarray]:
        """A mask of one blob or polygon on the texture, and its centre."""
        rng = self.rng
        centre = np.array([rng.uniform(0.3, 0.7) * shape[1], rng.uniform(0.3, 0.7) * shape[0]])
        corners = int(rng.integers(3, 10))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = size * rng.uniform(0.06, 0.4) * rng.uniform(0.5, 1.3, (corners, 1))
        points = centre + radius * np.stack((np.cos(angles), np.sin(angles)), 1) * rng.uniform(0.4, 1.6, 2)
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask, centre

    def rendered(self, size: int) -> tuple[np.ndarray, np.ndarray, float]:
        rng = self.rng
        pictures = [np.zeros((size, size, 3), np.float32) for _ in range(3)]
        flow = np.zeros((size, size, 2), np.float32)
        grid = np.stack(np.meshgrid(np.arange(size), np.arange(size)), 2).astype(np.float32)
        for layer in range(1 + int(rng.integers(0, 5))):
            texture = self.texture(size)
            if layer == 0:
                mask, centre = None, np.array(texture.shape[1::-1]) / 2
            else:
                mask, centre = self.outline(texture.shape[:2], size)
            m0, m1 = self.motion(size, centre, min(24, size * 0.2) if layer == 0 else min(44, size * 0.3))
            matrices = (m0, (m0 + m1) / 2, m1)
            for k, m in enumerate(matrices):
                border = cv2.BORDER_REFLECT_101
                drawn = cv2.warpAffine(texture, m, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
                if mask is None:
                    pictures[k] = drawn.astype(np.float32)
                    cover = np.ones((size, size), np.float32)
                else:
                    cover = cv2.warpAffine(mask, m, (size, size), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
                    pictures[k] += cover[:, :, None] * (drawn - pictures[k])
                if k == 1:
                    middle = cover > 0.5
            inverse = cv2.invertAffineTransform(matrices[1])
            source = grid @ inverse[:, :2].T + inverse[:, 2]
            moved = (source @ m0[:, :2].T + m0[:, 2] - grid).astype(np.float32)
            flow[middle] = moved[middle]
        stack = np.stack(pictures).round().astype(np.uint8).transpose(0, 3, 1, 2)
        both = np.concatenate((flow, -flow), axis=2).transpose(2, 0, 1)
        return (*self.augment(stack, both), 1.0)
