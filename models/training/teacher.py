"""A teacher for the first part of training: OpenCV's DIS flow from the true middle to either frame, which no run of the
product has. It says where in a kernel the weight belongs, long before the colours alone would."""

from pathlib import Path

import cv2
import numpy as np
import torch

UNKNOWN = 1000.0


def teacher_flows(frames: np.ndarray, path: Path) -> np.ndarray:
    """float16 [n, 2, h, w, 2]: (dx, dy) from the middle to the first and to the last frame; UNKNOWN where following it
    does not find the colour again. Kept in `path`."""
    n, _, h, w, _ = frames.shape
    if path.exists():
        kept = np.load(path)
        if kept.shape == (n, 2, h, w, 2):
            return kept
    cv2.setNumThreads(1)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    dis.setFinestScale(1)
    ys, xs = np.mgrid[:h, :w].astype(np.float32)
    out = np.empty((n, 2, h, w, 2), np.float16)
    for k, triplet in enumerate(frames):
        grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in triplet]
        for side, other in enumerate((0, 2)):
            flow = dis.calc(grey[1], grey[other], None)
            there = cv2.remap(triplet[other], xs + flow[..., 0], ys + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            wrong = cv2.blur(cv2.absdiff(there, triplet[1]).max(2), (3, 3)) > 20
            flow[wrong] = UNKNOWN
            out[k, side] = flow
    np.save(path, out)
    return out


def turned(flow: np.ndarray, quarter: int, mirrored: bool, swapped: bool) -> np.ndarray:
    """The flows [2, h, w, 2] of a triplet turned by np.rot90 `quarter` times, then mirrored, then reversed in time."""
    known = flow[..., :1] < UNKNOWN
    flow = np.rot90(flow, quarter, (1, 2))
    known = np.rot90(known, quarter, (1, 2))
    for _ in range(quarter % 4):
        flow = np.stack((flow[..., 1], -flow[..., 0]), -1)
    if mirrored:
        flow, known = flow[:, :, ::-1] * np.array((-1, 1), flow.dtype), known[:, :, ::-1]
    flow = np.where(known, flow, UNKNOWN)
    return flow[::-1] if swapped else flow


def tents(offset: torch.Tensor, kernel: int):
    """offset [n, h, w] -> [n, kernel, h, w]: one, shared by the two taps nearest to the middle + offset."""
    taps = torch.arange(kernel, dtype=torch.float32).view(1, -1, 1, 1) - (kernel >> 1)
    return (1 - (taps - offset.unsqueeze(1)).abs()).clamp(min=0)


def reached(flow: torch.Tensor, kernel: int):
    """[n, h, w, 2] -> [n, h, w]: 1 where the flow is known and inside the kernel."""
    return (flow.abs().amax(-1) <= (kernel >> 1) - 0.5).float()
