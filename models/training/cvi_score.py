"""Scores an exported CVI against blending on windows nobody trained on.

    python cvi_score.py ../cvi/weights.safetensors --data CLIPS --cache CACHE --split eval [--sheet PICTURE]

PSNR, SSIM and GMSD of the fourteen middle frames, the error of DIS flow between consecutive frames, and how far two takes are apart,
each the mean over windows (one frame apart, following one another, in which something moves).
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

import cvi_loss as loss
import motion_data
from common import psnr
from cvi import blended, run
from publish import load_cvi

NAMES = ("psnr", "ssim", "gmsd", "flow")


def figures(video: np.ndarray, truth: np.ndarray, flow: np.ndarray) -> list[float]:
    pairs = list(zip(video[1:-1], truth[1:-1]))
    moved = float(np.hypot(*np.moveaxis(loss.neighbour_flow(video) - flow, -1, 0)).mean())
    return [float(np.mean([f(a, b) for a, b in pairs])) for f in (psnr, loss.ssim, loss.gmsd)] + [moved]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--split", choices=("dev", "eval"), default="eval")
    parser.add_argument("--most", type=int, default=60, help="windows of a kind, spread evenly")
    parser.add_argument("--sheet", type=Path)
    o = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = load_cvi(o.weights)
    pixels, names = motion_data.windows(o.data, o.split, o.cache)
    kinds = sorted({n.split("/")[0] for n in names})
    rows: list[np.ndarray] = []
    strips = []
    for kind in [*kinds, "all"]:
        if kind != "all":
            of = [i for i, n in enumerate(names) if n.startswith(kind)]
            of = [of[k * len(of) // min(o.most, len(of))] for k in range(min(o.most, len(of)))]
            part = []
            for i in of:
                truth = pixels[i]
                noise = torch.randn(2, net.config.D, generator=torch.Generator().manual_seed(i))
                takes = run(net, truth[[0, 0]], truth[[-1, -1]], noise)
                flow, blend = loss.neighbour_flow(truth), blended(truth[0], truth[-1])
                still = np.repeat(truth[:1], len(truth), 0)
                row = [figures(v, truth, flow) for v in (takes[0], blend, still)]
                apart = float(np.abs(takes[0, 1:-1].astype(np.int16) - takes[1, 1:-1]).mean())
                cross = psnr(takes[0, 1:-1], blend[1:-1])
                part.append([*sum(row, []), apart, cross, float(row[0][2] < row[1][2]), float(row[0][3] < row[1][3])])
                if i in of[:: max(1, len(of) // 4)]:
                    strips += [np.concatenate(list(v[1:-1:2]), 1) for v in (truth, takes[0], takes[1], blend)]
            rows.append(np.array(part))
        table = np.concatenate(rows) if kind == "all" else rows[-1]
        mean = table.mean(0)
        print(f"{kind}: {len(table)} windows")
        for k, engine in enumerate(("cvi", "blend", "first still")):
            print(f"  {engine:12}" + " ".join(f"{n} {v:.4f}" for n, v in zip(NAMES, mean[4 * k : 4 * k + 4])))
        print(f"  takes apart {mean[12]:.2f} of 255; {mean[13]:.1f} dB to blend; better than blend in GMSD {mean[14]:.0%}, in flow {mean[15]:.0%}")
    if o.sheet:
        cv2.imwrite(str(o.sheet), cv2.resize(np.concatenate(strips)[..., ::-1], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))


if __name__ == "__main__":
    main()
