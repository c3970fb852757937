"""Trains the compact CVI. See README.md.

    python cvi.py --data CLIPS --cache CACHE --out OUT --minutes 33 [--resume]
"""

import argparse
import math
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

import cvi_coarse
import cvi_loss as loss
import motion_data
from common import Average, Log, load_checkpoint, psnr, save_checkpoint
from cvi_net import LENGTH, Crop, Cvi, CviConfig

CONFIG = CviConfig(
    C=24, D=32, encoder=[24, 24, 32, 32, 48, 48, 24], decoder=[40, 40, 40, 32, 24, 16, 10], output="warp", skips=True, timed=True
)
CELLS = 5  # of the eight by eight that the decoder is trained on
# Of every batch: what share comes from where, at the start and from SHIFT_UNTIL on.
SHARES = {
    "even": (0.35, 0.15),
    "rendered": (0.2, 0.16),
    "weizmann": (0.11, 0.24),
    "ud810": (0.06, 0.12),
    "asl": (0.04, 0.06),
    "fight": (0.12, 0.2),
    "train": (0.12, 0.12),
}
SHIFT_UNTIL, TAKES_FROM, JUDGED_FROM = 0.6, 0.7, 0.7


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of actions/ and train/")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=33)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1.2e-3)
    parser.add_argument("--channels", type=int, choices=(1, 3), default=3)
    parser.add_argument("--rendered", type=int, default=6000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--even", type=int, default=1200)
    parser.add_argument("--coarse-minutes", type=float, default=8)
    parser.add_argument("--from-net", type=Path, help="start from these weights (a .pt of the network alone) instead of --coarse-minutes")
    parser.add_argument("--dev-minutes", type=float, default=8)
    parser.add_argument("--no-judge", action="store_true")
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


class Samples:
    """Batches: pictures [N, 16, c, H, W] in 0..1 and the teacher's motion [N, 14, 4, H, W]."""

    def __init__(self, o: argparse.Namespace):
        self.random, self.channels = np.random.default_rng(o.seed + int(time.time()) * o.resume), o.channels
        pixels, names = motion_data.windows(o.data, "train", o.cache)
        flow = motion_data.taught(pixels, o.cache / "windows-train-flow.npy")
        self.sources = {k: motion_data.rendered(o.data, n, o.seed, o.cache, k) for k, n in (("rendered", o.rendered), ("even", o.even))}
        self.places = {"rendered": np.arange(o.rendered), "even": np.arange(o.even)}
        for key in SHARES:
            if key not in self.sources:
                self.sources[key] = (pixels, flow)
                self.places[key] = np.array([i for i, n in enumerate(names) if n.startswith(key)])

    def batch(self, count: int, late: float) -> tuple[Tensor, Tensor]:
        shares = np.array([a + (b - a) * late for a, b in SHARES.values()])
        videos, flows = [], []
        for key in self.random.choice(list(SHARES), count, p=shares / shares.sum()):
            i = self.random.choice(self.places[key])
            video, flow = motion_data.augment(*(part[i] for part in self.sources[key]), self.random)
            videos.append(np.ascontiguousarray(video))
            flows.append(np.ascontiguousarray(flow))
        video = torch.from_numpy(np.stack(videos)).permute(0, 1, 4, 2, 3).contiguous()
        if self.channels == 1:
            video = loss.grey(video).view(count, LENGTH, 1, *video.shape[3:])
        return video, torch.from_numpy(np.stack(flows)).permute(0, 1, 4, 2, 3)


def run(net: Cvi, first: np.ndarray, last: np.ndarray, noise: Tensor) -> np.ndarray:
    """Byte pictures [N, H, W, 3] to byte videos [N, 16, H, W, 3]."""
    to = lambda a: torch.from_numpy(np.ascontiguousarray(a)).permute(0, 3, 1, 2).float() / 127.5 - 1
    a, b = to(first), to(last)
    if net.config.channels == 1:
        a, b = (loss.grey(x[:, None]) for x in (a, b))
    with torch.no_grad():
        video = net(a, b, noise).permute(0, 2, 3, 4, 1)
    out = ((video + 1) * 127.5 + 0.5).clamp(0, 255).byte().numpy()
    return np.repeat(out, 3, -1) if out.shape[-1] == 1 else out


def blended(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    t = np.arange(LENGTH, dtype=np.float32)[:, None, None, None] / (LENGTH - 1)
    return (first * (1 - t) + last * t + 0.5).astype(np.uint8)


class Dev:
    """A fixed choice of the dev windows, twenty of each kind; figures of the network and of blending."""

    kinds = ("weizmann", "fight", "train")

    def __init__(self, o: argparse.Namespace, each: int = 20):
        pixels, names = motion_data.windows(o.data, "dev", o.cache)
        self.kind, picks = [], []
        for kind in self.kinds:
            of = [i for i, n in enumerate(names) if n.startswith(kind)]
            picks += [of[(2 * k + 1) * len(of) // (2 * each)] for k in range(each)]
            self.kind += [kind] * each
        self.windows = pixels[picks]
        if o.channels == 1:
            self.windows = np.stack([np.stack([np.repeat(loss.grey8(f)[..., None], 3, -1) for f in w]) for w in self.windows])
        self.flows = [loss.neighbour_flow(w) for w in self.windows]
        self.noise = torch.randn(len(picks), CONFIG.D, generator=torch.Generator().manual_seed(1))
        self.blend = self.figures(np.stack([blended(w[0], w[-1]) for w in self.windows]))

    def figures(self, videos: np.ndarray) -> dict[str, float]:
        rows = []
        for video, truth, flow in zip(videos, self.windows, self.flows):
            pairs = list(zip(video[1:-1], truth[1:-1]))
            moved = np.hypot(*np.moveaxis(loss.neighbour_flow(video) - flow, -1, 0)).mean()
            rows.append([np.mean([f(a, b) for a, b in pairs]) for f in (psnr, loss.ssim, loss.gmsd)] + [moved])
        rows = np.array(rows)
        out = dict(zip(("psnr", "ssim", "gmsd", "flow"), rows.mean(0).tolist()))
        for kind in self.kinds:
            of = rows[[k == kind for k in self.kind]].mean(0)
            out |= {f"gmsd_{kind}": float(of[2]), f"flow_{kind}": float(of[3])}
        return out

    def score(self, net: Cvi, sheet: Path) -> dict[str, float]:
        net.eval()
        videos = np.concatenate([run(net, w[:, 0], w[:, -1], n) for w, n in zip(np.split(self.windows, 6), self.noise.chunk(6))])
        other = run(net, self.windows[::4, 0], self.windows[::4, -1], self.noise[::4].roll(1, 0))
        out = self.figures(videos)
        out["takes"] = float(np.abs(other[:, 1:-1].astype(np.int16) - videos[::4, 1:-1]).mean())
        rows = []
        for i in range(2, len(videos), 7):
            rows += [np.concatenate(list(v[::2]) + [v[-1]], 1) for v in (self.windows[i], videos[i])]
        picture = cv2.resize(np.concatenate(rows)[..., ::-1], None, fx=1.5, fy=1.5, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(sheet), picture)
        net.train()
        return out


def lively_crop(video: Tensor, takes: int) -> Crop:
    """Of three places by chance the one where most moves; the same for all takes of a sample."""
    change = (video[:, 8] - video[:, 0]).abs().mean(1) + (video[:, 8] - video[:, -1]).abs().mean(1)
    sums = torch.nn.functional.avg_pool2d(change[:, None], 8 * CELLS, 8).flatten(1)
    tries = torch.randint(sums.shape[1], (len(video), 3))
    best = tries.gather(1, sums.gather(1, tries).argmax(1, keepdim=True))[:, 0]
    across = video.shape[-1] // 8 - CELLS + 1
    return Crop((best // across).repeat(takes), (best % across).repeat(takes), CELLS)


class Trainer:
    def __init__(self, o: argparse.Namespace):
        self.o = o
        torch.manual_seed(o.seed)
        config = CviConfig(**{**CONFIG.json(), "channels": o.channels})
        config.decoder = [*config.decoder[:6], o.channels + 7]
        self.net, self.judge = Cvi(config), loss.VideoDiscriminator(o.channels)
        # Nothing normalises the 24 latent layers: at the others' rate they grow tenfold each, and nothing is learnt.
        shares = {"latent": 0.25, "encoder": 0.4}
        groups = [{"params": list(p.parameters()), "share": shares.get(name, 1.0)} for name, p in self.net.named_children()]
        self.optimiser = torch.optim.AdamW(groups, o.lr, betas=(0.9, 0.99), weight_decay=1e-3)
        self.judge_optimiser = torch.optim.Adam(self.judge.parameters(), 4e-4, betas=(0.5, 0.99))
        self.average = Average(self.net, 0.998)
        self.step, self.spent, self.best = 0, 0.0, math.inf
        state = load_checkpoint(o.out / "last.pt") if o.resume else None
        if state:
            for name in ("net", "judge", "optimiser", "judge_optimiser"):
                getattr(self, name).load_state_dict(state[name])
            self.average.load(state["average"])
            self.step, self.spent, self.best = state["step"], state["spent"], state["best"]
        self.since = time.time() - self.spent

    def done(self) -> float:
        return (time.time() - self.since) / 60 / self.o.minutes

    def save(self, name: str = "last.pt", **more: object) -> None:
        parts = {n: getattr(self, n).state_dict() for n in ("net", "judge", "optimiser", "judge_optimiser")}
        state = {**parts, "average": self.average.state(), "step": self.step, "spent": time.time() - self.since, "best": self.best}
        save_checkpoint(self.o.out / name, {**state, **more})

    def save_average(self, name: str, dev: dict[str, float]) -> None:
        config = self.net.config.json()
        save_checkpoint(self.o.out / name, {"net": self.average.values, "config": config, "step": self.step, "dev": dev})

    def averaged(self) -> Cvi:
        net = Cvi(self.net.config)
        net.load_state_dict(self.average.values)
        return net

    def train(self, video: Tensor, teacher: Tensor, done: float) -> dict[str, float]:
        """One step."""
        takes, n = (2 if done >= TAKES_FROM else 1), len(video)
        rate = min(1, (self.step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, done))))
        for group in self.optimiser.param_groups:
            group["lr"] = self.o.lr * rate * group["share"]
        scaled = video * 2 - 1
        crop = lively_crop(video, takes)
        with torch.autocast("cpu", torch.bfloat16):
            parts = self.net.parts(scaled[:, 0], scaled[:, -1], torch.randn(n * takes, self.net.config.D), crop)
        one = Crop(crop.y[:n], crop.x[:n], CELLS)
        video, teacher, scaled = (one.of(v, 8) for v in (video, teacher, scaled))
        truth, teacher = video[:, 1:-1].repeat(takes, 1, 1, 1, 1), teacher.repeat(takes, 1, 1, 1, 1)
        made = (parts.video + 1) / 2
        terms = {
            "lap": 2.0 * loss.laplacian(made, truth),
            "taught": 0.12 * loss.taught(parts.flow, teacher),
            "census": 0.25 * loss.census(made, truth),
            "gms": 0.8 * loss.structure(made, truth),
            "time": 3.0 * loss.temporal(made, truth),
            "smooth": 0.005 * loss.smoothness(parts.flow, truth),
        }
        total = sum(terms.values())
        # Of two takes the nearer to the truth learns; the other may be another thing that could have happened.
        best = total.view(takes, n).argmin(0)
        chosen = best * n + torch.arange(n)
        result = total[chosen].mean()
        row = {k: float(v.detach().view(takes, n).amin(0).mean()) for k, v in terms.items()}
        if takes == 2:
            one, two = made[:n], made[n:]
            apart, off = loss.a_sample((one - two).abs(), n), loss.a_sample(((one + two) / 2 - truth[:n]).abs(), n).detach()
            variety = (0.6 * off - apart).clamp(min=0).mean()
            result = result + 1.5 * variety + 0.15 * total.mean()
            row |= {"apart": float(apart.detach().mean()), "off": float(off.mean())}
        judged = done >= JUDGED_FROM and not self.o.no_judge
        if judged:
            strength = min(1, (done - JUDGED_FROM) / 0.05)
            full = torch.cat((scaled[:, :1], parts.video[chosen], scaled[:, -1:]), 1).transpose(1, 2)
            row |= self.judge_step(scaled.transpose(1, 2), full.detach())
            with torch.autocast("cpu", torch.bfloat16):
                verdict, seen = self.judge(full)
                with torch.no_grad():
                    wanted = self.judge(scaled.transpose(1, 2))[1]
            matching = sum((a - b).abs().float().mean() for a, b in zip(seen, wanted))
            result = result + strength * (0.4 * matching - 0.015 * verdict.mean())
            row["matching"] = float(matching.detach())
        self.optimiser.zero_grad(set_to_none=True)
        result.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        self.average.update(self.net)
        return {"loss": float(result.detach()), "norm": float(norm), **row}

    def judge_step(self, real: Tensor, made: Tensor) -> dict[str, float]:
        with torch.autocast("cpu", torch.bfloat16):
            yes, no = self.judge(real)[0], self.judge(made)[0]
        value = (1 - yes).clamp(min=0).mean() + (1 + no).clamp(min=0).mean()
        self.judge_optimiser.zero_grad(set_to_none=True)
        value.backward()
        self.judge_optimiser.step()
        return {"judge": float(value.detach())}


def train_coarse(trainer: Trainer, log: Log, stop: list[bool]) -> None:
    """See cvi_coarse.py; its minutes are not among --minutes."""
    o, net, coarse, step = trainer.o, trainer.net, cvi_coarse.Coarse(trainer.net), 0
    photos, random, sums = motion_data.photographs(o.data), np.random.default_rng(o.seed), []
    fast = [p for name, p in net.named_parameters() if not name.startswith("latent")] + list(coarse.parameters())
    groups = [{"params": fast, "share": 1.0}, {"params": list(net.latent.parameters()), "share": 0.4}]
    optimiser = torch.optim.AdamW(groups, 1.5e-3, betas=(0.9, 0.99), weight_decay=1e-3)
    started = time.time()
    while (done := (time.time() - started) / 60 / max(o.coarse_minutes, 1e-9)) < 1 and not stop:
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * group["share"] * min(1, (step + 1) / 50) * (1 - 0.6 * done)
        with torch.autocast("cpu", torch.bfloat16):
            value, still = coarse.loss(net, *cvi_coarse.pairs(photos, random, 32))
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        step += 1
        sums.append((float(value.detach()), float(still)))
        if step % 50 == 0:
            off, zero = np.mean(sums, 0).tolist()
            log.add(coarse_step=step, minutes=done * o.coarse_minutes, off=off, zero=zero)
            sums = []
    torch.save(net.state_dict(), o.out / "coarse.pt")


def main() -> None:
    o = options()
    o.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(o.threads)
    cv2.setNumThreads(1)
    samples, dev, log = Samples(o), Dev(o), Log(o.out)
    trainer, stop = Trainer(o), []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    log.add(what="blend", **dev.blend)
    if trainer.step == 0:
        if o.from_net:
            trainer.net.load_state_dict(torch.load(o.from_net))
        else:
            train_coarse(trainer, log, stop)
        trainer.average = Average(trainer.net, 0.998)
        trainer.since = time.time()
    rows: list[dict[str, float]] = []
    next_dev = (trainer.spent // 60 // o.dev_minutes + 1) * o.dev_minutes
    while trainer.done() < 1 and not stop:
        done = trainer.done()
        count = o.batch // 2 if done >= TAKES_FROM else o.batch
        rows.append(trainer.train(*samples.batch(count, min(1, done / SHIFT_UNTIL)), done))
        if trainer.step % 50 == 0:
            mean = {k: float(np.mean([r[k] for r in rows if k in r])) for k in rows[-1]}
            log.add(step=trainer.step, minutes=round(done * o.minutes, 2), **mean)
            rows = []
        if done * o.minutes >= next_dev:
            next_dev += o.dev_minutes
            checkpoint(trainer, dev, log)
    checkpoint(trainer, dev, log)


def checkpoint(trainer: Trainer, dev: Dev, log: Log) -> None:
    figures = dev.score(trainer.averaged(), trainer.o.out / "sheet.png")
    if figures["gmsd"] < trainer.best:
        trainer.best = figures["gmsd"]
        trainer.save_average("best.pt", figures)
    trainer.save_average("final.pt", figures)
    trainer.save()
    log.add(step=trainer.step, minutes=round(trainer.done() * trainer.o.minutes, 2), **{f"dev_{k}": v for k, v in figures.items()})
    log.draw(["loss", "lap", "gms", "taught", "dev_psnr", "dev_gmsd", "dev_flow", "dev_takes"])


if __name__ == "__main__":
    main()
