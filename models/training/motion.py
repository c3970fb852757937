"""Trains the generative motion models (motion_net.py) on paths of key points found by a trained FOMM.

    python motion.py extract OUT --fomm RUN --data ../shared/clips --cache CACHE
    python motion.py adversarial OUT --minutes 5        WGAN
    python motion.py autoregressive OUT --minutes 5
    python motion.py score OUT --fomm RUN --data ... --cache ...     against straight lines and blending, on the dev windows

Extract finds the key points and jacobians of every frame of the training windows (real ones, mirrored ones, rendered ones) and of the
dev windows: OUT/paths.npz, [n, 16, 60] as 20 values then 40 jacobians. Windows in which no point moves are left out; those to
learn from are smoothed in time.

Adversarial: published is weight clipping at 0.01, RMSprop 1e-4, five steps of the critic to one. Here a gradient penalty takes the
place of the clipping and, so that a few minutes suffice, the better of two paths from two noises is drawn to the true one by L1.
Autoregressive: published is the squared error of the next vector with the true one given (teacher forcing), Adam 5e-4. Here both
directions are learnt so, noise is added to what is given, and from half of the time on the model's own vectors are given.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import motion_data
from common import Log, save_checkpoint
from fomm import load, mean_scores, picture, render
from fomm_data import RENDERED, SEED, dev_windows
from fomm_losses import blend_window, true_flows, window_scores
from fomm_net import Fomm, KeyPoints
from motion_net import ADVERSARIAL_LAYOUT, AUTOREGRESSIVE_LAYOUT, FRAMES, POINTS, Adversarial, Autoregressive, Critic, assemble, stitch

torch.set_num_threads(1)
HIDDEN, NOISE, MOTION = 128, 40, 60
VALUES = 2 * POINTS


@torch.no_grad()
def paths_of(net: Fomm, windows: np.ndarray) -> np.ndarray:
    """[n, 16, 60] of uint8 windows [n, 16, h, w, 3]."""
    net, out = net.to(memory_format=torch.channels_last), []
    for k in range(0, len(windows), 4):
        some = np.array(windows[k : k + 4])
        kp = net.kp_detector(picture(some.reshape(-1, *some.shape[2:]), net.config["common"]["num_channels"]))
        path = torch.cat((kp["value"].flatten(1), kp["jacobian"].flatten(1)), 1)
        out.append(path.view(len(some), FRAMES, MOTION).numpy())
    return np.concatenate(out)


def smoothed(paths: np.ndarray) -> np.ndarray:
    """Paths with the trembling of the detector (0.3 pixels of 64 from frame to frame) taken out, their ends as they were."""
    padded = np.concatenate((paths[:, :1], paths[:, :1], paths, paths[:, -1:], paths[:, -1:]), 1)
    out = sum(w * padded[:, k : k + FRAMES] for k, w in enumerate((1, 4, 6, 4, 1))) / 16
    out[:, [0, -1]] = paths[:, [0, -1]]
    return out


def extract(args: argparse.Namespace) -> None:
    net = load(args.fomm / "best.pt")
    real, _ = motion_data.windows(args.data, "train", args.cache)
    drawn, _ = motion_data.rendered(args.data, RENDERED, SEED, args.cache)
    real, some = real[:: args.every], drawn[: RENDERED // 3 : args.every]
    train = np.concatenate([paths_of(net, w) for w in (real, real[:, :, :, ::-1], some)])
    train = train[np.abs(train[..., :VALUES] - train[:, :1, :VALUES]).max((1, 2)) > 0.04]
    train = smoothed(train)
    dev = paths_of(net, np.stack(dev_windows(args.data, args.cache)))
    args.out.mkdir(parents=True, exist_ok=True)
    np.savez(args.out / "paths.npz", train=train, dev=dev)
    print("paths", train.shape, dev.shape, "jacobians", train[..., VALUES:].min(), train[..., VALUES:].max())


class Scaling:
    """Paths of `paths.npz` to scaled vectors in the layout of a model, and back."""

    def __init__(self, config: dict):
        self.config = config
        if config["layout"] == ADVERSARIAL_LAYOUT:
            low, high = np.full(MOTION, -1.0), np.full(MOTION, 1.0)
            low[VALUES:], high[VALUES:] = config["jmin"], config["jmax"]
            self.order = np.arange(MOTION)
        else:
            low, high = np.array(config["min"]), np.array(config["max"])
            self.order = np.r_[VALUES:MOTION, 0:VALUES]
        self.low, self.high = torch.tensor(low).float(), torch.tensor(high).float()

    def into(self, paths: np.ndarray) -> Tensor:
        x = torch.from_numpy(paths[..., self.order]).float()
        return (x - self.low) / (self.high - self.low) * 2 - 1

    def back(self, x: Tensor) -> np.ndarray:
        x = (x + 1) / 2 * (self.high - self.low) + self.low
        return x.numpy()[..., np.argsort(self.order)]


def adversarial_config(train: np.ndarray) -> dict:
    jacobians = train[..., VALUES:]
    return {
        "noise_dim": NOISE,
        "motion_dim": MOTION,
        "hidden": HIDDEN,
        "frames": FRAMES,
        "layout": ADVERSARIAL_LAYOUT,
        "jmin": float(jacobians.min()),
        "jmax": float(jacobians.max()),
        "ends": "drift",
    }


def autoregressive_config(train: np.ndarray) -> dict:
    flat = train.reshape(-1, MOTION)[:, np.r_[VALUES:MOTION, 0:VALUES]]
    return {
        "motion_dim": MOTION,
        "hidden": HIDDEN,
        "frames": FRAMES,
        "layout": AUTOREGRESSIVE_LAYOUT,
        "min": [float(f"{v:.6f}") for v in flat.min(0)],
        "max": [float(f"{v:.6f}") for v in flat.max(0)],
        "stitch": "rest",
    }


def batches(paths: Tensor, count: int, seed: int):
    """Endless random batches; half of them played backwards."""
    random = np.random.default_rng(seed)
    while True:
        x = paths[random.integers(0, len(paths), count)]
        yield x.flip(1) if random.random() < 0.5 else x


def penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    mix = torch.rand(len(real), 1, 1)
    x = (mix * real + (1 - mix) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x).mean(1).sum(), x, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def adversarial(args: argparse.Namespace) -> None:
    data = np.load(args.out / "paths.npz")
    config = adversarial_config(data["train"])
    scaling = Scaling(config)
    paths = scaling.into(data["train"])
    weight = torch.cat((torch.ones(VALUES), torch.full((MOTION - VALUES,), 0.1 * (config["jmax"] - config["jmin"]) / 2)))
    torch.manual_seed(7)
    net, critic, log = Adversarial(HIDDEN, NOISE), Critic(HIDDEN // 2), Log(args.out)
    adam = torch.optim.Adam(net.parameters(), 1e-3, betas=(0.5, 0.99))
    adam_d = torch.optim.Adam(critic.parameters(), 5e-4, betas=(0.5, 0.99))
    source, started, total, step, sums = batches(paths, 64, 7), time.time(), args.minutes * 60, 0, np.zeros(3)
    while (spent := time.time() - started) < total:
        for group in adam.param_groups:
            group["lr"] = 1e-3 * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * spent / total)))
        real = next(source)
        first, last = real[:, 0], real[:, -1]
        ends = torch.cat((first, first)), torch.cat((last, last))
        made = assemble(net(torch.randn(2 * len(real), FRAMES, NOISE), *ends), *ends, "drift").chunk(2)
        away = torch.stack([((m - real).abs() * weight).mean((1, 2)) for m in made])
        loss_d = critic(made[0].detach()).mean() - critic(real).mean()
        adam_d.zero_grad()
        (loss_d + (20 * penalty(critic, real, made[0].detach()) if step % 2 else 0)).backward()
        adam_d.step()
        loss = 20 * (0.9 * away.min(0).values + 0.1 * away.mean(0)).mean()
        if step % 3 == 0:
            loss = loss - args.adversary * critic(made[0]).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        step += 1
        sums += (float(loss.detach()), float(loss_d.detach()), float(away.mean().detach()))
        if step % 200 == 0:
            log.add(kind="adversarial", step=step, g=sums[0] / 200, d=sums[1] / 200, away=sums[2] / 200)
            sums[:] = 0
    save_checkpoint(args.out / "adversarial.pt", {"net": net.state_dict(), "critic": critic.state_dict(), "config": config, "step": step})


def autoregressive(args: argparse.Namespace) -> None:
    data = np.load(args.out / "paths.npz")
    config = autoregressive_config(data["train"])
    paths = Scaling(config).into(data["train"])
    torch.manual_seed(7)
    net, log = Autoregressive(HIDDEN), Log(args.out)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    source, started, total, step, sums = batches(paths, 64, 7), time.time(), args.minutes * 60, 0, 0.0
    while (spent := time.time() - started) < total:
        part = spent / total
        for group in adam.param_groups:
            group["lr"] = 1e-3 * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * part)))
        real, loss = next(source), 0.0
        own = max(0.0, 2 * part - 0.8)  # share of steps that are given the model's own vector
        for backward in (False, True):
            seen = real.flip(1) if backward else real
            x, state = seen[:, 0], net.blank(seen[:, 0])
            for k in range(1, FRAMES):
                x, state = net.step(x, state, backward)
                loss = loss + (x - seen[:, k]).square().mean() / (FRAMES - 1)
                if np.random.random() >= own:
                    x = seen[:, k] + torch.randn_like(x) * 0.01
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        step, sums = step + 1, sums + float(loss.detach())
        if step % 100 == 0:
            log.add(kind="autoregressive", step=step, g=sums / 100)
            sums = 0.0
    save_checkpoint(args.out / "autoregressive.pt", {"net": net.state_dict(), "config": config, "step": step})


def straight(paths: np.ndarray) -> np.ndarray:
    t = np.linspace(0, 1, FRAMES)[None, :, None]
    return paths[:, :1] * (1 - t) + paths[:, -1:] * t


@torch.no_grad()
def fill(checkpoint: dict, paths: np.ndarray, seed: int = 1) -> np.ndarray:
    """Paths [n, 16, 60] with a model's frames between their first and their last."""
    scaling = Scaling(checkpoint["config"])
    x = scaling.into(paths)
    first, last = x[:, 0], x[:, -1]
    if checkpoint["config"]["layout"] == ADVERSARIAL_LAYOUT:
        net = Adversarial(checkpoint["config"]["hidden"], checkpoint["config"]["noise_dim"])
        net.load_state_dict(checkpoint["net"])
        noise = torch.randn(len(x), FRAMES, NOISE, generator=torch.Generator().manual_seed(seed))
        return scaling.back(assemble(net(noise, first, last), first, last, checkpoint["config"]["ends"]))
    net = Autoregressive(checkpoint["config"]["hidden"])
    net.load_state_dict(checkpoint["net"])
    made = stitch(net.roll(first), net.roll(last, backward=True), first, last, checkpoint["config"]["stitch"])
    return scaling.back(made[0])


def key_points(path: np.ndarray) -> KeyPoints:
    x = torch.from_numpy(np.ascontiguousarray(path)).float()
    return {"value": x[:, :VALUES].view(-1, POINTS, 2), "jacobian": x[:, VALUES:].view(-1, POINTS, 2, 2)}


def score(args: argparse.Namespace) -> None:
    """Prints, for each model, the error of key points (pixels of 64) and of jacobians, picture scores, and how far seeds differ."""
    net, windows = load(args.fomm / "best.pt"), dev_windows(args.data, args.cache)
    true = np.load(args.out / "paths.npz")["dev"]
    flows = [true_flows(w) for w in windows]
    rows = {"linear": [straight(true)], "true": [true]}
    for name in ("adversarial", "autoregressive"):
        if (args.out / f"{name}.pt").exists():
            best = torch.load(args.out / f"{name}.pt", weights_only=False)
            rows[name] = [fill(best, true, seed) for seed in range(1, 5)]
    print("blend", mean_scores([window_scores(blend_window(w), w, f) for w, f in zip(windows, flows, strict=True)]))
    for name, takes in rows.items():
        away = np.abs(takes[0] - true)
        made = [render(net, w, key_points(p)) for w, p in zip(windows, takes[0], strict=True)]
        row = mean_scores([window_scores(m, w, f) for m, w, f in zip(made, windows, flows, strict=True)])
        row |= {"points": float(away[:, 1:-1, :VALUES].mean() * 31.5), "jacobians": float(away[:, 1:-1, VALUES:].mean())}
        if len(takes) > 1:
            row["spread"] = float(np.std([t[..., :VALUES] for t in takes], 0)[:, 1:-1].mean() * 31.5)
        print(name, json.dumps({k: round(v, 4) for k, v in row.items()}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["extract", "adversarial", "autoregressive", "score"])
    parser.add_argument("out", type=Path)
    parser.add_argument("--fomm", type=Path, help="the folder of fomm.py")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--every", type=int, default=1, help="extract: takes every n-th window")
    parser.add_argument("--adversary", type=float, default=0.05, help="weight of the critic's score against L1")
    args = parser.parse_args()
    {"extract": extract, "adversarial": adversarial, "autoregressive": autoregressive, "score": score}[args.what](args)


if __name__ == "__main__":
    main()
