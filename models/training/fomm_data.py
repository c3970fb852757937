"""What fomm.py learns from and is measured on: triples (still, true frame between, still) of the windows of motion_data.py."""

from pathlib import Path

import cv2
import numpy as np

import motion_data
from motion_data import SIZE, UNKNOWN

RENDERED, SEED = 6000, 7
SHARES = {"weizmann_mini": 0.26, "ud810_ps7": 0.12, "fight_surv_160": 0.16, "asl_intel": 0.05, "train": 0.16, "rendered": 0.25}
LAST = motion_data.LENGTH - 1


class Triples:
    """Batches of three frames, their time, and the flow from the middle one to the stills where it is known: exact for rendered
    windows, DIS followed from frame to frame for real ones (motion_data.teacher_flow)."""

    def __init__(self, clips: Path, cache: Path, seed: int):
        self.random = np.random.default_rng(seed)
        pixels, names = motion_data.windows(clips, "train", cache)
        self.pixels = {"real": pixels}
        self.flows = {"real": motion_data.taught(pixels, cache / "windows-train-flow.npy")}
        self.pixels["rendered"], self.flows["rendered"] = motion_data.rendered(clips, RENDERED, SEED, cache)
        self.pools: dict[str, list[int]] = {"rendered": list(range(RENDERED))}
        for i, name in enumerate(names):
            self.pools.setdefault(name.split("/")[0], []).append(i)
        self.kinds = [k for k in SHARES if k in self.pools]
        share = np.array([SHARES[k] for k in self.kinds])
        self.shares = share / share.sum()

    def pick(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Three frames, flow [h, w, 4] in quarters of a pixel, the middle's time. Half of the triples span the window; the others
        end or begin within it, and the flow to the still that is not the window's end is unknown."""
        r = self.random
        kind = self.kinds[r.choice(len(self.kinds), p=self.shares)]
        pool = self.pools[kind]
        source = "rendered" if kind == "rendered" else "real"
        window = pool[r.integers(len(pool))]
        first, last = 0, LAST
        if r.random() < 0.5:
            span = int(r.integers(3, LAST))
            first, last = (0, span) if r.random() < 0.5 else (LAST - span, LAST)
        middle = int(r.integers(first + 1, last))
        flow = np.array(self.flows[source][window, middle - 1])
        if last != LAST:
            flow[..., 2:] = UNKNOWN
        if first != 0:
            flow[..., :2] = UNKNOWN
        return self.pixels[source][window][[first, middle, last]], flow, (middle - first) / (last - first)

    def vary(self, frames: np.ndarray, flow: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Turned, scaled, mirrored, exchanged and coloured by chance; flow in pixels and where it is known [h, w, 2 stills]."""
        r = self.random
        if r.random() < 0.5:
            frames, flow, t = frames[::-1], flow[..., [2, 3, 0, 1]], 1 - t
        known = flow[..., [0, 2]] != UNKNOWN
        pixels = flow.astype(np.float32) / 4
        turn = np.eye(2, 3, dtype=np.float64)
        if r.random() < 0.5:
            centre = (SIZE - 1) / 2
            turn = cv2.getRotationMatrix2D((centre, centre), float(np.degrees(r.normal(0, 0.1))), float(np.exp(r.uniform(-0.2, 0.35))))
            turn[:, 2] += r.uniform(-8, 8, 2)
        if r.random() < 0.5:
            turn = np.array([[-1, 0, SIZE - 1], [0, 1, 0]]) @ np.vstack((turn, [0, 0, 1]))
        if not np.array_equal(turn, np.eye(2, 3)):
            size = (SIZE, SIZE)
            frames = np.stack([cv2.warpAffine(f, turn, size, borderMode=cv2.BORDER_REFLECT_101) for f in frames])
            pixels = cv2.warpAffine(pixels, turn, size, flags=cv2.INTER_NEAREST)
            known = cv2.warpAffine(known.astype(np.uint8), turn, size, flags=cv2.INTER_NEAREST) > 0
            pixels = (pixels.reshape(SIZE, SIZE, 2, 2) @ turn[:, :2].T.astype(np.float32)).reshape(SIZE, SIZE, 4)
        if r.random() < 0.8:
            gain, lift = r.uniform(0.75, 1.25, 3) * r.uniform(0.8, 1.15), r.uniform(-20, 20)
            frames = np.clip(frames * gain.astype(np.float32) + np.float32(lift), 0, 255).astype(np.uint8)
        return frames, pixels, known, t

    def batch(self, count: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
        """First, middle and last frames uint8 [count, h, w, 3] each, times [count], flow to the stills float32 [2 count, h, w, 2]
        in pixels (first stills, then last), trust [2 count, h, w]."""
        rows = [self.vary(*self.pick()) for _ in range(count)]
        frames = [np.stack([row[0][k] for row in rows]) for k in range(3)]
        flow, known = (np.stack([row[k] for row in rows]) for k in (1, 2))
        flows = np.concatenate((flow[..., :2], flow[..., 2:]))
        trust = np.concatenate((known[..., 0], known[..., 1])).astype(np.float32)
        return frames, np.array([row[3] for row in rows], np.float32), flows, trust


def dev_windows(clips: Path, cache: Path, count: int = 40) -> list[np.ndarray]:
    """Windows of the dev split, uint8 [16, h, w, 3], spread evenly over its clips; half of them of the Weizmann person."""
    pixels, names = motion_data.windows(clips, "dev", cache)
    order = np.argsort(names)
    person = [i for i in order if names[i].startswith("weizmann")]
    others = [i for i in order if not names[i].startswith("weizmann")]
    spread = lambda pool, n: [pool[k] for k in np.linspace(0, len(pool) - 1, min(n, len(pool))).astype(int)]  # noqa: E731
    return [np.array(pixels[i]) for i in spread(person, count // 2) + spread(others, count - count // 2)]
