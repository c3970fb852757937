"""Sixteen-frame windows of people and things in motion, at 64x64: cut from clips, and rendered. Shared by cvi.py and fomm.py.

CLIPS is the folder that holds `actions/` (labels.json) and `train/` (index.json).

    windows(CLIPS, split, cache)      -> uint8 [n, 16, 64, 64, 3] R'G'B', names [n]; split 'train', 'dev' or 'eval'
    rendered(CLIPS, n, seed, cache)   -> uint8 [n, 16, 64, 64, 3], int8 [n, 14, 64, 64, 4] exact motion; kind 'even' for even motion
    teacher_flow(window)              -> int8 [14, 64, 64, 4] of one real window, OpenCV's DIS chained from frame to frame
    taught(pixels, path)              -> int8 [n, 14, 64, 64, 4], teacher_flow of every window, cached at `path`
    augment(pixels, flow, random)     -> flips, time reversal, colour; both arrays of one sample
    clip_files(CLIPS, split)          -> the clips of a split

Flow is (dx, dy to the first frame, dx, dy to the last) of the fourteen middle frames, in quarters of a pixel, UNKNOWN where
the source is hidden or not found. Caches are .npy beside the name given and are memory-mapped; the first call makes them.

[Note: the splits] Held out (nobody trains or tunes on it): Weizmann persons 5 and 6, ud810 person 3, the groups of fight_surv with
index % 5 == 4, clips/actions/samples. Dev: Weizmann person 4, groups with index % 5 == 3, HELD_OUT of common.py and the two clips of
asl_intel that are the same recordings. The groups are the values of `group` in labels.json in order of code points, the clips without
one being a group of their own, '', which comes first.
"""

import json
from pathlib import Path

import cv2
import numpy as np

from common import HELD_OUT, read_frames, read_index
from motion_render import draw, even_scene, exact_flow, render

SIZE, LENGTH = 64, 16
UNKNOWN = -128
Clip = tuple[str, Path, tuple[int, ...]]
# asl_intel/learn and student are sample-videos_learn and _student of clips/train, which are held out there.
ASL_DEV = ("asl_learn", "asl_student")


def action_split(row: dict, groups: list[str]) -> str:
    """'train', 'dev' or 'eval' of one row of labels.json."""
    folder = row["file"].split("/")[0]
    if folder == "weizmann_mini":
        return {"weiz4": "dev", "weiz5": "eval", "weiz6": "eval"}.get(row["person"], "train")
    if folder == "ud810_ps7":
        return "eval" if row["person"] == "ps7p3" else "train"
    if folder == "fight_surv_160":
        return {3: "dev", 4: "eval"}.get(groups.index(row.get("group") or "") % 5, "train")
    return "dev" if row["label"] in ASL_DEV else "train"


def clip_files(clips: Path, split: str) -> list[Clip]:
    """(name, path, frames a cut comes before) of every clip of the split."""
    rows = json.loads((clips / "actions/labels.json").read_text())
    groups = sorted({row.get("group") or "" for row in rows if row["file"].startswith("fight_surv")})
    out = [(row["file"], clips / "actions" / row["file"], ()) for row in rows if action_split(row, groups) == split]
    if split == "eval":
        return out
    for row in read_index(clips / "train"):
        if (row["file"] in HELD_OUT) == (split == "dev"):
            out.append((f"train/{row['file']}", clips / "train" / row["file"], tuple(row.get("cuts") or ())))
    return out


def starts(frames: int, stride: int, every: int, cuts: tuple[int, ...]) -> list[int]:
    """First frames of windows that stay within the clip and between cuts."""
    reach = (LENGTH - 1) * stride
    return [s for s in range(0, frames - reach, every) if not any(s < c <= s + reach for c in cuts)]


def centre_square(height: int, width: int) -> tuple[int, int, int]:
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def liveliest_square(frames: np.ndarray, random: np.random.Generator) -> tuple[int, int, int]:
    """Of four random squares (y, x, side) the one that changes most in relation to its size."""
    height, width = frames[0].shape[:2]
    whole = min(height, width)
    change = np.abs(frames[8].astype(np.int16) - frames[0]).mean(2)
    tries = []
    for _ in range(4):
        side = int(random.integers(max(SIZE, int(whole * 0.4)), whole + 1))
        y, x = int(random.integers(0, height - side + 1)), int(random.integers(0, width - side + 1))
        tries.append((change[y : y + side, x : x + side].mean(), (y, x, side)))
    return max(tries)[1]


def cut(frames: np.ndarray, square: tuple[int, int, int]) -> np.ndarray:
    y, x, side = square
    crops = (f[y : y + side, x : x + side] for f in frames)
    return np.stack([c if side == SIZE else cv2.resize(c, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for c in crops])


def is_lively(window: np.ndarray) -> bool:
    """Something moves, and nothing cuts."""
    w = window.astype(np.int16)
    steps = np.abs(np.diff(w, axis=0)).mean((1, 2, 3))
    if steps.max() > 20 and steps.max() > 5 * np.median(steps):
        return False
    moving = np.abs(w[8] - w[0]).max(2) > 24
    return bool(moving.mean() > 0.006)


def clip_windows(clip: Clip, split: str, limit: int, random: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """Windows of one clip; outside training centre crops only, without chance."""
    name, path, cuts = clip
    frames = np.stack(read_frames(path, 0, 400))
    small = frames.shape[1] == SIZE
    every = LENGTH if split != "train" else 3 if small else 5
    places = [(s, stride) for stride in (1, 2, 3) for s in starts(len(frames), stride, every, cuts)]
    if split == "train" and len(places) > limit:
        places = [places[i] for i in np.sort(random.permutation(len(places))[:limit])]
    out = []
    for s, stride in places:
        part = frames[s : s + (LENGTH - 1) * stride + 1 : stride]
        whole = small or split != "train" or random.random() < 0.4
        square = centre_square(*part[0].shape[:2]) if whole else liveliest_square(part, random)
        window = cut(part, square)
        if is_lively(window):
            out.append((f"{name}@{s}x{stride}:{','.join(map(str, square))}", window))
    return out


def windows(clips: Path, split: str, cache: Path, seed: int = 7) -> tuple[np.ndarray, list[str]]:
    """All lively windows of a split and their names (clip@first frame x stride:y,x,side of the square)."""
    pixels, names = cache / f"windows-{split}.npy", cache / f"windows-{split}.json"
    if not names.exists():
        cache.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(seed)
        found = []
        for clip in clip_files(clips, split):
            limit = 24 if clip[0].startswith("fight") else 90 if clip[0].startswith("weizmann") else 60
            found += clip_windows(clip, split, limit, random)
        np.save(pixels, np.stack([w for _, w in found]))
        names.write_text(json.dumps([n for n, _ in found]))
    return np.load(pixels, mmap_mode="r"), json.loads(names.read_text())


def photographs(clips: Path, count: int = 160) -> list[np.ndarray]:
    """Frames of the training clips, spread evenly, for backgrounds and textures."""
    rows = [c for c in clip_files(clips, "train") if c[0].startswith("train/")]
    per = -(-count // len(rows))
    out = []
    for _, path, _ in rows:
        frames = read_frames(path, 0, 120)
        out += [frames[(2 * k + 1) * len(frames) // (2 * per)] for k in range(per)]
    return out[:count] if len(out) > count else out


def even(photos: list[np.ndarray], random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    layers = even_scene(photos, random)
    frames, owner = draw(layers)
    return frames, exact_flow(layers, owner)


def rendered(clips: Path, n: int, seed: int, cache: Path, kind: str = "rendered") -> tuple[np.ndarray, np.ndarray]:
    """`n` rendered windows and their motion, sprites and figures or (kind 'even') all that moves moving evenly; the same for the same n and seed."""
    pixels, motion = cache / f"{kind}-{n}-{seed}.npy", cache / f"{kind}-{n}-{seed}-flow.npy"
    if not motion.exists():
        cache.mkdir(parents=True, exist_ok=True)
        photos, random = photographs(clips), np.random.default_rng(seed)
        one = even if kind == "even" else render
        made = [one(photos, random) for _ in range(n)]
        np.save(pixels, np.stack([p for p, _ in made]))
        np.save(motion, np.stack([f for _, f in made]))
    return np.load(pixels, mmap_mode="r"), np.load(motion, mmap_mode="r")


def bilinear(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`picture` (any channels, float32) sampled at x + dx, y + dy, borders repeated."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def teacher_flow(window: np.ndarray) -> np.ndarray:
    """Motion of the middle frames to both ends: DIS between neighbours at twice the size, followed from frame to frame."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    big = [cv2.resize(f, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for f in window]
    grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in big]
    soft = [cv2.GaussianBlur(f.astype(np.float32), (5, 5), 1.0) for f in big]
    out = np.full((LENGTH - 2, SIZE, SIZE, 4), UNKNOWN, np.int8)
    for channel, order in ((0, range(1, LENGTH - 1)), (2, range(LENGTH - 2, 0, -1))):
        end, step = (0, -1) if channel == 0 else (LENGTH - 1, 1)
        far = np.zeros((2 * SIZE, 2 * SIZE, 2), np.float32)
        for t in order:
            near = dis.calc(grey[t], grey[t + step], None)
            far = near + bilinear(far, near)
            error = np.abs(bilinear(soft[end], far) - soft[t]).mean(2)
            small = cv2.resize(far, (SIZE, SIZE), interpolation=cv2.INTER_AREA) / 2
            sure = cv2.resize(error, (SIZE, SIZE), interpolation=cv2.INTER_AREA) < 9
            quarter = np.round(np.clip(small * 4, -127, 127)).astype(np.int8)
            out[t - 1, sure, channel : channel + 2] = quarter[sure]
    return out


def taught(pixels: np.ndarray, path: Path) -> np.ndarray:
    """teacher_flow of every window."""
    if not path.exists():
        out = np.lib.format.open_memmap(path.with_suffix(".part.npy"), "w+", np.int8, (len(pixels), LENGTH - 2, SIZE, SIZE, 4))
        for i, window in enumerate(pixels):
            out[i] = teacher_flow(window)
        out.flush()
        path.with_suffix(".part.npy").rename(path)
    return np.load(path, mmap_mode="r")


def mirrored(pixels: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flow = flow[:, :, ::-1].copy()
    for channel in (0, 2):
        part = flow[..., channel]
        part[part != UNKNOWN] *= -1
    return pixels[:, :, ::-1], flow


def augment(pixels: np.ndarray, flow: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One sample mirrored, played backwards and coloured by chance: float32 [16, 64, 64, 3] 0..1, flow as it was."""
    if random.random() < 0.5:
        pixels, flow = mirrored(pixels, flow)
    if random.random() < 0.5:
        pixels, flow = pixels[::-1], flow[::-1][..., [2, 3, 0, 1]]
    out = pixels.astype(np.float32) / 255
    if random.random() < 0.15:
        out = np.repeat(out @ np.float32([0.299, 0.587, 0.114])[:, None], 3, axis=-1)
    elif random.random() < 0.3:
        out = out[..., random.permutation(3)]
    if random.random() < 0.7:
        out = out ** np.float32(random.uniform(0.75, 1.3))
        gain, lift = random.uniform(0.75, 1.15, 3), random.uniform(-0.08, 0.08)
        out = np.clip(out * gain.astype(np.float32) + np.float32(lift), 0, 1)
    return out, flow
