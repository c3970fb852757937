"""What fomm.py learns from and is measured on: triples (still, true frame between, still) of the windows of motion_data.py and
of the figures of fomm_figures.py."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import motion_data
from fomm_figures import MIRRORED, figures
from motion_data import SIZE, UNKNOWN

RENDERED, SEED = 6000, 7
FIGURES, FIGURES_SEED = 4000, 11
SHARES = {
    "figures": 0.2,
    "rendered": 0.04,
    "weizmann_mini": 0.32,
    "ud810_ps7": 0.19,
    "fight_surv_160": 0.15,
    "asl_intel": 0.03,
    "train": 0.07,
}
LAST = motion_data.LENGTH - 1


@dataclass
class Triple:
    """Frames uint8 [3, h, w, 3], flow of the middle one to both stills [h, w, 4] in quarters of a pixel, its time, the limbs of a
    rendered figure [3, 10, 6] (NaN where there is none)."""

    frames: np.ndarray
    flow: np.ndarray
    t: float
    limbs: np.ndarray


@dataclass
class Batch:
    """First, middle and last frames uint8 [n, h, w, 3] each; times [n]; flow to the stills float32 [2 n, h, w, 2] in pixels (first
    stills, then last) and its trust [2 n, h, w]; limbs of first, middle and last frames float32 [3 n, 10, 6], x and y in -1..1."""

    frames: list[np.ndarray]
    t: np.ndarray
    flows: np.ndarray
    trust: np.ndarray
    limbs: np.ndarray


class Triples:
    """Batches of three frames and what is known of them: the motion, exact for rendered windows, DIS followed from frame to frame
    for real ones (motion_data.teacher_flow), and the limbs of figures."""

    def __init__(self, clips: Path, cache: Path, seed: int, shares: dict[str, float] = SHARES, whole: float = 0.5):
        self.random, self.whole = np.random.default_rng(seed), whole
        real, names = motion_data.windows(clips, "train", cache)
        taught = motion_data.taught(real, cache / "windows-train-flow.npy")
        *drawn, self.limbs = figures(clips, FIGURES, FIGURES_SEED, cache)
        self.sources = {"rendered": motion_data.rendered(clips, RENDERED, SEED, cache), "figures": tuple(drawn)}
        self.pools = {name: list(range(len(rows[0]))) for name, rows in self.sources.items()}
        for i, name in enumerate(names):
            self.pools.setdefault(name.split("/")[0], []).append(i)
        self.sources |= {name: (real, taught) for name in self.pools if name not in self.sources}
        self.kinds = [k for k in shares if k in self.pools]
        self.shares = np.array([shares[k] for k in self.kinds])
        self.shares /= self.shares.sum()

    def favour(self, kind: str, share: float) -> None:
        """Gives one kind its share of the batches and divides the rest as SHARES has it."""
        rest = np.array([0.0 if k == kind else SHARES[k] for k in self.kinds])
        self.shares = rest / rest.sum() * (1 - share)
        self.shares[self.kinds.index(kind)] = share

    def pick(self) -> Triple:
        """`whole` of the triples span the window; the others end or begin within it, and the flow to the still that is not the
        window's end is unknown."""
        r = self.random
        kind = self.kinds[r.choice(len(self.kinds), p=self.shares)]
        pixels, flows = self.sources[kind]
        window = self.pools[kind][r.integers(len(self.pools[kind]))]
        first, last = 0, LAST
        if r.random() >= self.whole:
            span = int(r.integers(3, LAST))
            first, last = (0, span) if r.random() < 0.5 else (LAST - span, LAST)
        middle = int(r.integers(first + 1, last))
        flow = np.array(flows[window, middle - 1])
        if last != LAST:
            flow[..., 2:] = UNKNOWN
        if first != 0:
            flow[..., :2] = UNKNOWN
        chosen = [first, middle, last]
        limbs = self.limbs[window][chosen] if kind == "figures" else np.full((3, len(MIRRORED), 6), np.nan, np.float32)
        return Triple(pixels[window][chosen], flow, (middle - first) / (last - first), limbs)

    def vary(self, x: Triple) -> tuple[Triple, np.ndarray]:
        """Turned, scaled, mirrored, exchanged, blurred and coloured by chance, flow now in pixels; and where it is known
        [h, w, 2 stills]."""
        r, size = self.random, (SIZE, SIZE)
        frames, flow, t, limbs = x.frames, x.flow, x.t, x.limbs
        if r.random() < 0.5:
            frames, flow, t, limbs = frames[::-1], flow[..., [2, 3, 0, 1]], 1 - t, limbs[::-1]
        known = flow[..., [0, 2]] != UNKNOWN
        flow = flow.astype(np.float32) / 4
        if r.random() < 0.6:
            centre, angle = (SIZE - 1) / 2, float(np.degrees(r.normal(0, 0.1)))
            turn = cv2.getRotationMatrix2D((centre, centre), angle, float(np.exp(r.uniform(-0.3, 0.35))))
            turn[:, 2] += r.uniform(-8, 8, 2)
            frames = np.stack([cv2.warpAffine(f, turn, size, borderMode=cv2.BORDER_REFLECT_101) for f in frames])
            flow = cv2.warpAffine(flow, turn, size, flags=cv2.INTER_NEAREST)
            known = cv2.warpAffine(known.astype(np.uint8), turn, size, flags=cv2.INTER_NEAREST) > 0
            flow = (flow.reshape(SIZE, SIZE, 2, 2) @ turn[:, :2].T.astype(np.float32)).reshape(SIZE, SIZE, 4)
            place = limbs[..., :2] @ turn[:, :2].T + turn[:, 2]
            jacobian = turn[:, :2] @ limbs[..., 2:].reshape(3, -1, 2, 2)
            limbs = np.concatenate((place, jacobian.reshape(3, -1, 4)), -1)
        if r.random() < 0.5:
            frames, known = frames[:, :, ::-1], known[:, ::-1]
            flow = flow[:, ::-1] * np.array([-1, 1, -1, 1], np.float32)
            limbs = limbs[:, MIRRORED] * np.array([-1, 1, 1, -1, -1, 1], np.float32)
            limbs[..., 0] += SIZE - 1
        return Triple(self.colour(frames), flow, t, limbs), known

    def colour(self, frames: np.ndarray) -> np.ndarray:
        r = self.random
        out = frames.astype(np.float32)
        if r.random() < 0.15:
            out = np.repeat(out @ np.float32([0.299, 0.587, 0.114])[:, None], 3, axis=-1)
        if r.random() < 0.8:
            gain, lift = r.uniform(0.75, 1.25, 3) * r.uniform(0.7, 1.15), r.uniform(-20, 20)
            out = out * gain.astype(np.float32) + np.float32(lift)
        if r.random() < 0.3:
            sigma = r.uniform(0.3, 1.0)
            out = np.stack([cv2.GaussianBlur(f, (5, 5), sigma) for f in out]) + r.normal(0, r.uniform(0, 6), out.shape)
        return np.clip(out, 0, 255).astype(np.uint8)

    def batch(self, count: int) -> Batch:
        rows = [self.vary(self.pick()) for _ in range(count)]
        frames = [np.stack([x.frames[k] for x, _ in rows]) for k in range(3)]
        flow, known = np.stack([x.flow for x, _ in rows]), np.stack([k for _, k in rows])
        limbs = np.concatenate([np.stack([x.limbs[k] for x, _ in rows]) for k in range(3)]).astype(np.float32)
        limbs[..., :2] = limbs[..., :2] * (2 / (SIZE - 1)) - 1
        return Batch(
            frames,
            np.array([x.t for x, _ in rows], np.float32),
            np.concatenate((flow[..., :2], flow[..., 2:])),
            np.concatenate((known[..., 0], known[..., 1])).astype(np.float32),
            limbs,
        )


def dev_windows(clips: Path, cache: Path, count: int = 40, split: str = "dev") -> list[np.ndarray]:
    """Windows of the dev split, uint8 [16, h, w, 3], spread evenly over its clips; half of them of Weizmann persons."""
    return [window for _, window in named_windows(clips, cache, count, split)]


def named_windows(clips: Path, cache: Path, count: int, split: str) -> list[tuple[str, np.ndarray]]:
    """The same with the folder each comes from."""
    pixels, names = motion_data.windows(clips, split, cache)
    order = np.argsort(names)
    person = [i for i in order if names[i].startswith("weizmann")]
    others = [i for i in order if not names[i].startswith("weizmann")]
    spread = lambda pool, n: [pool[k] for k in np.linspace(0, len(pool) - 1, min(n, len(pool))).astype(int)]  # noqa: E731
    chosen = spread(person, count // 2) + spread(others, count - count // 2)
    return [(names[i].split("/")[0], np.array(pixels[i])) for i in chosen]
