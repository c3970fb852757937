"""Trains a compact FILM network on a CPU. See README.md for the commands.

Three phases of one schedule. First the flow of the coarse levels, which share one predictor and cost little, on wide
crops; then the flow of all levels; both from a teacher's flow (OpenCV DIS from the true middle) and from rendered layers
whose flow is exact. Last the whole network on the picture, flow kept as a side goal.
The network starts at the average of both pictures warped by a gradient guess of the flow (film_net.start_at_*).
"""

import argparse
import math
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from common import Average, Log, blend, dev_scores, dev_triplets, load_checkpoint, save_checkpoint
from film_data import Samples
from film_net import Film, FilmConfig, halve, picture_pyramid, start_at_blend, start_at_gradients, warp

COMPACT = FilmConfig(
    pyramid_levels=7,
    fusion_pyramid_levels=4,
    specialized_levels=3,
    sub_levels=3,
    filters=16,
    flow_convs=[2, 3, 3, 3],
    flow_filters=[16, 24, 32, 48],
)


@torch.no_grad()
def interpolate(net: Film, x0: Tensor, x1: Tensor) -> Tensor:
    """[n, 3, h, w] of any size, not clipped: zero padding, centred, to the pyramid's multiple, as published."""
    align = 1 << (net.config.pyramid_levels - 1)
    h, w = x0.shape[2:]
    ph, pw = -h % align, -w % align
    pad = (pw // 2, pw - pw // 2, ph // 2, ph - ph // 2)
    return net(F.pad(x0, pad), F.pad(x1, pad))["image"][:, :, pad[2] : pad[2] + h, pad[0] : pad[0] + w]


def middle_of(net: Film):
    """Byte pictures -> their byte middle."""

    def middle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        x0, x1 = (torch.from_numpy(p.transpose(2, 0, 1)[None].astype(np.float32) / 255) for p in (a, b))
        return (interpolate(net, x0, x1)[0].clamp(0, 1) * 255 + 0.5).byte().permute(1, 2, 0).numpy()

    return middle


def bars(pictures: Tensor, weight: Tensor, rng: np.random.Generator) -> None:
    """Black edges such as the padding makes, on a quarter of the batches; flow is not judged there."""
    if rng.random() < 0.25:
        top, bottom = (int(v) for v in rng.integers(0, 33, 2))
        for part in (slice(0, top), slice(pictures.shape[3] - bottom, None)):
            pictures[..., part, :] = 0
            weight[..., part, :] = 0


def trust(pictures: Tensor, flow: Tensor, weight: Tensor) -> Tensor:
    """Weights [n, 2, h, w] of a flow from the middle: what lands on the wrong colour counts less, exact flow in full."""
    x0, mid, x1 = pictures
    out = []
    for side, other in ((flow[:, :2], x0), (flow[:, 2:], x1)):
        wrong = (warp(other, side) - mid).abs().mean(dim=1, keepdim=True)
        wrong = F.interpolate(halve(halve(wrong)), scale_factor=4, mode="nearest")
        out.append(torch.where(weight == 1, 1.0, torch.exp(-wrong / 0.06) * weight))
    return torch.cat(out, dim=1)


def flow_loss(flows: list[Tensor], target: Tensor, weight: Tensor, finest: int) -> Tensor:
    """Robust end-point error of levels `finest` and coarser, in pixels of level 0; `target` runs from the middle."""
    goal = torch.cat((target[:, :2], target[:, 2:])) * 2
    sure = torch.cat((weight[:, :1], weight[:, 1:]))
    total = torch.zeros(())
    for level in range(finest + len(flows)):
        if level > 0:
            goal, sure = halve(goal), halve(sure)
        if level < finest:
            continue
        error = ((flows[level - finest] * 2**level - goal).square().sum(dim=1, keepdim=True) + 0.01).pow(0.4)
        total = total + (error * sure).mean()
    return total


def warped_loss(pictures: list[Tensor], flows: list[Tensor], mid: Tensor, finest: int) -> Tensor:
    """L1 of both pictures warped to the middle against it, at levels `finest` .. max(2, finest)."""
    last = max(2, finest)
    truth = picture_pyramid(mid, last + 1)
    total = torch.zeros(())
    for level in range(finest, last + 1):
        both = warp(pictures[level], flows[level - finest] * 0.5)
        total = total + (both - torch.cat((truth[level], truth[level]))).abs().mean()
    return total


class Trainer:
    def __init__(self, options: argparse.Namespace):
        self.options, self.out = options, Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)
        cache = Path(options.cache) if options.cache else self.out / "cache"
        self.samples = Samples(Path(options.data), cache, options.triplets, options.seed, options.gentle)
        self.dev = dev_triplets(Path(options.data))
        self.base = dev_scores(self.dev, blend)
        self.net, self.judge = Film(COMPACT), Film(COMPACT)
        start_at_blend(self.net)
        start_at_gradients(self.net, options.gain)
        self.adam = torch.optim.AdamW(self.net.parameters(), lr=options.lr, betas=(0.9, 0.99), weight_decay=1e-4)
        self.average = Average(self.net, options.average)
        self.log = Log(self.out)
        self.step, self.spent, self.best = 0, 0.0, -math.inf
        self.stopped = False
        if options.resume and (saved := load_checkpoint(self.out / "last.pt")):
            self.net.load_state_dict(saved["net"])
            self.adam.load_state_dict(saved["adam"])
            self.average.load(saved["average"])
            self.step, self.spent, self.best = saved["step"], saved["spent"], saved["best"]
            self.samples.rng.bit_generator.state = saved["rng"]
        if options.from_best and (saved := load_checkpoint(self.out / "best.pt")):
            self.net.load_state_dict(saved["net"])
            self.average = Average(self.net, options.average)

    def save(self) -> None:
        state = {"net": self.net.state_dict(), "adam": self.adam.state_dict(), "average": self.average.state()}
        state |= {"step": self.step, "spent": self.spent, "best": self.best, "rng": self.samples.rng.bit_generator.state}
        save_checkpoint(self.out / "last.pt", state)

    def progress(self) -> float:
        o = self.options
        return self.step / o.steps if o.steps else self.spent / (o.minutes * 60)

    def losses(self, progress: float) -> dict[str, Tensor]:
        o = self.options
        only_flow = progress < o.flow_share
        finest = 3 if progress < o.coarse_share else 0
        half = max(1, o.batch // 2)
        n, size = (half, o.crop * 2) if finest else (o.batch, o.crop) if only_flow else (half, o.crop * 3 // 2)
        pictures, flow, weight = self.samples.batch(n, size, 0.5 if only_flow else 0.3)
        pictures, flow = torch.from_numpy(pictures), torch.from_numpy(flow)
        sure = trust(pictures, flow, torch.from_numpy(weight))
        bars(pictures, sure, self.samples.rng)
        x0, mid, x1 = pictures
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=o.bf16):
            if only_flow:
                pyramid, _, flows = self.net.flows(x0, x1, finest)
            else:
                result = self.net(x0, x1)
                pyramid, flows = picture_pyramid(torch.cat((x0, x1)), 3), result["flows"]
        out = {"flow": flow_loss(flows, flow, sure, finest), "warped": warped_loss(pyramid, flows, mid, finest)}
        if only_flow:
            out["total"] = 0.02 * out["flow"] + 2 * out["warped"]
        else:
            wrong = result["image"] - mid
            out["picture"] = wrong.abs().mean()
            out["total"] = out["picture"] + wrong.square().mean() + 0.0007 * out["flow"] + 0.3 * out["warped"]
        return out

    def rate(self, progress: float) -> float:
        """Cosine over the whole run after a short rise."""
        rise = min(1.0, (self.step + 1) / 100)
        return self.options.lr * rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))

    def evaluate(self) -> None:
        self.judge.load_state_dict(self.average.values)
        scores = dev_scores(self.dev, middle_of(self.judge))
        gains = {f"dev_{k}": scores[k] - self.base[k] for k in scores}
        mean = float(np.mean(list(gains.values())))
        self.log.add(step=self.step, minutes=self.spent / 60, dev=mean, **gains)
        if mean > self.best:
            self.best = mean
            best = {"net": self.average.values, "config": COMPACT.as_json(), "step": self.step, "dev": gains}
            save_checkpoint(self.out / "best.pt", best)
        self.log.draw(["total", "flow", "warped", "picture", "dev", *gains])

    def run(self) -> None:
        o = self.options
        sums: dict[str, float] = {}
        since = dev_at = time.time()
        count = 0
        while self.progress() < 1 and not self.stopped:
            started = time.time()
            rate = self.rate(self.progress())
            for group in self.adam.param_groups:
                group["lr"] = rate
            losses = self.losses(self.progress())
            self.adam.zero_grad(set_to_none=True)
            losses["total"].backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.adam.step()
            self.average.update(self.net)
            self.step += 1
            count += 1
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + float(value.detach())
            if self.step % 50 == 0:
                self.log.add(step=self.step, minutes=self.spent / 60, lr=rate, **{k: v / count for k, v in sums.items()})
                sums, count = {}, 0
            if time.time() - since > 120:
                since = time.time()
                self.save()
            if time.time() - dev_at > o.dev_minutes * 60:
                self.evaluate()
                dev_at = time.time()
            self.spent += time.time() - started
        self.save()
        if not self.stopped:
            self.evaluate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of clips with index.json")
    parser.add_argument("--out", required=True, help="last.pt, best.pt, log.jsonl, curve.png")
    parser.add_argument("--cache", help="decoded frames and flows; OUT/cache unless given")
    parser.add_argument("--batch", type=int, default=8, help="crops a step; half of it, half again as wide, once whole")
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--steps", type=int, default=0, help="length of the schedule; otherwise --minutes")
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--flow-share", type=float, default=0.4, help="how much of the schedule is flow alone")
    parser.add_argument("--coarse-share", type=float, default=0.18, help="how much of the schedule is coarse flow alone")
    parser.add_argument("--gain", type=float, default=10, help="of the first guess of the flow; 0 starts at plain blending")
    parser.add_argument("--triplets", type=int, default=6000)
    parser.add_argument("--average", type=float, default=0.998)
    parser.add_argument("--dev-minutes", type=float, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--gentle", action="store_true", help="draw small motion more often")
    parser.add_argument("--from-best", action="store_true", help="with --resume: go on from the weights of OUT/best.pt")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    torch.manual_seed(options.seed)
    trainer = Trainer(options)

    def stop(*_: object) -> None:
        trainer.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print("blend on dev:", trainer.base, flush=True)
    trainer.run()


if __name__ == "__main__":
    main()
