"""What movinet.py learns from and is judged by: real clips of clips/actions and clips/train, and rendered people (actions_render.py).

    rendered(CLIPS, split, chunk, cache)  -> uint8 [n, FRAMES, SIDE, SIDE, 3], uint8 [n, FRAMES, labels]; made on the first call
    real(CLIPS, split)                    -> list of Real: frames at their own rate, and targets
    sample(real, random)                  -> frames at RATE from a random moment on, at a random speed, and their targets
    augment(frames, random, hard)         -> float32 [T, 3, SIZE, SIZE], 0..1 or a little beyond

Targets are 0, 1 or UNSAID, which no loss is taken of. Splits of real clips: [Note: the splits] in motion_data.py; of rendered people:
PERSONS in actions_render.py. Frames are taken ten times a second: claps and running steps repeat at up to 4 Hz, which 8 would
not hold, and 12.5 would cost a quarter more for everyone.

    python movinet_data.py CLIPS CACHE COUNT [--split train]      renders chunks until COUNT are there
"""

import argparse
import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from actions_film import degrade
from actions_pose import LABELS
from actions_render import PERSONS, UNSAID, Stage, scene
from common import read_frames, read_index
from motion_data import action_split, clip_files

RATE, FRAMES, SIDE, SIZE, CHUNK = 10, 48, 104, 64, 250
SHAPES = ((SIDE, SIDE), (SIDE * 4 // 3 & ~1, SIDE), (SIDE, SIDE * 4 // 3 & ~1))
NAMES = {
    "wave_one_hand": "wave one hand",
    "wave_two_hands": "wave two hands",
    "bend": "bend",
    "jumping_jack": "jumping jack",
    "raise_arms_sideways_overhead": "raise arms sideways",
    "raise_both_hands_forward": "raise arms forward",
    "fight": "fight",
}
# In these clips of clips/train nobody is seen, or nobody who does anything: looked at one by one.
EMPTY = ("car-detection", "flower", "bug-video", "cups", "coffee", "road", "solidWhite", "cockatoo", "test-068", "small-robot", "video-134")
EMPTY += ("video03-136", "vehicle-surv", "SAM-2_car", "launch2", "sample-shorter", "increasing-timesta", "unflagged", "realshort")
CROWD_RUNS = "libopenshot_run"
# What may well happen in surveillance footage and is not said: no target there.
IN_FIGHTS = ("walk", "run", "jump", "squat", "bend", "kick", "punch", "throw", "fall")
IN_PEACE = ("walk", "run", "squat", "bend", "throw", "nothing")
Random = np.random.Generator


def stage_of(clips: Path, cache: Path) -> Stage:
    path = cache / "stage.pkl"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(Stage(clips)))
    return pickle.loads(path.read_bytes())


def clip_of(stage: Stage, split: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """One rendered clip; the same for the same split and number."""
    first, last = PERSONS[split]
    random = np.random.default_rng((first, number))
    person = first + int(random.integers(last - first))
    times = np.arange(FRAMES) / RATE
    # the product shows 4:3 footage, and what is wider as much of it, squeezed to a square
    shape = SHAPES[random.choice(len(SHAPES), p=[0.35, 0.55, 0.1])]
    frames, targets = scene(stage, random, times, person, shape).draw()
    return degrade(squeezed(frames, SIDE), random), targets


def rendered(clips: Path, split: str, chunk: int, cache: Path, count: int = CHUNK) -> tuple[np.ndarray, np.ndarray]:
    pixels, said = cache / f"people-{split}-{chunk}.npy", cache / f"people-{split}-{chunk}-said.npy"
    if not said.exists():
        stage = stage_of(clips, cache)
        rows = [clip_of(stage, split, chunk * CHUNK + k) for k in range(count)]
        np.save(pixels, np.stack([r[0] for r in rows]))
        np.save(said, np.stack([r[1] for r in rows]))
    return np.load(pixels, mmap_mode="r"), np.load(said)


# ---- real clips


@dataclass
class Real:
    name: str
    group: str
    frames: np.ndarray
    """uint8 [n, h, w, 3], the shorter side SIDE + 8."""
    rate: float
    targets: np.ndarray
    """[n, labels]"""
    to_and_fro: bool
    """May be played backwards as well."""


def said_of(folder: str, label: str, frames: int) -> np.ndarray:
    out = np.zeros((frames, len(LABELS)), np.uint8)
    none = LABELS.index("nothing")
    if folder == "asl_intel":
        for name in ("clap", "wave one hand", "wave two hands", "nothing"):
            out[:, LABELS.index(name)] = UNSAID
        return out
    if folder == "fight_surv_160":
        for name in IN_FIGHTS if label == "fight" else IN_PEACE:
            out[:, LABELS.index(name)] = UNSAID
    if label in NAMES:
        k = LABELS.index(NAMES[label])
        out[:, k] = 1
        ends = {"ud810_ps7": 0.17, "weizmann_mini": 0.15 if label == "bend" else 0.04}.get(folder, 0)
        edge = np.minimum(np.arange(frames), np.arange(frames)[::-1]) < ends * frames
        out[edge, k] = out[edge, none] = UNSAID
    return out


def shrink(frames: list[np.ndarray], side: int = SIDE + 8) -> np.ndarray:
    h, w = frames[0].shape[:2]
    scale = side / min(h, w)
    size = (round(w * scale), round(h * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.stack([cv2.resize(f, size, interpolation=how) for f in frames])


def rate_of(path: Path) -> float:
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS)
    video.release()
    return rate


def real(clips: Path, split: str) -> list[Real]:
    rows = json.loads((clips / "actions/labels.json").read_text())
    groups = sorted({row.get("group") or "" for row in rows if row["file"].startswith("fight_surv")})
    out = []
    for row in rows:
        folder = row["file"].split("/")[0]
        if action_split(row, groups) != split or (split != "train" and folder == "asl_intel"):
            continue
        path = clips / "actions" / row["file"]
        frames = shrink(read_frames(path, 0, 300))
        out.append(Real(row["file"], folder, frames, rate_of(path), said_of(folder, row["label"], len(frames)), folder == "weizmann_mini"))
    if split != "train":
        return out
    known = {name: path for name, path, _ in clip_files(clips, "train")}
    for row in read_index(clips / "train"):
        path = known.get("train/" + row["file"])
        quiet = any(word in row["file"] for word in EMPTY)
        if path is None or not (quiet or CROWD_RUNS in row["file"]):
            continue
        frames = shrink(read_frames(path, 0, 300))
        targets = np.zeros((len(frames), len(LABELS)), np.uint8)
        targets[:, LABELS.index("nothing" if quiet else "run")] = 1
        out.append(Real(row["file"], "empty" if quiet else "crowd", frames, rate_of(path), targets, False))
    return out


def sample(clip: Real, random: Random, most: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` frames and targets from a random moment on, at a random speed; clips that may be are played to and fro."""
    step = clip.rate / RATE * np.exp(random.normal() * 0.15)
    n = len(clip.frames)
    slack = n - 1 - step * most
    begin = random.uniform(0, slack) if slack > 0 else random.uniform(0, 0.2 * n)
    at = begin + np.arange(most) * step
    if clip.to_and_fro:
        at = at % (2 * (n - 1))
        at = np.where(at > n - 1, 2 * (n - 1) - at, at)
    index = np.round(at[at <= n - 1]).astype(int)
    return clip.frames[index], clip.targets[index]


def plain(clip: Real) -> np.ndarray:
    """The clip as the product gives it to the network ([Note: the square] in app/core/tags/sample.ts), float32 [T, 3, SIZE, SIZE]."""
    count = max(1, int(len(clip.frames) / clip.rate * RATE + 0.5))
    index = np.clip(np.round(np.arange(count) * clip.rate / RATE), 0, len(clip.frames) - 1).astype(int)
    h, w = clip.frames.shape[1:3]
    wide, high = min(w, h * 4 // 3), min(h, w * 4 // 3)
    y, x = (h - high) // 2, (w - wide) // 2
    return tensor(squeezed(clip.frames[index, y : y + high, x : x + wide], SIZE))


def squeezed(frames: np.ndarray, side: int) -> np.ndarray:
    if frames.shape[1:3] == (side, side):
        return frames
    return np.stack([cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA) for f in frames])


def tensor(frames: np.ndarray) -> np.ndarray:
    return (frames.astype(np.float32) * np.float32(1 / 255)).transpose(0, 3, 1, 2)


def augment(frames: np.ndarray, random: Random, hard: bool, size: int = SIZE) -> np.ndarray:
    """Crop, stretch, mirror, turn, colour, light, noise, something in front; `hard` for real clips, of which there are few."""
    n, h, w = frames.shape[:3]
    least = min(h, w)
    zoom = random.uniform(0.72, 1.1) if hard else random.uniform(0.68, 1.02)
    # wide footage is squeezed to a square in the product, by a third at most
    whole = random.random() if random.random() < 0.5 else 1.0
    side = np.array([min(w, h * 4 / 3), min(h, w * 4 / 3)]) ** whole * least ** (1 - whole) * zoom / size
    side = side * np.exp(random.normal(0, 0.06, 2))
    angle, mirror = random.normal() * (0.06 if hard else 0.03), random.choice([-1, 1])
    c, s = np.cos(angle), np.sin(angle)
    m = np.diag(side) @ np.array([[c * mirror, -s], [s * mirror, c]])
    free = np.maximum(np.array([w, h]) - side * size, 0)
    centre = np.array([w, h]) / 2 + random.uniform(-0.3, 0.3, 2) * free + random.normal(0, 0.02 * least, 2)
    pan = random.normal(0, 0.06 * least, 2) * (random.random() < 0.25)
    out = np.empty((n, size, size, 3), np.uint8)
    for t in range(n):
        matrix = np.column_stack((m, centre + pan * (t / n - 0.5) - m @ np.full(2, (size - 1) / 2)))
        cv2.warpAffine(frames[t], matrix, (size, size), out[t], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT_101)
    if random.random() < (0.3 if hard else 0.12):
        less = int(size * random.uniform(0.45, 0.7))
        out = np.stack([cv2.resize(cv2.resize(f, (less, less), interpolation=cv2.INTER_AREA), (size, size)) for f in out])
    if random.random() < 0.15:
        out = np.repeat(cv2.cvtColor(out.reshape(-1, size, 3), cv2.COLOR_RGB2GRAY).reshape(n, size, size, 1), 3, 3)
    gain, lift = random.uniform(0.6, 1.35) * random.uniform(0.88, 1.12, 3), random.uniform(-25, 25)
    table = np.clip((np.arange(256)[:, None] * gain + lift) / 255, 0, 1) ** np.exp(random.normal() * 0.2)
    out = cv2.LUT(out.reshape(-1, size, 3), table.astype(np.float32)[None]).reshape(out.shape)
    if random.random() < 0.25:
        noise = random.normal(0, random.uniform(0.01, 0.05), (4, size, size, 1)).astype(np.float32)
        out += noise[np.arange(n) * 7 % 4]
    if random.random() < 0.12:
        y, x, dy, dx = random.integers(0, size - 12), random.integers(0, size - 12), *random.integers(size // 12, size // 3, 2)
        out[:, y : y + dy, x : x + dx] = random.random(3)
    return out.transpose(0, 3, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("clips", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--split", default="train")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    for chunk in range(args.count):
        pixels, _ = rendered(args.clips, args.split, chunk, args.cache)
        print(args.split, chunk, pixels.shape, flush=True)


if __name__ == "__main__":
    main()
