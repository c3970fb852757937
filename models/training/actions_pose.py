"""Actions of a jointed figure as angles over time. Used by actions_render.py; actions_body.py makes joints in space of them.

A pose is a dictionary of arrays over time, in radians (`up` and `speed` in body heights): of the pelvis `yaw pitch roll`, of the chest
against it `lean side twist`, `nod` of the head; of each arm (l..., r...) `flex` forwards, `out` sideways, `turn` about its own axis,
`elbow`; of each leg `hip` forwards, `open` sideways, `knee`; `up`, height above standing with the lowest joint on the ground; `speed` forwards.
What is not said is as in `standing`. The figure faces +z, its left is +x, y is up; standing it is 1 high.

    LABELS                                the actions of the recogniser, the last is 'nothing'
    PLAYED[label](random, t)              -> pose of an action from its beginning, t in seconds
    idle(random, t)                       -> pose of somebody who does none of them
    gesture(random, t)                    -> arms that do something else
"""

from collections.abc import Callable

import numpy as np

Pose = dict[str, np.ndarray]
Random = np.random.Generator
LABELS = [
    *("walk", "run", "jump", "wave one hand", "wave two hands", "clap", "squat", "bend", "kick", "punch", "throw", "jumping jack", "fall"),
    *("raise arms sideways", "raise arms forward", "fight", "nothing"),
]
ARMS = [side + part for side in "lr" for part in ("flex", "out", "turn", "elbow")]
LEGS = [side + part for side in "lr" for part in ("hip", "open", "knee")]
NAMES = ["yaw", "pitch", "roll", "lean", "side", "twist", "nod", *ARMS, *LEGS, "up", "speed"]
PI = np.pi


def standing(t: np.ndarray) -> Pose:
    pose = {name: np.zeros(len(t)) for name in NAMES}
    for side in "lr":
        pose[side + "out"] += 0.12
        pose[side + "elbow"] += 0.2
        pose[side + "open"] += 0.05
    return pose


def wave(phase: np.ndarray) -> np.ndarray:
    """0 at whole phases, 1 between, as a cosine."""
    return 0.5 - 0.5 * np.cos(2 * PI * phase)


def ramp(x: np.ndarray, a: float, b: float) -> np.ndarray:
    u = np.clip((x - a) / (b - a), 0, 1)
    return u * u * (3 - 2 * u)


def stroke(phase: np.ndarray, a: float, b: float, c: float, d: float) -> np.ndarray:
    """In every cycle up from a to b and down from c to d."""
    x = phase % 1
    return ramp(x, a, b) - ramp(x, c, d)


def drift(random: Random, t: np.ndarray, reach: float, pace: float = 0.5) -> np.ndarray:
    """A slow wandering about 0."""
    return sum(random.normal() * reach * 0.6 * np.sin(2 * PI * (random.uniform(0.2, 1) * pace * t + random.random())) for _ in range(3))


def hold_arms(random: Random, pose: Pose, sides: str = "lr") -> None:
    """Where arms are that do nothing."""
    how = random.choice(["hang", "hips", "crossed", "front", "behind", "pocket"], p=[0.55, 0.12, 0.08, 0.09, 0.08, 0.08])
    flex, out, turn, elbow = {
        "hang": (random.normal() * 0.08, random.uniform(0.05, 0.22), 0, random.uniform(0.05, 0.4)),
        "hips": (-0.25, random.uniform(0.55, 0.8), -1.1, random.uniform(1.5, 1.9)),
        "crossed": (0.45, 0.2, -1.15, 1.75),
        "front": (0.25, 0.1, -0.5, random.uniform(0.8, 1.5)),
        "behind": (-0.35, 0.25, -0.7, 0.6),
        "pocket": (-0.2, 0.3, -0.3, 0.7),
    }[how]
    for side in sides:
        for part, value in (("flex", flex), ("out", out), ("turn", turn), ("elbow", elbow)):
            pose[side + part] = pose[side + part] * 0 + value + random.normal() * 0.04


def idle(random: Random, t: np.ndarray) -> Pose:
    """Standing about, sometimes sitting or turning."""
    pose = standing(t)
    hold_arms(random, pose)
    for name, reach in (("lean", 0.04), ("side", 0.03), ("twist", 0.12), ("nod", 0.12), ("roll", 0.02), ("yaw", 0.15)):
        pose[name] += drift(random, t, reach)
    for name in ARMS:
        pose[name] += drift(random, t, 0.05)
    shift = drift(random, t, 0.06)
    pose["lopen"] += shift
    pose["ropen"] -= shift
    pose["lean"] += random.uniform(-0.02, 0.1)
    if random.random() < 0.12:
        for side in "lr":
            pose[side + "hip"] += random.uniform(1.3, 1.6)
            pose[side + "knee"] += random.uniform(1.2, 1.7)
        pose["lean"] += random.uniform(-0.1, 0.3)
    elif random.random() < 0.12:
        pose["yaw"] += random.choice([-1, 1]) * random.uniform(0.5, 2.5) * ramp(t, 0, random.uniform(0.8, 2.5))
    return pose


def gesture(random: Random, t: np.ndarray) -> Pose:
    """Talks with the hands, scratches, takes something: none of the actions."""
    pose = idle(random, t)
    for side in random.choice(["l", "r", "lr"]):
        lift, pace = random.uniform(0.2, 1.0), random.uniform(0.3, 1.2)
        pose[side + "flex"] += lift * (0.5 + drift(random, t, 0.5, pace))
        pose[side + "elbow"] += random.uniform(0.5, 1.6) * (0.6 + drift(random, t, 0.5, pace))
        pose[side + "turn"] += drift(random, t, 0.5, pace)
        pose[side + "out"] += np.abs(drift(random, t, 0.2, pace))
    return pose


def gait(pose: Pose, phase: np.ndarray, thigh: float, back: float, lift: float, arm: float, elbow: float) -> None:
    for side, shift in (("l", 0.0), ("r", 0.5)):
        p = phase + shift
        pose[side + "hip"] += (thigh - back) / 2 + (thigh + back) / 2 * np.cos(2 * PI * p)
        # the knee bends while the leg comes forward: p from 0.5 (behind) to 1 (in front)
        pose[side + "knee"] += 0.12 + lift * np.clip(np.sin(2 * PI * (p - 0.52)), 0, None) ** 1.3
        pose[side + "flex"] += -arm * np.cos(2 * PI * p)
        pose[side + "elbow"] += elbow - 0.2 - 0.15 * np.cos(2 * PI * p)
    pose["twist"] += 0.12 * np.sin(2 * PI * phase)


def walk(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    pace, thigh = random.uniform(0.75, 1.15), random.uniform(0.32, 0.5)
    phase = pace * t + random.choice([0.0, 0.25, 0.5, 0.75])
    gait(pose, phase, thigh, thigh * 0.8, random.uniform(0.6, 1.0), random.uniform(0.15, 0.6), random.uniform(0.15, 0.5))
    if random.random() < 0.15:
        held = standing(t)
        hold_arms(random, held)
        pose |= {name: held[name] for name in ARMS}
    pose["lean"] += random.uniform(0, 0.1)
    pose["speed"] += 2 * pace * 2 * 0.49 * np.sin(thigh * 0.9)
    return pose


def run(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    pace, hard = random.uniform(1.25, 1.75), random.uniform(0, 1)
    phase = pace * t + random.choice([0.0, 0.25, 0.5, 0.75])
    gait(pose, phase, 0.6 + 0.5 * hard, 0.45 + 0.3 * hard, 1.3 + 0.7 * hard, random.uniform(0.5, 0.9), random.uniform(1.2, 1.8))
    pose["lean"] += random.uniform(0.08, 0.3)
    pose["up"] += (0.03 + 0.03 * hard) * wave(2 * phase + 0.25)
    pose["speed"] += random.uniform(1.5, 2.0) + 0.8 * hard
    return pose


def jump(random: Random, t: np.ndarray) -> Pose:
    """Crouch, up, land; on the spot or forwards, once in a while or one after another."""
    pose = standing(t)
    hop = random.random() < 0.3
    period = random.uniform(0.45, 0.7) if hop else random.uniform(0.9, 1.7)
    phase, deep = t / period, random.uniform(0.2, 0.45) if hop else random.uniform(0.5, 1.1)
    air = np.clip((phase % 1 - 0.42) / 0.4, 0, 1)
    flight = 4 * air * (1 - air)
    crouch = stroke(phase, 0.0, 0.25, 0.34, 0.46) + 0.6 * stroke(phase, 0.78, 0.86, 0.9, 1.0)
    tuck = random.uniform(0, 1.2) * (random.random() < 0.3)
    for side in "lr":
        pose[side + "hip"] += deep * 0.9 * crouch + tuck * flight
        pose[side + "knee"] += deep * 1.5 * crouch + tuck * 1.3 * flight
    pose["lean"] += deep * 0.45 * crouch
    pose["up"] += (random.uniform(0.06, 0.14) if hop else random.uniform(0.12, 0.32)) * flight
    swing = random.choice([0.0, 0.6, 2.4], p=[0.3, 0.3, 0.4])
    if swing:
        for side in "lr":
            pose[side + "flex"] += -0.6 * crouch + swing * np.sqrt(flight)
    else:
        hold_arms(random, pose)
    if random.random() < 0.35:
        pose["speed"] += random.uniform(0.4, 1.4) * (air > 0) * (air < 1)
    if random.random() < 0.1:
        pose["yaw"] += random.choice([-1, 1]) * PI * (np.floor(phase) + ramp(phase % 1, 0.42, 0.82))
    return pose


def waving(random: Random, t: np.ndarray, pose: Pose, sides: str) -> None:
    """Forearms beside the head, or whole arms, to and fro. Arms go up first."""
    pace, shift = random.uniform(0.8, 2.2), random.random()
    kind = random.choice(["fore", "whole", "front"], p=[0.4, 0.4, 0.2])
    up, alternate = ramp(t, 0, 0.4), random.random() < 0.15
    reach, mean = random.uniform(0.25, 0.6), random.normal() * 0.15
    low, high, bent = random.uniform(1.1, 1.8), random.uniform(2.3, 3.0), random.uniform(0.1, 0.7)
    out, elbow, flex = random.uniform(0.9, 1.9), random.uniform(1.0, 1.7), random.uniform(0.9, 1.7)
    pace = min(pace, 1.3) if kind == "whole" else pace
    for side in sides:
        swing = np.sin(2 * PI * (pace * t + shift + (0.5 if alternate and side == "r" else 0)))
        if kind == "fore":
            pose[side + "out"] = pose[side + "out"] * (1 - up) + up * (out + 0.06 * swing)
            pose[side + "turn"] = pose[side + "turn"] + up * 1.45
            pose[side + "elbow"] = pose[side + "elbow"] * (1 - up) + up * (elbow + mean + reach * swing)
        elif kind == "whole":
            middle, half = (low + high) / 2, (high - low) / 2
            pose[side + "out"] = pose[side + "out"] * (1 - up) + up * (middle - half * swing)
            pose[side + "turn"] = pose[side + "turn"] + up * 1.4
            pose[side + "elbow"] = pose[side + "elbow"] * (1 - up) + up * (bent - 0.6 * bent * swing)
        else:
            pose[side + "flex"] = pose[side + "flex"] * (1 - up) + up * flex
            pose[side + "elbow"] = pose[side + "elbow"] * (1 - up) + up * (elbow * 0.8)
            pose[side + "turn"] = pose[side + "turn"] + up * (mean + 1.3 * reach * swing)
            pose[side + "out"] = pose[side + "out"] + up * (0.15 + 0.25 * reach * swing)
    pose["side"] += 0.05 * np.sin(2 * PI * (pace * t + shift)) * up


def wave_one(random: Random, t: np.ndarray) -> Pose:
    pose = idle(random, t) if random.random() < 0.3 else standing(t)
    side = random.choice(["l", "r"])
    hold_arms(random, pose, "r" if side == "l" else "l")
    pose |= {side + part: standing(t)[side + part] for part in ("flex", "out", "turn", "elbow")}
    waving(random, t, pose, side)
    return pose


def wave_two(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    waving(random, t, pose, "lr")
    return pose


def clap(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    pace, up = random.uniform(1.3, 3.2), ramp(t, 0, 0.4)
    apart = wave(pace * t + random.random())
    overhead = random.random() < 0.15
    flex, elbow = (random.uniform(2.4, 2.8), 0.5) if overhead else (random.uniform(0.2, 1.0), random.uniform(1.0, 1.7))
    width = random.uniform(0.35, 0.9)
    for side in "lr":
        pose[side + "flex"] += up * flex
        pose[side + "elbow"] += up * (elbow - 0.2)
        pose[side + "turn"] += up * (-0.55 + width * apart)
        pose[side + "out"] += up * (-0.12 + (0.5 if overhead else 0.25) * width * apart)
    return pose


def squat(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    period, deep = random.uniform(1.4, 3.0), random.uniform(1.1, 2.0)
    down = wave(t / period) ** random.uniform(0.6, 1.0)
    spread, arms = random.uniform(0.05, 0.4), random.choice(["front", "hold", "head", "hang"], p=[0.45, 0.3, 0.15, 0.1])
    for side in "lr":
        pose[side + "hip"] += deep * 0.92 * down
        pose[side + "knee"] += deep * 1.05 * down
        pose[side + "open"] += spread * (0.4 + 0.6 * down)
        if arms == "front":
            pose[side + "flex"] += (random.uniform(1.2, 1.6) if side == "l" else 0) * down
        elif arms == "head":
            pose[side + "out"] += 1.5
            pose[side + "turn"] += 1.4
            pose[side + "elbow"] += 1.9
    if arms == "front":
        pose["rflex"] = pose["lflex"].copy()
        pose["relbow"] = pose["lelbow"] = pose["lelbow"] * random.choice([1.0, 4.0])
    elif arms == "hold":
        hold_arms(random, pose)
    pose["lean"] += random.uniform(0.25, 0.6) * down * deep / 1.7
    return pose


def bend(random: Random, t: np.ndarray) -> Pose:
    """Down to the ground with the chest and up again."""
    pose = standing(t)
    period = random.uniform(1.6, 3.2)
    down = stroke(t / period, 0.05, 0.42, 0.58, 0.95)
    far, knees, arms = random.uniform(1.3, 1.95), random.uniform(0, 0.6), random.choice([0.0, 1.0], p=[0.2, 0.8])
    pose["pitch"] += 0.45 * far * down
    pose["lean"] += 0.55 * far * down
    pose["nod"] += 0.2 * down
    for side in "lr":
        pose[side + "hip"] += (0.45 * far + knees) * down
        pose[side + "knee"] += knees * 1.6 * down
        pose[side + "flex"] += arms * far * random.uniform(0.75, 1.05) * down
    if not arms:
        hold_arms(random, pose)
    return pose


def guard(random: Random, pose: Pose) -> None:
    """Fists before the chest, one foot in front."""
    flex, elbow = random.uniform(0.3, 0.9), random.uniform(1.5, 2.1)
    for side in "lr":
        pose[side + "flex"] += flex
        pose[side + "elbow"] += elbow
        pose[side + "turn"] += -0.3
        pose[side + "knee"] += 0.25
    pose["lhip"] += 0.35
    pose["rhip"] -= 0.15
    pose["lean"] += random.uniform(0, 0.2)


def kick(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    if random.random() < 0.5:
        guard(random, pose)
    else:
        hold_arms(random, pose)
    period, side = random.uniform(0.9, 1.9), random.choice(["l", "r"])
    kind, turns = random.choice(["front", "round", "ball"], p=[0.45, 0.25, 0.3]), random.random() < 0.4
    phase = t / period
    for leg in "lr":
        use = (np.floor(phase) % 2 == (leg == side)) if turns else np.full(len(t), leg == side)
        height = random.uniform(0.9, 1.8) if kind != "ball" else random.uniform(0.6, 1.1)
        load, hit = stroke(phase, 0.08, 0.25, 0.3, 0.42) * use, stroke(phase, 0.26, 0.4, 0.5, 0.85) * use
        if kind == "ball":
            pose[leg + "hip"] += -0.6 * load + height * hit
            pose[leg + "knee"] += 1.3 * load + 0.1 * hit
        else:
            pose[leg + "hip"] += height * 0.8 * load + height * hit
            pose[leg + "knee"] += 1.8 * load + 0.15 * hit
        if kind == "round":
            pose[leg + "open"] += 0.9 * hit
            pose["twist"] += (0.3 if leg == "r" else -0.3) * hit
        pose["lean"] -= random.uniform(0.1, 0.35) * hit
        other = "r" if leg == "l" else "l"
        pose[other + "flex"] += 0.4 * hit
    return pose


def punch(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    guard(random, pose)
    period, first = random.uniform(0.45, 1.0), random.choice([0, 1])
    phase, one = t / period + 0.02, random.random() < 0.3
    upper = random.random() < 0.2
    for k, side in enumerate("lr"):
        use = np.full(len(t), k == first) if one else np.floor(phase) % 2 == (k + first) % 2
        hit = stroke(phase, 0.05, 0.35, 0.45, 0.9) * use
        high = random.uniform(1.25, 1.65)
        pose[side + "flex"] += hit * ((1.9 if upper else high) - pose[side + "flex"])
        pose[side + "elbow"] += hit * ((1.3 if upper else 0.1) - pose[side + "elbow"])
        pose[side + "turn"] += 0.3 * hit
        pose["twist"] += (-1 if side == "l" else 1) * 0.4 * hit
    pose["yaw"] += drift(random, t, 0.1)
    pose["up"] += 0.012 * wave(t * 2.2)
    return pose


def throw(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    period, side = random.uniform(1.3, 2.3), random.choice(["l", "r"])
    other, sign = ("r", 1) if side == "l" else ("l", -1)
    phase = t / period
    back, go = stroke(phase, 0.02, 0.35, 0.42, 0.56), stroke(phase, 0.42, 0.56, 0.66, 0.98)
    if random.random() < 0.75:
        # overarm: elbow out and behind, hand by the ear, then over and down in front
        pose[side + "out"] += 1.35 * back + 0.25 * go
        pose[side + "turn"] += 1.2 * back
        pose[side + "elbow"] += 1.6 * back + 0.1 * go
        pose[side + "flex"] += -0.3 * back + random.uniform(1.0, 1.6) * go
        pose[other + "flex"] += random.uniform(0.4, 1.2) * back - 0.3 * go
    else:
        pose[side + "flex"] += -1.0 * back + random.uniform(1.3, 2.0) * go
        pose["lean"] += 0.25 * back
    pose["twist"] += sign * (0.6 * back - 0.5 * go)
    pose["lean"] += -0.15 * back + random.uniform(0.25, 0.5) * go
    pose[other + "hip"] += 0.5 * back + 0.45 * go
    pose[other + "knee"] += 0.5 * back + 0.25 * go
    pose[side + "hip"] += -0.3 * go
    return pose


def jumping_jack(random: Random, t: np.ndarray) -> Pose:
    pose = standing(t)
    period = random.uniform(0.75, 1.4)
    apart = wave(t / period) ** random.uniform(0.7, 1.2)
    top, spread = random.uniform(2.5, 3.0), random.uniform(0.3, 0.55)
    bent = random.uniform(0, 0.5)
    for side in "lr":
        pose[side + "out"] += (top - 0.12) * apart
        pose[side + "turn"] += 1.3 * apart
        pose[side + "elbow"] += bent * wave(t / period * 2) - 0.1
        pose[side + "open"] += spread * apart
        pose[side + "knee"] += 0.25 * wave(t / period * 2 + 0.5) ** 2
        pose[side + "hip"] += 0.12 * wave(t / period * 2 + 0.5) ** 2
    pose["up"] += random.uniform(0.02, 0.08) * wave(t / period * 2)
    return pose


def fall(random: Random, t: np.ndarray) -> Pose:
    """To the ground, and there it lies."""
    pose = standing(t)
    length, way = random.uniform(0.7, 1.3), random.choice(["front", "back", "side", "sink"])
    down = np.clip(t / length, 0, None)
    tip = np.where(down < 1, np.clip(down, 0, 1) ** 1.8, 1)
    soft = ramp(down, 0.1, 0.7)
    sign, knees = random.choice([-1, 1]), random.uniform(0.2, 1.3)
    if way == "side":
        pose["roll"] += sign * 1.5 * tip
    else:
        pose["pitch"] += (1.5 if way == "front" else -1.5 if way == "back" else sign * 1.35) * tip
    for side in "lr":
        bent = knees * random.uniform(0.6, 1.4) * (1.5 if way == "sink" else 1)
        pose[side + "knee"] += bent * 1.3 * (soft - 0.4 * ramp(down, 0.8, 1.4))
        pose[side + "hip"] += bent * (soft - 0.5 * ramp(down, 0.8, 1.4))
        pose[side + "flex"] += random.uniform(0.3, 1.8) * soft * (1 if way == "front" else random.uniform(-0.3, 1))
        pose[side + "out"] += random.uniform(0.2, 1.2) * soft
        pose[side + "elbow"] += random.uniform(0.1, 0.9) * soft
    pose["speed"] += {"front": 0.4, "back": -0.4}.get(way, 0.0) * (down < 1)
    return pose


def lifting(random: Random, t: np.ndarray, part: str, low: float, high: float) -> Pose:
    pose = standing(t)
    period, top = random.uniform(1.6, 3.6), random.uniform(low, high)
    rest = random.uniform(0.05, 0.25)
    up = stroke(t / period, 0.02, 0.5 - rest, 0.5 + rest / 2, 0.98)
    bent = random.uniform(0, 0.35)
    for side in "lr":
        pose[side + part] += (top - 0.1) * up
        pose[side + "elbow"] += (bent - 0.15) * up + (random.uniform(0, 0.7) * up**4 if top > 2.3 else 0)
        if part == "out":
            pose[side + "turn"] += 1.3 * up
        else:
            pose[side + "out"] -= 0.1 * up
    return pose


def raise_sideways(random: Random, t: np.ndarray) -> Pose:
    return lifting(random, t, "out", 1.3, 3.0)


def raise_forward(random: Random, t: np.ndarray) -> Pose:
    return lifting(random, t, "flex", 1.3, 3.0)


PLAYED: dict[str, Callable[[Random, np.ndarray], Pose]] = {
    "walk": walk,
    "run": run,
    "jump": jump,
    "wave one hand": wave_one,
    "wave two hands": wave_two,
    "clap": clap,
    "squat": squat,
    "bend": bend,
    "kick": kick,
    "punch": punch,
    "throw": throw,
    "jumping jack": jumping_jack,
    "fall": fall,
    "raise arms sideways": raise_sideways,
    "raise arms forward": raise_forward,
}
