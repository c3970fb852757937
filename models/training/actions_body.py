"""Bodies of rendered people: how long and wide their limbs are, what they wear, and where their joints are. Used by actions_render.py.

    Person(photos, seed)     -> body (lengths), skins (a picture of each kind of limb)
    joints(pose, body)       -> {name: [T, 3]} of a pose of actions_pose.py
    limbs(joints, body, ...) -> what is drawn between which of them, and how wide

[Note: persons] How somebody is built, dressed and proportioned comes from a number alone, the same in all clips.
"""

import cv2
import numpy as np

from actions_pose import Pose, Random
from motion_render import texture

# Pixels of a limb's picture.
ALONG, ACROSS = 48, 24


def strip(colour: np.ndarray, photo: np.ndarray | None = None, taper: float = 1.0, cap: float = 0.16) -> np.ndarray:
    """A capsule's picture, R'G'B'A float32 [ACROSS, ALONG, 4], colours multiplied by alpha."""
    y, x = np.mgrid[0:ACROSS, 0:ALONG].astype(np.float32)
    u, v = (x + 0.5) / ALONG, (y + 0.5) / ACROSS * 2 - 1
    half = 1 + (taper - 1) * u if taper < 1 else (1 + (1 / taper - 1) * (1 - u))
    end = np.clip(np.minimum(u, 1 - u) / cap, 0, 1)
    round_ = np.sqrt(np.clip(1 - (1 - end) ** 2, 0, 1))
    alpha = np.clip((half * round_ - np.abs(v)) * ACROSS / 2 + 0.5, 0, 1)
    shade = 1 - 0.28 * np.clip(np.abs(v) / np.maximum(half, 0.1), 0, 1) ** 2
    skin = np.broadcast_to(colour, (ACROSS, ALONG, 3)).astype(np.float32)
    if photo is not None:
        skin = skin + photo
    return np.dstack((np.clip(skin * shade[..., None], 0, 255) * alpha[..., None], alpha * 255)).astype(np.float32)


def cloth(photos: list[np.ndarray], random: Random) -> tuple[np.ndarray, np.ndarray | None]:
    """A colour, and for half of them a pattern: of a photograph, or stripes."""
    grey = random.random() < 0.5
    colour = random.uniform(8, 240) + random.normal(0, 10, 3) if grey else random.uniform(5, 245, 3)
    colour = colour.mean() + (colour - colour.mean()) * random.uniform(0.2, 1)
    colour = np.clip(colour * (0.45 if random.random() < 0.3 else 1), 4, 245)
    kind = random.random()
    if kind < 0.5:
        return colour, None
    if kind < 0.8:
        picture = cv2.resize(texture(photos, random, 48), (ALONG, ACROSS))
        return colour, (picture - picture.mean()) * random.uniform(0.1, 0.5)
    x = np.arange(ALONG) if random.random() < 0.6 else np.arange(ACROSS)[:, None] * 2
    stripes = np.sign(np.sin(x * random.uniform(0.5, 1.6))) * random.uniform(10, 45)
    return colour, np.broadcast_to(stripes, (ACROSS, ALONG))[..., None] * np.ones(3)


class Person:
    """[Note: persons]"""

    def __init__(self, photos: list[np.ndarray], seed: int):
        random = np.random.default_rng(seed + 77)
        self.body = body(random)
        shade = random.uniform(0.35, 1)
        skin = np.array([225, 180, 150]) * shade + random.normal(0, 8, 3)
        shirt, trousers = cloth(photos, random), cloth(photos, random)
        if random.random() < 0.1:
            trousers = shirt
        sleeve = shirt if random.random() < 0.55 else (skin, None)
        hair = np.clip(random.choice([25, 60, 110, 190]) + random.normal(0, 15, 3), 5, 240)
        legs = trousers if random.random() < 0.82 else (skin, None)
        self.skirt = random.random() < 0.1
        make = lambda c, taper=1.0, cap=0.16: strip(c[0], c[1], taper, cap)
        plain = (skin, None)
        self.skins = {
            "torso": make(shirt, 1.2),
            "pelvis": make(trousers),
            "upper": make(shirt, 0.85),
            "fore": make(sleeve, 0.8),
            "hand": make(plain),
            "thigh": make(trousers, 0.75),
            "shin": make(legs, 0.7),
            "foot": make((np.clip(random.uniform(5, 200) + random.normal(0, 12, 3), 0, 255), None)),
            "neck": make(plain),
            "skirt": make(trousers, 1.6),
            "back": make((hair, None), 0.9, 0.5),
        }
        self.skins["face"] = make(plain, 0.9, 0.5)
        top = int(ALONG * random.uniform(0.25, 0.42))
        self.skins["face"][:, :top] = self.skins["back"][:, :top]


def turn(axis: int, angle: np.ndarray) -> np.ndarray:
    """[T, 3, 3] about x, y or z."""
    c, s = np.cos(angle), np.sin(angle)
    out = np.zeros((len(angle), 3, 3))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    out[:, axis, axis] = 1
    out[:, a, a] = out[:, b, b] = c
    out[:, a, b], out[:, b, a] = -s, s
    return out


def body(random: Random) -> dict[str, float]:
    """Lengths in body heights, all a little different from person to person; `fat` scales widths, `child` the head."""
    child = random.random() < 0.12
    legs = random.uniform(0.94, 1.06) * (0.9 if child else 1)
    arms = random.uniform(0.92, 1.08) * (0.92 if child else 1)
    return {
        "thigh": 0.245 * legs,
        "shin": 0.245 * legs,
        "torso": 0.3 * random.uniform(0.94, 1.06),
        "upper": 0.17 * arms,
        "fore": 0.15 * arms,
        "hand": 0.085 * arms,
        "shoulders": random.uniform(0.095, 0.125),
        "hips": random.uniform(0.05, 0.065),
        "head": random.uniform(0.058, 0.07) * (1.35 if child else 1),
        "fat": random.uniform(0.8, 1.45),
    }


def joints(pose: Pose, b: dict[str, float]) -> dict[str, np.ndarray]:
    """Places [T, 3] of all joints and `facing` [T, 3] of the head; x and z about the pelvis, the lowest at y = up."""
    down, ahead = np.array([0.0, -1, 0]), np.array([0.0, 0, 1])
    pelvis = turn(1, pose["yaw"]) @ turn(0, pose["pitch"]) @ turn(2, pose["roll"])
    chest = pelvis @ turn(1, pose["twist"]) @ turn(0, pose["lean"]) @ turn(2, pose["side"])
    head = chest @ turn(0, pose["nod"])
    middle = np.zeros((len(pose["up"]), 3))
    out = {"pelvis": middle, "neck": middle - chest @ down * b["torso"], "facing": head @ ahead}
    out["head"] = out["neck"] - head @ (down * (b["head"] * 1.35) - ahead * 0.015)
    for side, sign in (("l", 1), ("r", -1)):
        shoulder = out["neck"] + chest @ np.array([sign * b["shoulders"], -0.035, 0])
        arm = chest @ turn(2, sign * pose[side + "out"]) @ turn(0, -pose[side + "flex"]) @ turn(1, sign * pose[side + "turn"])
        elbow = shoulder + arm @ down * b["upper"]
        fore = arm @ turn(0, -np.clip(pose[side + "elbow"], 0, 2.5))
        wrist = elbow + fore @ down * b["fore"]
        hip = pelvis @ np.array([sign * b["hips"], 0, 0])
        leg = pelvis @ turn(2, sign * pose[side + "open"]) @ turn(0, -pose[side + "hip"])
        knee = hip + leg @ down * b["thigh"]
        shin = leg @ turn(0, np.clip(pose[side + "knee"], 0, 2.5))
        ankle = knee + shin @ down * b["shin"]
        toe = ankle + shin @ (ahead * 0.1 + down * 0.03)
        names = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
        places = (shoulder, elbow, wrist, wrist + fore @ down * b["hand"], hip, knee, ankle, toe)
        out |= {side + name: place for name, place in zip(names, places, strict=True)}
    lowest = np.min([v[:, 1] for k, v in out.items() if k != "facing"], axis=0)
    rise = np.stack((np.zeros_like(lowest), pose["up"] + 0.02 - lowest, np.zeros_like(lowest)), -1)
    return {k: v if k == "facing" else v + rise for k, v in out.items()}


def limbs(p: dict[str, np.ndarray], body_: dict[str, float], skirt: bool) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """(picture, from, to, radius in body heights) of all that is drawn."""
    fat, n = body_["fat"], len(p["pelvis"])
    one = np.ones(n) * fat
    across = p["lshoulder"] - p["rshoulder"]
    # how wide the chest is as seen from +z
    seen = np.hypot(across[:, 0], across[:, 1]) / (2 * body_["shoulders"])
    depth, half = 0.05 * fat, body_["shoulders"] * (0.62 + 0.3 * fat)
    wide = np.hypot(depth, seen * half)
    chest = p["neck"]
    waist = p["pelvis"]
    out = [
        ("pelvis", p["lhip"], p["rhip"], one * 0.06),
        ("torso", waist, chest, wide),
        ("neck", p["neck"], p["head"], one * 0 + 0.028),
        ("head", p["head"] * 1.6 - p["neck"] * 0.6, p["head"] * 0.4 + p["neck"] * 0.6, one * 0 + body_["head"] * 0.95),
    ]
    for side in "lr":
        out += [
            ("upper", p[side + "shoulder"], p[side + "elbow"], one * 0.031),
            ("fore", p[side + "elbow"], p[side + "wrist"], one * 0.025),
            ("hand", p[side + "wrist"] * 0.7 + p[side + "hand"] * 0.3, p[side + "hand"], one * 0 + 0.024),
            ("thigh", p[side + "hip"], p[side + "knee"], one * 0.05),
            ("shin", p[side + "knee"], p[side + "ankle"], one * 0.036),
            ("foot", p[side + "ankle"], p[side + "toe"], one * 0 + 0.026),
        ]
    if skirt:
        middle = (p["lknee"] + p["rknee"]) / 2
        spread = np.linalg.norm(p["lknee"] - p["rknee"], axis=1) * 0.4
        out.append(("skirt", p["pelvis"], p["pelvis"] * 0.25 + middle * 0.75, 0.07 * fat + spread))
    return out
