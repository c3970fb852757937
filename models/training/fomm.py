"""Trains the compact First Order Motion Model (fomm_net.py).

    python fomm.py train OUT --data ../shared/clips --cache CACHE --minutes 60 [--resume] [--channels 1]
    python fomm.py refine OUT --from-run OUT0 --data ../shared/clips --cache CACHE --minutes 60
    python fomm.py score OUT --data ../shared/clips --cache CACHE          the best checkpoint on the dev windows against blending

A step takes three frames of one shot, two stills and a true one between them, and warps both stills to it, once to the key points
found in it and, from a third of the time on, for a third of the samples to those on the straight line between the stills', which is
how the engine uses the network ([Note: two stills] in fomm_net.py).

Losses of the picture: Laplacian-pyramid L1 and census of the frame made, the same of each still warped, L1 of what is painted, and
for the last part feature matching and a hinge loss of a small discriminator: the published model's VGG loss cannot be had here.
Losses of the key points: equivariance (value, jacobian, and the heat maps themselves), and beyond what is published the limbs of
rendered figures (fomm_figures.py), known motion (the key points of the stills are where it takes those between; moving pixels have
one near) and room for each. In a trial without the limbs the points had not followed anything after 1400 steps.
For the first fifth the detector learns alone; for the last 15 of 100 it is its own average and left alone (frozen.pt), so that
motion models can be trained meanwhile. Known motion teaches the deformation, too, less and less, and the mask, as a mixture.

`refine` goes on from another run's best.pt as the engine uses the network: the detector is left alone, most steps take the points on
the straight line, most triples span a window, everything is painted, and gradient similarity (what GMSD is the deviation of) is among
the losses. Where a straight line says little of what happens in between (arms that go out and come back) the network learns to move
less and to trust both stills as they are.

SIGTERM saves and ends. OUT has last.pt (resumes), best.pt (EMA, best on the dev windows), log.jsonl, curve.png, and after every
dev run keypoints-N.png and sheet-N.png.
"""

import argparse
import copy
import math
import random
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from common import Log, load_checkpoint, save_checkpoint
from cvi_loss import structure
from fomm_data import SHARES, Batch, Triples, dev_windows, named_windows
from fomm_losses import Discriminator, blend_window, census, chosen, coverage, crowding, equivariance
from fomm_losses import followed, laplacian_l1, limb_loss, tracked, true_flows, window_scores
from fomm_net import COMPACT, Fomm, KeyPoints, between, compose, line

torch.set_num_threads(1)
cv2.setNumThreads(1)
DEV_EVERY = 300.0  # seconds
FLOW_UNTIL, LINE_FROM, GAN_FROM = 0.8, 0.35, 0.88  # parts of the time
FLOW_LEAST = 0.1
POINTS_UNTIL = 0.2  # the detector alone
LIMBS, ALIKE, CHOSEN = 1.0, 0.1, 0.5
FREEZE_FROM = 0.85  # the detector is left alone
PAINT_EVERY = 3  # steps, until the discriminator
LINE_SHARE = 0.35
# Of `refine`: what share of the steps' samples is on the straight line and spans a whole window, and of which kind they are.
REFINE_LINE, REFINE_WHOLE = 0.75, 0.85
REFINE_SHARES = {"rendered": 0.08, "weizmann_mini": 0.4, "ud810_ps7": 0.16, "fight_surv_160": 0.18, "asl_intel": 0.04, "train": 0.14}


class Average:
    """Exponential moving average of parameters and batch-norm statistics."""

    def __init__(self, net: torch.nn.Module, decay: float):
        self.decay, self.steps = decay, 0
        self.values = {k: v.detach().clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: torch.nn.Module) -> None:
        self.steps += 1
        rate = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in net.state_dict().items():
            if value.is_floating_point():
                self.values[key].lerp_(value, rate)
            else:
                self.values[key].copy_(value)


def config_of(channels: int) -> dict:
    config = copy.deepcopy(COMPACT)
    config["common"]["num_channels"] = channels
    return config


def picture(frames: np.ndarray, channels: int) -> Tensor:
    """Byte frames [n, h, w, 3] as floats [n, channels, h, w]; one channel is BT.601 luma."""
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    x = x if channels == 3 else (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    return x.contiguous(memory_format=torch.channels_last)


def take(kp: KeyPoints, part: slice) -> KeyPoints:
    return {k: v[part] for k, v in kp.items()}


def flow_loss(made: dict[str, Tensor], flows: Tensor, trust: Tensor) -> Tensor:
    """Robust end-point error in pixels where the motion is known (flows [2 b, h, w, 2]), moving parts weighing more."""
    h, w = flows.shape[1:3]
    moved = torch.cat((made["moved_first"], made["moved_last"])).permute(0, 2, 3, 1)
    away = (moved * torch.tensor([(w - 1) / 2, (h - 1) / 2]) - flows).square().sum(-1)
    weight = trust * (1 + flows.square().sum(-1).sqrt().clamp(max=6))
    return (weight * ((away + 0.01).sqrt() - 0.1)).mean()


class Trainer:
    def __init__(self, args: argparse.Namespace):
        self.args, self.channels, self.out = args, args.channels, Path(args.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.config = config_of(args.channels)
        self.net = Fomm(self.config).to(memory_format=torch.channels_last)
        self.disc = Discriminator(args.channels).to(memory_format=torch.channels_last)
        self.average = Average(self.net, 0.997)
        dense = list(self.net.generator.dense_motion_network.parameters())
        kept = {id(p) for p in dense}
        groups = [
            {"params": [p for p in self.net.parameters() if id(p) not in kept], "times": 1.0},
            {"params": dense, "times": 2.5},  # it begins last and decides most
        ]
        self.adam = torch.optim.Adam(groups, lr=args.rate, betas=(0.9, 0.99))
        self.adam_d = torch.optim.Adam(self.disc.parameters(), lr=4e-4, betas=(0.5, 0.99))
        self.step, self.spent, self.best, self.frozen, self.log = 0, 0.0, math.inf, False, Log(self.out)
        if args.resume and (state := load_checkpoint(self.out / "last.pt")):
            self.net.load_state_dict(state["net"])
            self.disc.load_state_dict(state["disc"])
            self.adam.load_state_dict(state["adam"])
            self.adam_d.load_state_dict(state["adam_d"])
            self.average.steps, self.average.values = state["average"]
            self.step, self.spent, self.best = state["step"], state["spent"], state["best"]
            self.frozen = state["frozen"]
        self.refining = args.what == "refine"
        if self.refining:
            if not self.step:
                self.average.values = {k: v.clone() for k, v in load_checkpoint(Path(args.from_run) / "best.pt")["net"].items()}
                self.average.steps = 1000
                self.net.load_state_dict(self.average.values)
            self.frozen = True
            self.net.kp_detector.eval().requires_grad_(False)

    def save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "disc": self.disc.state_dict(),
            "adam": self.adam.state_dict(),
            "adam_d": self.adam_d.state_dict(),
            "average": (self.average.steps, self.average.values),
            "step": self.step,
            "spent": self.spent,
            "best": self.best,
            "frozen": self.frozen,
        }
        save_checkpoint(self.out / "last.pt", state)

    def point_losses(self, batch: Batch, middle: Tensor, kp: KeyPoints, heat: Tensor, part: float) -> dict[str, Tensor]:
        """Those of the detector; `kp` and `heat` are of the first, the middle and the last frames."""
        b, alone = len(batch.t), part < POINTS_UNTIL
        kp0, kp1, kp2 = (take(kp, slice(k * b, k * b + b)) for k in range(3))
        with torch.autocast("cpu", torch.bfloat16):
            value, jacobian, alike = equivariance(self.net.kp_detector, middle, kp1, heat[b : 2 * b])
        known = torch.from_numpy(batch.flows), torch.from_numpy(batch.trust)
        both = {k: torch.cat((v, v)) for k, v in kp1.items()}
        ends = {k: torch.cat((kp0[k], kp2[k])) for k in kp0}
        middles, sides = heat[b : 2 * b].repeat(2, 1, 1, 1), torch.cat((heat[:b], heat[2 * b :]))
        return {
            "value": (4 if alone else 10) * value,
            "jacobian": 2 * min(1.0, 0.1 + 4 * part) * jacobian,
            "crowding": crowding(kp),
            "limbs": LIMBS * (2 if alone else 1) * limb_loss(kp, heat, torch.from_numpy(batch.limbs)),
            "alike": ALIKE * alike,
            "followed": ALIKE * followed(middles, sides, *known),
            "tracked": (2 if alone else 5) * tracked(both, ends, *known),
            "coverage": 0.2 * coverage(both, *known),
        }

    def freeze(self) -> None:
        """From here on the detector is its average and stays so: motion models can be trained for it meanwhile."""
        detector = self.net.kp_detector
        values = {k.removeprefix("kp_detector."): v for k, v in self.average.values.items() if k.startswith("kp_detector.")}
        detector.load_state_dict(values)
        detector.eval().requires_grad_(False)
        self.best = math.inf if not self.frozen else self.best
        if not self.frozen:
            save_checkpoint(self.out / "frozen.pt", {"net": self.average.values, "config": self.config, "step": self.step})
        self.frozen = True

    def losses(self, batch: Batch, part: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Weighted losses of a batch by name, and what was made."""
        t, b = torch.from_numpy(batch.t), len(batch.t)
        x = picture(np.concatenate(batch.frames), self.channels)
        first, middle, last = x[:b], x[b : 2 * b], x[2 * b :]
        known = torch.from_numpy(batch.flows), torch.from_numpy(batch.trust)
        refining, frozen = self.refining, self.frozen
        with torch.set_grad_enabled(not frozen), torch.autocast("cpu", torch.bfloat16, enabled=not frozen):
            kp, heat = self.net.kp_detector.detect(x)
        kp0, kp1, kp2 = (take(kp, slice(k * b, k * b + b)) for k in range(3))
        ends = {k: torch.cat((kp0[k], kp2[k])) for k in kp0}
        rows = {} if frozen else self.point_losses(batch, middle, kp, heat, part)
        if part < POINTS_UNTIL and not refining:
            return rows, {}
        there = kp1
        if part > LINE_FROM or refining:
            share = REFINE_LINE if refining else 2 * LINE_SHARE if frozen else LINE_SHARE
            straight, some = line(kp0, kp2, t), torch.rand(b) < share
            there = {k: torch.where(some.view(-1, *[1] * (v.dim() - 1)), straight[k], v) for k, v in kp1.items()}
            known = known[0], known[1] * (~some).float().repeat(2)[:, None, None]  # the true motion is not the straight one
        stills = torch.cat((first, last))
        with torch.autocast("cpu", torch.bfloat16):
            out = self.net.generator.dense_motion_network(stills, {k: torch.cat((v, v)) for k, v in there.items()}, ends)
            paints = refining or part > GAN_FROM or self.step % PAINT_EVERY == 0
            out["prediction"] = self.net.generator.paint(stills, out) if paints else stills
        halves = [{k: v[half] for k, v in out.items()} for half in (slice(b), slice(b, None))]
        made = compose(*halves, (first, last), t[:, None, None, None])
        twice = torch.cat((middle, middle))
        deformed = torch.cat((made["first"], made["last"]))
        rows["warped"] = 1.0 * laplacian_l1(deformed, twice).mean() + 0.5 * census(deformed, twice).mean()
        rows["flow"] = 0.25 * (FLOW_LEAST if refining else max(FLOW_LEAST, 1 - part / FLOW_UNTIL)) * flow_loss(made, *known)
        rows["chosen"] = CHOSEN * chosen(out, *known)
        if refining:
            rows = {k: 0.3 * v for k, v in rows.items()}
            rows["structure"] = 3.0 * structure(made["frame"][:, None], middle[:, None]).mean()
        if not paints:
            return rows, {}
        rows["frame"] = 2.5 * laplacian_l1(made["frame"], middle).mean() + 1.0 * census(made["frame"], middle).mean()
        rows["painted"] = 1.0 * laplacian_l1(out["prediction"], twice).mean()
        if part > GAN_FROM and not refining:
            rows |= self.match(middle, made["frame"])
        return rows, {**made, "middle": middle}

    def match(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Feature matching and the generator's part of the hinge loss."""
        self.disc.requires_grad_(False)
        (true, _), (false, score) = self.disc(real), self.disc(made)
        self.disc.requires_grad_(True)
        return {"match": sum((a - b).abs().mean() for a, b in zip(true, false, strict=True)), "g": -0.01 * score.mean()}

    def learn_disc(self, made: dict[str, Tensor]) -> Tensor:
        real, fake = self.disc(made["middle"])[1], self.disc(made["frame"].detach())[1]
        loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        self.adam_d.zero_grad()
        loss.backward()
        self.adam_d.step()
        return loss.detach()

    def train(self) -> None:
        args = self.args
        seed = 7 + self.step
        random.seed(seed)
        torch.manual_seed(seed)
        data = Triples(args.data, args.cache, seed, *((REFINE_SHARES, REFINE_WHOLE) if self.refining else ()))
        dev = dev_windows(args.data, args.cache)
        truths = [(w, true_flows(w)) for w in dev]
        blend = mean_scores([window_scores(blend_window(w), w, f) for w, f in truths])
        self.log.add(kind="blend", **blend)
        stop = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        total, clock, last_dev, sums, counts = args.minutes * 60, time.time(), time.time(), {}, {}
        while self.spent < total and not stop:
            part = self.spent / total
            if part > FREEZE_FROM and self.net.kp_detector.training and not self.refining:
                self.freeze()
            alone = part < POINTS_UNTIL and not self.refining
            warm = min(1.0, (self.step + 1) / 100)
            for group in self.adam.param_groups:
                group["lr"] = args.rate * group["times"] * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
            if not self.refining:
                data.favour("figures", 0.7 if alone else SHARES["figures"])
            rows, made = self.losses(data.batch(args.batch * (2 if alone else 1)), part)
            loss = sum(rows.values())
            self.adam.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
            if torch.isfinite(norm):
                self.adam.step()
                self.average.update(self.net)
            if "match" in rows:
                rows["d"] = self.learn_disc(made)
            self.step += 1
            now = time.time()
            self.spent, clock = self.spent + now - clock, now
            for key, row in {**rows, "norm": norm, "loss": loss}.items():
                sums[key] = sums.get(key, 0.0) + float(row.detach())
                counts[key] = counts.get(key, 0) + 1
            if self.step % 50 == 0:
                self.log.add(step=self.step, minutes=self.spent / 60, **{k: v / counts[k] for k, v in sums.items()})
                sums, counts = {}, {}
            if now - last_dev > (120 if self.step < 400 and not self.refining else DEV_EVERY) or self.spent >= total:
                self.dev(truths, blend)
                last_dev = clock = time.time()
        self.save()

    def dev(self, truths: list, blend: dict[str, float]) -> None:
        """Scores the average, keeps it where it is the best so far (GMSD and flow error over blending's), draws pictures."""
        net = Fomm(self.config)
        net.load_state_dict(self.average.values)
        net.eval()
        made = [render(net, w) for w, _ in truths]
        scores = mean_scores([window_scores(m, w, f) for m, (w, f) in zip(made, truths, strict=True)])
        rank = scores["gmsd"] / blend["gmsd"] + scores["flow"] / blend["flow"] - 0.02 * (scores["psnr"] - blend["psnr"])
        if rank < self.best:
            self.best = rank
            best = {"net": self.average.values, "config": self.config, "step": self.step, "dev": scores, "blend": blend}
            save_checkpoint(self.out / "best.pt", best)
        self.log.add(kind="dev", step=self.step, minutes=self.spent / 60, rank=rank, **{f"dev_{k}": v for k, v in scores.items()})
        self.log.draw(["loss", "frame", "warped", "flow", "d", "dev_gmsd", "dev_flow", "dev_psnr"])
        sheet(self.out / f"sheet-{self.step}.png", made, [w for w, _ in truths])
        key_point_picture(self.out / f"keypoints-{self.step}.png", net, [w for w, _ in truths])
        self.save()


def mean_scores(rows: list[dict[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([r[k] for r in rows])) for k in rows[0]}


def render(net: Fomm, window: np.ndarray, path: KeyPoints | None = None) -> np.ndarray:
    """The window made from its ends, as bytes [frames, h, w, 3]."""
    channels = net.config["common"]["num_channels"]
    ends = picture(window[[0, -1]], channels)
    frames = between(net, ends[:1], ends[1:], path, len(window)).clamp(0, 1)
    return (frames.permute(0, 2, 3, 1).expand(-1, -1, -1, 3) * 255).round().byte().numpy()


def sheet(path: Path, made: list[np.ndarray], true: list[np.ndarray], rows: int = 10) -> None:
    """Every other frame; true, made and blended under each other."""
    strips = []
    for k in np.linspace(0, len(true) - 1, min(rows, len(true))).astype(int):
        for frames in (true[k], made[k], blend_window(true[k])):
            strips.append(np.concatenate(list(frames[[0, 2, 4, 6, 8, 10, 12, 15]]), 1))
    cv2.imwrite(str(path), cv2.cvtColor(cv2.resize(np.concatenate(strips), None, fx=1.5, fy=1.5), cv2.COLOR_RGB2BGR))


def key_point_picture(path: Path, net: Fomm, windows: list[np.ndarray], rows: int = 10, scale: int = 3) -> None:
    """Key points and their axes over frames of dev windows."""
    strips = []
    for k in np.linspace(0, len(windows) - 1, min(rows, len(windows))).astype(int):
        frames = windows[k][[0, 5, 10, 15]]
        with torch.no_grad():
            kp = net.kp_detector(picture(frames, net.config["common"]["num_channels"]))
        tiles = []
        for n, frame in enumerate(frames):
            h, w = frame.shape[:2]
            tile = cv2.resize(frame, (w * scale, h * scale), interpolation=cv2.INTER_CUBIC)
            for i, (value, jacobian) in enumerate(zip(kp["value"][n].numpy(), kp["jacobian"][n].numpy(), strict=True)):
                hue = np.array([[[i * 18, 255, 255]]], np.uint8)
                colour = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0].tolist()
                at = (value + 1) / 2 * (w - 1) * scale
                for axis in jacobian.T:
                    cv2.line(tile, at.astype(int).tolist(), (at + axis * 8).astype(int).tolist(), colour, 1)
                cv2.circle(tile, at.astype(int).tolist(), 4, colour, -1)
            tiles.append(tile)
        strips.append(np.concatenate(tiles, 1))
    half = (len(strips) + 1) // 2
    columns = [np.concatenate(strips[:half]), np.concatenate((strips + [np.zeros_like(strips[0])])[half : 2 * half])]
    cv2.imwrite(str(path), cv2.cvtColor(np.concatenate(columns, 1), cv2.COLOR_RGB2BGR))


def load(path: Path) -> Fomm:
    """The network of a best.pt, ready to use."""
    best = load_checkpoint(path)
    net = Fomm(best["config"])
    net.load_state_dict(best["net"])
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "refine", "score"])
    parser.add_argument("out")
    parser.add_argument("--data", type=Path, required=True, help="the folder of actions/ and train/")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="of motion_data.py")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--channels", type=int, choices=[1, 3], default=3)
    parser.add_argument("--from-run", type=Path, help="refine: the folder of the run to go on from")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--split", default="dev", help="score: dev, or eval once all is done")
    parser.add_argument("--count", type=int, default=40, help="score: windows, half of them of Weizmann persons")
    args = parser.parse_args()
    if args.what != "score":
        Trainer(args).train()
        return
    net = load(Path(args.out) / "best.pt")
    rows = named_windows(args.data, args.cache, args.count, args.split)
    for group in ("", *sorted({name for name, _ in rows})):
        windows = [w for name, w in rows if name.startswith(group)]
        for name, make in (("blend", blend_window), ("fomm", lambda w: render(net, w))):
            scores = mean_scores([window_scores(make(w), w) for w in windows])
            print(group or "all", len(windows), name, {k: round(v, 4) for k, v in scores.items()}, flush=True)


if __name__ == "__main__":
    main()
