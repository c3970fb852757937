"""Rendered people who do everyday actions: scenes of one to three jointed figures before photographs, seen by a camera, with what each does
and when. Used by movinet_data.py (training) and render_actions.py (videos with known truth).

    scene(stage, random, seconds, person)    -> Scene: figures, camera, backdrop
    Scene.frames(size, rate)                 -> uint8 [T, h, w, 3] R'G'B', and targets uint8 [T, labels]: 0, 1 or UNSAID
    Scene.spans()                            -> (label, start, end) of what is seen
    Stage(CLIPS, seed)                       -> photographs and empty rooms, cut from training clips alone

Rendered persons are numbers ([Note: persons] in actions_body.py), split into train, dev and eval as real ones are (PERSONS). What they do, where and how it is filmed
comes from `random`.

A limb is a capsule, textured and shaded, between two projected joints; limbs are drawn from far to near.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from actions_body import ACROSS, ALONG, Person, joints, limbs, strip
from actions_pose import ARMS, LABELS, PLAYED, Pose, Random, drift, gesture, idle, ramp, standing
from common import read_frames
from motion_data import action_split, clip_files
from motion_render import blob, texture

UNSAID = 255
# Numbers of rendered persons: nobody of dev or eval is seen in training.
PERSONS = {"train": (0, 100_000), "dev": (100_000, 101_000), "eval": (200_000, 201_000)}
FADE = 0.3
OVER = {"torso": 0.35, "head": 0.5, "skirt": 0.2}
UPPER = ("wave one hand", "wave two hands", "clap", "throw", "punch", "raise arms sideways", "raise arms forward")
GOING = ("walk", "run")


# ---- what there is to be seen behind people


class Stage:
    """Backgrounds: frames of clips/train, and the medians of clips of clips/actions, in which people who move are gone."""

    def __init__(self, clips: Path, seed: int = 3):
        pictures = [c for c in clip_files(clips, "train") if c[0].startswith("train/")]
        self.photos = []
        for name, path, _ in pictures:
            frames = read_frames(path, 0, 150)
            # the twenty clips of sign language all show somebody close by before a wall
            self.photos += frames[4 :: 150 if "sample-videos" in name else max(20, len(frames) // 6)]
        rows = json.loads((clips / "actions/labels.json").read_text())
        groups = sorted({row.get("group") or "" for row in rows if row["file"].startswith("fight_surv")})
        rows = [r for r in rows if action_split(r, groups) == "train" and not r["file"].startswith("asl")]
        random = np.random.default_rng(seed)
        self.rooms = []
        for i in random.permutation(len(rows))[:70]:
            frames = read_frames(clips / "actions" / rows[i]["file"], 0, 120)
            self.rooms.append(np.median(np.stack(frames[:: max(1, len(frames) // 12)]), axis=0).astype(np.uint8))

    def backdrop(self, random: Random, side: int) -> np.ndarray:
        if random.random() < 0.12:
            flat = texture(self.photos, random, side) * random.uniform(0, 0.12) + random.uniform(20, 235, 3)
            down = np.linspace(-1, 1, side)[:, None, None] * random.normal() * 20
            return np.clip(flat + down, 0, 255).astype(np.float32)
        pictures = self.rooms if random.random() < 0.35 else self.photos
        photo = pictures[random.integers(len(pictures))]
        least = min(photo.shape[:2])
        crop = int(random.uniform(0.6, 1) * least)
        y, x = random.integers(0, photo.shape[0] - crop + 1), random.integers(0, photo.shape[1] - crop + 1)
        out = cv2.resize(photo[y : y + crop, x : x + crop], (side, side), interpolation=cv2.INTER_AREA if crop > side else cv2.INTER_CUBIC)
        if random.random() < 0.4:
            out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.8, 4))
        if random.random() < 0.5:
            out = out[:, ::-1]
        return np.clip(out * random.uniform(0.5, 1.25) * random.uniform(0.85, 1.15, 3) + random.uniform(-20, 30), 0, 255).astype(np.float32)


# ---- what they do


@dataclass
class Segment:
    label: str
    start: float
    end: float
    extra: str | None = None


def plan(random: Random, seconds: float) -> list[Segment]:
    """Actions one after another, with pauses; or one throughout."""
    pick = lambda: str(random.choice(list(PLAYED)))
    if random.random() < (0.4 if seconds < 8 else 0):
        label = pick()
        begin = random.uniform(0.3, 1.5) if label == "fall" else 0.0
        return ([Segment("nothing", 0, begin)] if begin else []) + [Segment(label, begin, seconds)]
    out, now = [], 0.0
    rest = random.random() < 0.75
    while now < seconds:
        label = ("nothing" if random.random() < 0.75 else "gesture") if rest else pick()
        last = random.uniform(0.8, 2.2) if rest else random.uniform(1.6, 4.5)
        if label == "fall":
            if now < seconds - 4.5 and seconds > 6:
                continue
            last = seconds
        extra = str(random.choice(UPPER[:4])) if label in GOING and random.random() < 0.12 else None
        out.append(Segment(label, now, min(seconds, now + last), extra))
        now += last
        rest = not rest if random.random() < 0.85 else rest
    return out


def played(random: Random, segments: list[Segment], t: np.ndarray) -> Pose:
    """The segments' poses, each faded into the next."""
    total, weights = {name: np.zeros(len(t)) for name in standing(t)}, np.zeros(len(t))
    for k, s in enumerate(segments):
        near = np.clip(t, s.start - FADE, s.end + FADE) - s.start
        lead = 0 if k == 0 else ramp(t, s.start - FADE / 2, s.start + FADE / 2)
        w = (1 if k == 0 else lead) * (1 if k == len(segments) - 1 else 1 - ramp(t, s.end - FADE / 2, s.end + FADE / 2))
        if not np.any(w):
            continue
        if s.label == "nothing":
            pose = idle(random, near)
        elif s.label == "gesture":
            pose = gesture(random, near)
        else:
            pose = PLAYED[s.label](random, near)
            tempo = drift(random, near, 0.02)
            for name in ("lean", "side", "nod"):
                pose[name] = pose[name] + tempo + random.normal() * 0.03
        if s.extra:
            arms = PLAYED[s.extra](random, near)
            pose |= {name: arms[name] for name in ARMS}
        w = np.broadcast_to(w, t.shape)
        weights = weights + w
        for name in total:
            total[name] = total[name] + w * pose[name]
    return {name: v / np.maximum(weights, 1e-6) for name, v in total.items()}


def said(segments: list[Segment], t: np.ndarray) -> np.ndarray:
    """Targets [T, labels]: an action counts from 0.25 s after it began (0.5 s for a pause), and is not asked about till then or just after its end."""
    out = np.zeros((len(t), len(LABELS)), np.uint8)
    unsure = np.zeros_like(out, bool)
    none = LABELS.index("nothing")
    for s in segments:
        lying = s.start + 1.8 if s.label == "fall" else s.end
        names = [n for n in (s.label, s.extra) if n in LABELS]
        for name in names:
            k, wait = LABELS.index(name), 0.5 if name == "nothing" else 0.25
            begin = s.start if s.start > 0 else -1
            out[(t >= s.start) & (t < min(s.end, lying)), k] = 1
            unsure[(t >= begin) & (t < begin + wait) | (t >= lying) & (t < lying + 0.4), k] = True
            if s.label == "fall":
                unsure[t >= lying, k] = True
        if s.label == "gesture" or s.label == "fall":
            unsure[(t >= s.start) & (t < s.end), none] = True
    out[unsure] = UNSAID
    return out


# ---- camera and drawing


@dataclass
class Camera:
    """Frames of `wide` x `high` canvas pixels; `focal` in canvas pixels; at `distance` body heights, `tilt` downwards."""

    wide: int
    high: int
    focal: float
    distance: float
    tilt: float
    middle: tuple[float, float]
    shake: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))

    def project(self, places: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of [T, 3] against what it looks at [T, 3]: canvas [T, 2] and depth [T]."""
        p = places - at
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        # it looks along -z from z = distance; y is up
        y, z = c * p[:, 1] - s * p[:, 2], s * p[:, 1] + c * p[:, 2]
        depth = np.maximum(self.distance - z, 0.3)
        out = np.stack((self.middle[0] + self.focal * p[:, 0] / depth, self.middle[1] - self.focal * y / depth), -1)
        dx, dy, angle = self.shake.T
        out = out - (self.wide / 2, self.high / 2)
        out = np.stack((np.cos(angle) * out[:, 0] - np.sin(angle) * out[:, 1] + dx, np.sin(angle) * out[:, 0] + np.cos(angle) * out[:, 1] + dy), -1)
        return out + (self.wide / 2, self.high / 2), depth


def paste(canvas: np.ndarray, picture: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float, light: float, over: float = 1.5) -> None:
    """Lays a capsule's picture from a to b on the canvas float32; it goes `over` radii beyond them in all."""
    d = b - a
    length = max(float(np.hypot(*d)), 1e-3)
    u = d / length
    reach = max(length + over * radius, radius)
    x0, y0 = np.floor(np.minimum(a, b) - radius - 1.5).astype(int)
    x1, y1 = np.ceil(np.maximum(a, b) + radius + 1.5).astype(int) + 1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, canvas.shape[1]), min(y1, canvas.shape[0])
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    sx, sy = reach / ALONG, 2 * radius / ACROSS
    begin = a - u * (reach - length) / 2
    m = np.array([[u[0] * sx, -u[1] * sy, 0], [u[1] * sx, u[0] * sy, 0]])
    m[:, 2] = begin - m[:, :2] @ (-0.5, ACROSS / 2 - 0.5) - (x0, y0)
    drawn = cv2.warpAffine(picture, m, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    box = canvas[y0:y1, x0:x1]
    box *= 1 - drawn[..., 3:] * (1 / 255)
    box += drawn[..., :3] * light


@dataclass
class Figure:
    person: Person
    segments: list[Segment]
    pose: Pose
    heading: float
    """0 faces the camera, pi / 2 goes to the right."""
    at: np.ndarray
    """[T, 3], where the pelvis is above."""

    def places(self) -> dict[str, np.ndarray]:
        out = joints(self.pose, self.person.body)
        c, s = np.cos(self.heading), np.sin(self.heading)
        spin = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        return {k: v @ spin.T + (0 if k == "facing" else self.at) for k, v in out.items()}


@dataclass
class Scene:
    figures: list[Figure]
    camera: Camera
    look: np.ndarray
    """[T, 3], what the camera looks at."""
    behind: np.ndarray
    """The backdrop, wider than the canvas."""
    parallax: float
    light: float
    shadow: float
    things: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    """Pictures R'G'B'A that move: picture, [T, 2] canvas, [T] scale; drawn behind people."""
    front: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    times: np.ndarray

    def back(self, t: int) -> np.ndarray:
        w, h, side = self.camera.wide, self.camera.high, self.behind.shape[0]
        scale = max(w, h) / side * 1.5
        moved = (self.look[t] - self.look[0]) * self.camera.focal / (self.camera.distance * self.parallax)
        dx, dy, angle = self.camera.shake[t]
        c, s = np.cos(angle) * scale, np.sin(angle) * scale
        m = np.array([[c, -s, 0], [s, c, 0]])
        m[:, 2] = np.array([w / 2 + dx - moved[0], h / 2 + dy]) - m[:, :2] @ (side / 2, side / 2)
        return cv2.warpAffine(self.behind, m, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Frames uint8 [T, high / 2, wide / 2, 3], targets [T, labels]."""
        cam, n = self.camera, len(self.times)
        lists, targets = [], np.zeros((n, len(LABELS)), np.uint8)
        none = LABELS.index("nothing")
        targets[:, none] = 1
        for figure in self.figures:
            places = figure.places()
            seen = {k: cam.project(v, self.look) for k, v in places.items() if k != "facing"}
            for kind, a, b, radius in limbs(places, figure.person.body, figure.person.skirt):
                (pa, da), (pb, db) = cam.project(a, self.look), cam.project(b, self.look)
                depth = (da + db) / 2 + (0.03 if kind == "torso" else 0.05 if kind in ("pelvis", "neck") else 0)
                lists.append((figure, kind, pa, pb, radius * cam.focal / depth, depth, places["facing"]))
            feet = figure.at * (1, 0, 1)
            lists.append((figure, "shadow", *[cam.project(feet + (d, 0, 0), self.look)[0] for d in (-0.16, 0.16)], cam.focal * 0.05 / seen["pelvis"][1], seen["pelvis"][1] + 50, None))
            targets = merge(targets, said(figure.segments, self.times), visible(seen, cam))
        frames = np.empty((n, cam.high // 2, cam.wide // 2, 3), np.uint8)
        soft = None
        for t in range(n):
            canvas = self.back(t)
            for thing in self.things:
                lay(canvas, thing, t)
            for figure, kind, a, b, radius, _, facing in sorted(lists, key=lambda item: -item[5][t]):
                if kind == "shadow":
                    if self.shadow:
                        soft = soft if soft is not None else strip(np.zeros(3), cap=0.5)
                        paste(canvas, soft * (1, 1, 1, self.shadow), a[t], b[t], float(radius[t]), 1)
                    continue
                picture = figure.person.skins[("face" if facing[t, 2] > -0.25 else "back") if kind == "head" else kind]
                paste(canvas, picture, a[t], b[t], max(float(radius[t]), 0.7), self.light, OVER.get(kind, 1.5))
            for thing in self.front:
                lay(canvas, thing, t)
            frames[t] = np.clip(cv2.resize(canvas, (cam.wide // 2, cam.high // 2), interpolation=cv2.INTER_AREA) + 0.5, 0, 255)
        return frames, targets

    def spans(self) -> list[tuple[str, float, float]]:
        """What people do, pauses left out; a fall ends when it has been lying for a second."""
        out = []
        for figure in self.figures:
            for s in figure.segments:
                for name in (s.label, s.extra):
                    if name in PLAYED:
                        out.append((name, s.start, min(s.end, s.start + 1.8) if name == "fall" else s.end))
        return sorted(out, key=lambda row: row[1])


def visible(seen: dict[str, tuple[np.ndarray, np.ndarray]], cam: Camera) -> np.ndarray:
    """Share of the joints within the frame, [T]."""
    inside = [(p >= 0).all(1) & (p[:, 0] < cam.wide) & (p[:, 1] < cam.high) for p, _ in seen.values()]
    return np.mean(inside, axis=0)


def merge(targets: np.ndarray, mine: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Several people: an action is there if one does it; 'nothing' if nobody does anything. Who is out of the frame does nothing."""
    none = LABELS.index("nothing")
    mine = mine.copy()
    half = (share < 0.45) & (share >= 0.08)
    mine[half] = np.where(mine[half] == 1, UNSAID, mine[half])
    mine[half, none] = UNSAID
    gone = share < 0.08
    mine[gone] = 0
    mine[gone, none] = 1
    out = np.where((targets == 1) | (mine == 1), 1, np.where((targets == UNSAID) | (mine == UNSAID), UNSAID, 0)).astype(np.uint8)
    both = (targets[:, none] == 1) & (mine[:, none] == 1)
    zero = (targets[:, none] == 0) | (mine[:, none] == 0)
    out[:, none] = np.where(both, 1, np.where(zero, 0, UNSAID))
    return out


def lay(canvas: np.ndarray, thing: tuple[np.ndarray, np.ndarray, np.ndarray], t: int) -> None:
    picture, place, scale = thing
    side = picture.shape[0]
    m = np.array([[scale[t], 0, place[t, 0] - scale[t] * side / 2], [0, scale[t], place[t, 1] - scale[t] * side / 2]])
    drawn = cv2.warpAffine(picture, m, (canvas.shape[1], canvas.shape[0]), flags=cv2.INTER_LINEAR)
    canvas *= 1 - drawn[..., 3:] * (1 / 255)
    canvas += drawn[..., :3]


def thing(stage: Stage, random: Random, times: np.ndarray, wide: int, high: int, still: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    picture, alpha = texture(stage.photos, random, 64), blob(random)
    if still and random.random() < 0.6:
        alpha = np.ones_like(alpha)
    rgba = np.dstack((picture * alpha[..., None], alpha * 255)).astype(np.float32)
    n = len(times)
    if still:
        place = np.broadcast_to((random.uniform(0, wide), high * random.uniform(0.95, 1.1)), (n, 2))
        return rgba, place, np.full(n, random.uniform(0.3, 0.8) * high / 64)
    way = random.normal(0, 0.25, 2) * (1, 0.3) * wide
    place = (random.uniform(0, wide), random.uniform(0, high)) + times[:, None] * way
    place = place + np.stack((drift(random, times, wide * 0.05), drift(random, times, wide * 0.03)), -1)
    return rgba, place, np.full(n, random.uniform(0.1, 0.6) * high / 64)


def heading(random: Random) -> float:
    view = random.random()
    if view < 0.42:
        return random.normal() * 0.3
    if view < 0.75:
        return random.choice([-1, 1]) * (np.pi / 2 + random.normal() * 0.2)
    return random.uniform(-np.pi, np.pi)


def someone(stage: Stage, random: Random, times: np.ndarray, person: int, segments: list[Segment] | None = None) -> Figure:
    who = Person(stage.photos, person)
    segments = segments or plan(random, float(times[-1] + times[1] - times[0]))
    pose = played(random, segments, times)
    facing = heading(random)
    in_place = random.random() < 0.15
    step = np.diff(times, prepend=times[0])
    far = np.cumsum(pose["speed"] * step) * (0 if in_place else 1)
    # a long way is walked to and fro or round a bend
    bend = drift(random, times, 0.25, 0.3) if random.random() < 0.3 else np.zeros(len(times))
    if far[-1] > 4 and random.random() < 0.35:
        bend = bend + np.pi * ramp(times, times[-1] * 0.45, times[-1] * 0.55)
    pose["yaw"] = pose["yaw"] + bend
    way = facing + bend
    moved = np.cumsum(np.stack((np.sin(way), np.zeros(len(way)), np.cos(way)), -1) * (np.diff(far, prepend=0))[:, None], axis=0)
    return Figure(who, segments, pose, facing, moved)


def scene(stage: Stage, random: Random, times: np.ndarray, person: int, size: tuple[int, int], segments: list[Segment] | None = None, tame: bool = False) -> Scene:
    """Frames of `size` (w, h) at `times`. `segments` says what is done; a `tame` camera keeps the one person there is in the frame."""
    wide, high, n = size[0] * 2, size[1] * 2, len(times)
    main = someone(stage, random, times, person, segments)
    labels = {s.label for s in main.segments}
    tall = random.uniform(0.4, 0.92) if random.random() < 0.75 else random.uniform(0.92, 1.3)
    upper = labels <= {*UPPER, "nothing", "gesture"}
    if upper and random.random() < 0.4:
        tall = random.uniform(1.1, 1.9)
    distance = random.uniform(2.2, 8)
    focal = tall * high * distance
    tilt = random.uniform(-0.05, 0.2) if random.random() < 0.75 else random.uniform(0.2, 0.75)
    top = float(np.percentile(main.places()["head"][:, 1], 90)) + 0.08
    # where the middle of the body is in the frame; of large ones the head stays within
    across = wide * (0.5 + random.normal() * 0.1)
    centre = 0.5 + random.normal() * 0.05 if tall < 0.92 else 0.1 + tall * top / 2 + random.uniform(0, 0.12)
    follows = tame or random.random() < 0.5
    look = main.at * (1, 0, 1)
    if not follows:
        look = np.broadcast_to(look.mean(0) if random.random() < 0.7 else look[n // 3], look.shape)
    elif random.random() < 0.5 and not tame:
        kernel = max(3, n // 5) | 1
        padded = np.pad(look, ((kernel // 2, kernel // 2), (0, 0)), "edge")
        look = np.stack([np.convolve(padded[:, k], np.ones(kernel) / kernel, "valid") for k in range(3)], -1)
    look = look + (0, top / 2, 0)
    shaking = random.choice([0, 0.006, 0.02], p=[0.5, 0.35, 0.15]) * high
    turning = random.choice([0, 1], p=[0.8, 0.2]) * (not tame) * random.normal() * 0.1 * wide
    shake = np.stack((drift(random, times, shaking, 2) + turning * (times - times.mean()), drift(random, times, shaking, 2), drift(random, times, shaking / high * 0.7, 1.5)), -1)
    camera = Camera(wide, high, focal, distance, tilt, (across, high * centre), shake)
    figures = [main]
    if random.random() < 0.12 and not tame:
        walks = [Segment("walk", 0, float(times[-1]) + 1)]
        other = someone(stage, random, times, person + 1, None if random.random() < 0.3 else walks)
        if random.random() < 0.6:
            other.segments = [Segment("nothing", 0, float(times[-1]) + 1)]
            other.pose = played(random, other.segments, times)
            other.at = other.at * 0
        other.at = other.at + (random.choice([-1, 1]) * random.uniform(0.35, 1.1), 0, random.uniform(-2, 0.3)) + main.at[0]
        figures.append(other)
    if random.random() < 0.05 and not tame:
        figures = []
    things = [thing(stage, random, times, wide, high, False) for _ in range(random.choice([0, 1, 2], p=[0.84, 0.11, 0.05] if figures else [0.3, 0.4, 0.3]))]
    front = [thing(stage, random, times, wide, high, True)] if random.random() < 0.08 else []
    light, shadow = random.uniform(0.6, 1.2), random.choice([0, 0.3, 0.5])
    return Scene(figures, camera, look, stage.backdrop(random, 256), random.uniform(1, 2.5), light, shadow, things, front, times)
