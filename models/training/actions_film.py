"""What a camera and a codec do to rendered frames. Used by movinet_data.py and render_actions.py."""

import cv2
import numpy as np


def degrade(frames: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Small, blurred, noisy, compressed: each by chance, alike in all frames of a scene."""
    h, w = frames.shape[1:3]
    small = random.uniform(0.5, 1) if random.random() < 0.4 else 1
    blur = random.uniform(0.4, 1.0) if random.random() < 0.3 else 0
    noise = random.uniform(1, 10) if random.random() < 0.4 else 0
    quality = int(random.uniform(22, 90)) if random.random() < 0.5 else 0
    out = np.empty_like(frames)
    for t, f in enumerate(frames):
        if blur:
            f = cv2.GaussianBlur(f, (0, 0), blur)
        if small < 1:
            f = cv2.resize(f, (int(w * small), int(h * small)), interpolation=cv2.INTER_AREA)
        if noise:
            f = np.clip(f + random.normal(0, noise, f.shape).astype(np.float32), 0, 255).astype(np.uint8)
        if quality:
            f = cv2.imdecode(cv2.imencode(".jpg", f, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
        if small < 1:
            f = cv2.resize(f, (w, h), interpolation=random_interpolation(small))
        out[t] = f
    return out


def random_interpolation(small: float) -> int:
    return cv2.INTER_LINEAR if int(small * 1000) % 2 else cv2.INTER_CUBIC
