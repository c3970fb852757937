"""Rendered motion with exact flow: sprites and jointed figures over photographs. Used by motion_data.py.

A scene is a list of layers, far to near. A layer is a textured patch with an outline (R'G'B'A, PATCH x PATCH) and for each of the
sixteen frames a 2x3 matrix from its patch to the canvas, so where a pixel of one frame lies in another follows from two matrices.
Drawn at twice the size and halved.
"""

import cv2
import numpy as np

SIZE, LENGTH = 64, 16
CANVAS, PATCH = 128, 64
UNKNOWN = -128
Layer = tuple[np.ndarray, np.ndarray]
TIME = np.linspace(0, 1, LENGTH)


def texture(photos: list[np.ndarray], random: np.random.Generator, size: int) -> np.ndarray:
    """A square of a photograph, tinted by chance, float32 0..255."""
    photo = photos[random.integers(len(photos))]
    height, width = photo.shape[:2]
    side = int(random.integers(min(48, height, width), min(height, width) + 1))
    y, x = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
    out = cv2.resize(photo[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    if random.random() < 0.5:
        out = np.clip(out * random.uniform(0.5, 1.4, 3) + random.uniform(-30, 30, 3), 0, 255)
    return out.astype(np.float32)


def clothing(photos: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """What a limb wears: a plain colour with a little of a photograph."""
    share = random.uniform(0.05, 0.5)
    picture = texture(photos, random, PATCH)
    colour = random.uniform(10, 245, 3)
    return (picture * share + colour * (1 - share)).astype(np.float32)


def blob(random: np.random.Generator) -> np.ndarray:
    """A soft-edged outline: ellipse, polygon or star, float32 [PATCH, PATCH] 0..1."""
    count = int(random.integers(3, 40))
    angle = np.sort(random.uniform(0, 2 * np.pi, count)) if count < 9 else np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = random.uniform(0.55, 1, count) if count < 14 else 1 - 0.25 * (1 + np.sin(angle * random.integers(0, 5)))
    points = PATCH / 2 * (1 + 0.95 * np.stack((np.cos(angle), np.sin(angle)), 1) * radius[:, None])
    mask = np.zeros((PATCH, PATCH), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def capsule(taper: float) -> np.ndarray:
    """A limb along the patch's x axis; `taper` is the far end's width to the near end's."""
    y, x = np.mgrid[0:PATCH, 0:PATCH].astype(np.float32)
    along = np.clip((x - 10) / (PATCH - 20), 0, 1)
    radius = 9 * (1 + (taper - 1) * along)
    distance = np.hypot(x - (10 + along * (PATCH - 20)), y - PATCH / 2 + 0.5)
    return np.clip(radius - distance + 0.5, 0, 1)


def with_alpha(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.dstack((colour, alpha * 255)).astype(np.float32)


def smooth_path(random: np.random.Generator, reach: float) -> np.ndarray:
    """A value that goes somewhere by an eased or swinging way in sixteen frames, about 0."""
    power = random.uniform(0.7, 1.6)
    way = random.normal() * reach * (TIME**power - 0.5)
    if random.random() < 0.5:
        cycles = random.uniform(0.3, 1.3)
        way += random.normal() * reach * 0.6 * np.sin(2 * np.pi * (cycles * TIME + random.random()))
    return way


def placed(x: np.ndarray, y: np.ndarray, angle: np.ndarray, sx: np.ndarray, sy: np.ndarray, shear: np.ndarray) -> np.ndarray:
    """Matrices [16, 2, 3] that put the patch's middle at (x, y), turned, scaled and sheared."""
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.stack((np.stack((cos * sx, (cos * shear - sin) * sy), -1), np.stack((sin * sx, (sin * shear + cos) * sy), -1)), -2)
    centre = np.full(2, (PATCH - 1) / 2)
    return np.concatenate((linear, (np.stack((x, y), -1) - linear @ centre)[..., None]), -1)


def sprite(photos: list[np.ndarray], random: np.random.Generator) -> Layer:
    """A textured blob that travels, turns, grows and shears."""
    scale = random.uniform(0.25, 1.1)
    reach = random.choice([12, 30, 60])
    x = random.uniform(10, CANVAS - 10) + smooth_path(random, reach)
    y = random.uniform(10, CANVAS - 10) + smooth_path(random, reach)
    sx = scale * np.exp(smooth_path(random, 0.3))
    sy = scale * random.uniform(0.6, 1.5) * np.exp(smooth_path(random, 0.3))
    angle = random.uniform(-3, 3) + smooth_path(random, random.choice([0.1, 0.8]))
    return with_alpha(texture(photos, random, PATCH), blob(random)), placed(x, y, angle, sx, sy, smooth_path(random, 0.3))


def backdrop(photos: list[np.ndarray], random: np.random.Generator) -> Layer:
    """The photograph behind; still, or seen by a camera that pans and zooms a little."""
    zeros = np.zeros(LENGTH)
    moving = random.random() < 0.3
    path = (lambda reach: smooth_path(random, reach)) if moving else (lambda reach: zeros)
    scale = CANVAS / PATCH * (1.45 if moving else 1.05)
    zoom = scale * np.exp(path(0.08))
    middle = CANVAS / 2 - 0.5
    matrices = placed(middle + path(12), middle + path(8), path(0.04), zoom, zoom, zeros)
    if random.random() < 0.25:
        plain = texture(photos, random, PATCH) * 0.15 + random.uniform(30, 220, 3)
        return with_alpha(plain, np.ones((PATCH, PATCH))), matrices
    return with_alpha(texture(photos, random, PATCH), np.ones((PATCH, PATCH))), matrices


def limb(skin: np.ndarray, start: np.ndarray, angle: np.ndarray, length: float, width: float, taper: float) -> tuple[Layer, np.ndarray]:
    """A capsule from the joint `start` [16, 2] at `angle` (0 is to the right, pi / 2 down); gives the layer and its far end."""
    direction = np.stack((np.cos(angle), np.sin(angle)), -1)
    end = start + direction * length
    middle = (start + end) / 2
    ones = np.ones(LENGTH)
    sx, sy = length / (PATCH - 20), width / 18
    matrices = placed(middle[:, 0], middle[:, 1], angle, ones * sx, ones * sy, ones * 0)
    return (with_alpha(skin, capsule(taper)), matrices), end


def swing(random: np.random.Generator, low: float, high: float, phase: float, cycles: float) -> np.ndarray:
    """Between two angles and back, `cycles` times in the window."""
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * (cycles * TIME + phase))
    return low + (high - low) * wave + random.normal() * 0.05


def posture(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Angles of the joints over time, and the way of the hips (in body heights), of one of six actions."""
    action = random.choice(["walk", "wave", "wave_both", "jump", "jack", "squat", "any"])
    cycles, phase, down = random.uniform(0.35, 1.2), random.random(), np.full(LENGTH, np.pi / 2)
    zeros = np.zeros(LENGTH)
    p = {"torso": down + random.normal() * 0.05, "x": zeros, "y": zeros}
    for side, sign in (("l", 1), ("r", -1)):
        p["arm_" + side], p["fore_" + side] = down - sign * 0.2, down - sign * 0.12
        p["thigh_" + side], p["shin_" + side] = down - sign * 0.08, down - sign * 0.05
    s = lambda low, high, shift=0.0: swing(random, low, high, phase + shift, cycles)
    if action == "walk":
        facing = random.choice([-1, 1])
        p["x"] = facing * (TIME - 0.5) * cycles * random.uniform(0.4, 0.9)
        for side, shift in (("l", 0.0), ("r", 0.5)):
            p["thigh_" + side] = np.pi / 2 + s(-0.5, 0.5, shift)
            p["shin_" + side] = p["thigh_" + side] + facing * s(0.7, 0.05, shift + 0.2)
            p["arm_" + side] = np.pi / 2 + s(-0.5, 0.5, shift + 0.5)
            p["fore_" + side] = p["arm_" + side] - facing * 0.4
    elif action in ("wave", "wave_both"):
        for side, sign in (("l", 1), ("r", -1))[: 2 if action == "wave_both" else 1]:
            lift = random.uniform(0.9, 2.9)
            p["arm_" + side] = np.pi / 2 - sign * s(lift * random.uniform(0.1, 0.8), lift)
            p["fore_" + side] = p["arm_" + side] - sign * s(0, random.uniform(0.1, 1.2), 0.1)
    elif action == "squat":
        bend = s(0, random.uniform(0.5, 1.2))
        for side, sign in (("l", 1), ("r", -1)):
            p["thigh_" + side], p["shin_" + side] = np.pi / 2 - sign * bend, np.pi / 2 + sign * bend * 0.4
            p["arm_" + side] = np.pi / 2 - sign * bend * random.uniform(0.3, 1.3)
            p["fore_" + side] = p["arm_" + side]
        p["y"] = 0.3 * bend**2
    elif action in ("jump", "jack"):
        up = s(0, 1)
        p["y"] = -random.uniform(0.03, 0.2) * up
        p["x"] = random.normal() * 0.25 * (TIME - 0.5)
        for side, sign in (("l", 1), ("r", -1)):
            spread, lift = random.uniform(0.2, 0.5), random.uniform(1.5, 2.8) if action == "jack" else random.uniform(0, 0.7)
            p["thigh_" + side] = p["shin_" + side] = np.pi / 2 - sign * (0.05 + (spread if action == "jack" else 0.1) * up)
            p["arm_" + side] = np.pi / 2 - sign * (0.15 + lift * up)
            p["fore_" + side] = p["arm_" + side]
    else:
        p["x"], p["y"] = smooth_path(random, 0.3), smooth_path(random, 0.1)
        for name in [n for n in p if "_" in n]:
            p[name] = p[name] + smooth_path(random, 0.9)
    return p


def figure(photos: list[np.ndarray], random: np.random.Generator) -> list[Layer]:
    """A jointed figure of ten layers; seen whole or close."""
    height = random.uniform(55, 150)
    p = posture(random)
    shirt, trousers, skin = (clothing(photos, random) for _ in range(3))
    fat = random.uniform(0.75, 1.4) * height
    hips = np.stack((CANVAS * random.uniform(0.3, 0.7) + height * p["x"], CANVAS * random.uniform(0.5, 0.65) + height * p["y"]), -1)
    torso, neck = limb(shirt, hips, p["torso"] + np.pi, 0.3 * height, 0.17 * fat, 1.15)
    head, _ = limb(skin, neck, p["torso"] + np.pi, 0.15 * height, 0.11 * fat, 1.0)
    layers: dict[str, Layer] = {"torso": torso, "head": head}
    sleeve = shirt if random.random() < 0.6 else skin
    for side, sign in (("l", 1), ("r", -1)):
        shoulder = neck + np.stack((np.full(LENGTH, sign * 0.07 * height), np.full(LENGTH, 0.03 * height)), -1)
        layers["arm_" + side], elbow = limb(shirt, shoulder, p["arm_" + side], 0.17 * height, 0.07 * fat, 0.85)
        layers["fore_" + side], _ = limb(sleeve, elbow, p["fore_" + side], 0.17 * height, 0.055 * fat, 0.8)
        hip = hips + np.array([sign * 0.045 * height, 0])
        layers["thigh_" + side], knee = limb(trousers, hip, p["thigh_" + side], 0.24 * height, 0.095 * fat, 0.8)
        layers["shin_" + side], _ = limb(trousers, knee, p["shin_" + side], 0.24 * height, 0.07 * fat, 0.7)
    order = ["arm_r", "fore_r", "thigh_r", "shin_r", "thigh_l", "shin_l", "torso", "head", "arm_l", "fore_l"]
    return [layers[name] for name in order]


def draw(layers: list[Layer]) -> tuple[np.ndarray, np.ndarray]:
    """Frames uint8 [16, 64, 64, 3], and which layer is seen at each pixel of the canvas [16, 128, 128]."""
    frames = np.empty((LENGTH, SIZE, SIZE, 3), np.uint8)
    owner = np.zeros((LENGTH, CANVAS, CANVAS), np.uint8)
    for t in range(LENGTH):
        canvas = np.zeros((CANVAS, CANVAS, 3), np.float32)
        for index, (patch, matrices) in enumerate(layers):
            border = cv2.BORDER_REPLICATE if index == 0 else cv2.BORDER_CONSTANT
            drawn = cv2.warpAffine(patch, matrices[t], (CANVAS, CANVAS), flags=cv2.INTER_LINEAR, borderMode=border)
            rows, columns = np.flatnonzero(drawn[..., 3].any(1)), np.flatnonzero(drawn[..., 3].any(0))
            if not len(rows):
                continue
            box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            alpha = drawn[box][..., 3:] / 255
            canvas[box] += alpha * (drawn[box][..., :3] - canvas[box])
            owner[t][box][alpha[..., 0] > 0.5] = index
        frames[t] = np.clip(cv2.resize(canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA) + 0.5, 0, 255)
    return frames, owner


def exact_flow(layers: list[Layer], owner: np.ndarray) -> np.ndarray:
    """int8 [14, 64, 64, 4] quarters of a (small) pixel to the first and to the last frame; UNKNOWN where hidden there."""
    full = np.zeros((len(layers), LENGTH, 3, 3))
    full[:, :, :2], full[:, :, 2, 2] = np.stack([m for _, m in layers]), 1
    back = np.linalg.inv(full)
    places = np.arange(SIZE) * 2 + 0.5
    grid = np.stack((*np.meshgrid(places, places), np.ones((SIZE, SIZE))), -1)
    out = np.empty((LENGTH - 2, SIZE, SIZE, 4), np.int8)
    for t in range(1, LENGTH - 1):
        seen = owner[t, ::2, ::2]
        for channel, end in ((0, 0), (2, LENGTH - 1)):
            pick = (full[:, end] @ back[:, t])[seen]
            there = (pick @ grid[..., None])[..., :2, 0]
            near = np.round(there).astype(int)
            inside = ((near >= 0) & (near < CANVAS)).all(-1)
            near = near.clip(0, CANVAS - 1)
            known = inside & (owner[end][near[..., 1], near[..., 0]] == seen)
            quarter = np.round(np.clip((there - grid[..., :2]) * 2, -127, 127))
            out[t - 1, ..., channel : channel + 2] = np.where(known[..., None], quarter, UNKNOWN)
    return out


def render(photos: list[np.ndarray], random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One scene: 60 in 100 with a figure, the rest sprites alone. uint8 [16, 64, 64, 3], int8 [14, 64, 64, 4]."""
    layers = [backdrop(photos, random)]
    if random.random() < 0.6:
        layers += [sprite(photos, random) for _ in range(int(random.random() < 0.3))]
        layers += figure(photos, random)
        layers += [sprite(photos, random) for _ in range(int(random.random() < 0.15))]
    else:
        layers += [sprite(photos, random) for _ in range(int(random.integers(1, 5)))]
    frames, owner = draw(layers)
    return frames, exact_flow(layers, owner)


# ---- everything moves, evenly: what a network learns to look for motion on


def even_path(random: np.random.Generator, reach: float) -> np.ndarray:
    return random.normal() * reach * (TIME - 0.5)


def even_scene(photos: list[np.ndarray], random: np.random.Generator) -> list[Layer]:
    """A photograph and up to three sprites on it, each going an even way."""
    zeros = np.zeros(LENGTH)
    still = random.random() < 0.2
    path = (lambda reach: zeros) if still else (lambda reach: even_path(random, reach))
    zoom, middle = CANVAS / PATCH * 1.3 * np.exp(path(0.08)), CANVAS / 2 - 0.5
    whole = np.ones((PATCH, PATCH))
    layers = [(with_alpha(texture(photos, random, PATCH), whole), placed(middle + path(9), middle + path(9), path(0.06), zoom, zoom, zeros))]
    for _ in range(int(random.integers(1 if still else 0, 4))):
        x, y = (random.uniform(10, CANVAS - 10) + even_path(random, 14) for _ in range(2))
        scale = random.uniform(0.4, 1.4) * np.exp(even_path(random, 0.1))
        angle = random.uniform(-3, 3) + even_path(random, 0.2)
        layers.append((with_alpha(texture(photos, random, PATCH), blob(random)), placed(x, y, angle, scale, scale, zeros)))
    return layers


def even_ends(layers: list[Layer], times: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The first and last frame alone, float32 [2, 64, 64, 3] 0..1, and motion at some times, float32 [times, 64, 64, 4] pixels, NaN outside."""
    half = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
    full = np.zeros((len(layers), LENGTH, 3, 3))
    full[:, :, :2], full[:, :, 2, 2] = np.stack([m for _, m in layers]), 1
    full = half @ full
    frames = np.zeros((2, SIZE, SIZE, 3), np.float32)
    for index, (patch, _) in enumerate(layers):
        border = cv2.BORDER_REPLICATE if index == 0 else cv2.BORDER_CONSTANT
        for k, t in ((0, 0), (1, LENGTH - 1)):
            drawn = cv2.warpAffine(patch, full[index, t, :2], (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=border)
            frames[k] += drawn[..., 3:] * np.float32(1 / 255) * (drawn[..., :3] - frames[k])
    grid = np.stack((*np.meshgrid(np.arange(SIZE), np.arange(SIZE)), np.ones((SIZE, SIZE))), -1).reshape(-1, 3)
    motion = np.empty((len(times), SIZE, SIZE, 4), np.float32)
    for k, t in enumerate(times):
        for index, (patch, _) in enumerate(layers):
            back = np.linalg.inv(full[index, t])
            seen = np.s_[:] if index == 0 else cv2.warpAffine(patch[..., 3], full[index, t, :2], (SIZE, SIZE)).ravel() > 127
            ways = [(grid @ (full[index, end] @ back).T)[:, :2] - grid[:, :2] for end in (0, LENGTH - 1)]
            motion[k].reshape(-1, 4)[seen] = np.concatenate(ways, 1)[seen]
    return frames / 255, motion
