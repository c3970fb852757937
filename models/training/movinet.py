"""Trains the embedded recogniser: a streaming MoViNet A0, causal over whole clips, on real and rendered people.

    python movinet.py --data CLIPS --cache CACHE --out OUT --minutes 60 [--resume]
    python movinet.py --data CLIPS --cache CACHE --out OUT --score eval

Every frame's outputs are asked for (sigmoid, binary cross entropy), with the mean forgetting as in the product ([Note: memory] in
movinet_net.py); where a clip ends sooner another begins, as after a cut. `--minutes` counts all legs of a run; the best average by the dev split
is kept. SIGTERM stops after the current step and saves.

[Note: top-1] A clip's answer is the label of the highest mean probability over its frames, 'nothing' left out; `among` names the labels of the group.
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

import movinet_data as data
from actions_pose import LABELS
from actions_render import UNSAID
from common import Average, Log, load_checkpoint, save_checkpoint
from movinet_net import Movinet, a0_config, load

# Shares of the groups of real clips among real samples.
SHARES = {"weizmann_mini": 0.38, "ud810_ps7": 0.2, "fight_surv_160": 0.3, "asl_intel": 0.03, "empty": 0.06, "crowd": 0.03}
REAL = 0.27
# Frames of a clip that a step sees: a little more than the network looks back.
LENGTH = 32
GROUPS = {"weizmann_mini": ["wave one hand", "wave two hands", "bend", "jumping jack"], "ud810_ps7": ["raise arms sideways", "raise arms forward", "wave one hand"]}


class Samples:
    def __init__(self, clips: Path, cache: Path, seed: int):
        self.real = data.real(clips, "train")
        self.cache, self.random = cache, np.random.default_rng(seed)
        self.by_group = {name: [r for r in self.real if r.group == name] for name in SHARES}
        self.chunks: list[tuple[np.ndarray, np.ndarray]] = []
        self.look()

    def look(self) -> None:
        """Takes in the chunks that have been rendered by now."""
        while (self.cache / f"people-train-{len(self.chunks)}-said.npy").exists():
            name = f"people-train-{len(self.chunks)}"
            self.chunks.append((np.load(self.cache / f"{name}.npy", mmap_mode="r"), np.load(self.cache / f"{name}-said.npy")))

    def piece(self, most: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        random = self.random
        if random.random() < REAL:
            group = str(random.choice(list(SHARES), p=list(SHARES.values())))
            clips = self.by_group[group]
            frames, targets = data.sample(clips[random.integers(len(clips))], random, most)
            return data.augment(frames, random, True, size), targets
        pixels, said = self.chunks[random.integers(len(self.chunks))]
        k = random.integers(len(pixels))
        frames, targets = pixels[k], said[k]
        length = min(most, len(frames)) if random.random() < 0.85 else min(most, int(random.integers(15, LENGTH)))
        if length < len(frames):
            begin = random.integers(0, len(frames) - length + 1)
            frames, targets = frames[begin : begin + length], targets[begin : begin + length]
        return data.augment(frames, random, False, size), targets

    def clip(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """LENGTH frames; after a cut nothing is asked about for three frames."""
        parts, said, left = [], [], LENGTH
        while left > 0:
            frames, targets = self.piece(left, size)
            if parts:
                targets = np.array(targets)
                targets[:3] = np.where(targets[:3] == 1, UNSAID, targets[:3])
            parts.append(frames[:left])
            said.append(targets[:left])
            left -= len(frames)
        return np.concatenate(parts), np.concatenate(said)

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = [self.clip(size) for _ in range(count)]
        return torch.from_numpy(np.stack([r[0] for r in rows])), torch.from_numpy(np.stack([r[1] for r in rows]))


def loss_of(logits: torch.Tensor, targets: torch.Tensor, rivals: float) -> torch.Tensor:
    """Each label for itself; and, times `rivals`, the one label of frames that have one against all others, which tells them apart sooner."""
    known, true = targets != UNSAID, targets == 1
    each = F.binary_cross_entropy_with_logits(logits, true.float(), reduction="none", pos_weight=torch.tensor(2.0))
    single = true.sum(-1) == 1
    against = F.cross_entropy(logits.masked_fill(~known, -30)[single], true[single].float().argmax(-1))
    return (each * known).sum() / known.sum() * 10 + rivals * against


# ---- scores


@torch.no_grad()
def probabilities(net: Movinet, clip: np.ndarray) -> np.ndarray:
    """[T, labels] of frames float32 [T, 3, S, S]."""
    return torch.sigmoid(net(torch.from_numpy(clip)[None])[0][0]).numpy()


def precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Average precision of frames."""
    order = np.argsort(-scores, kind="stable")
    hit = truth[order]
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit == 1].mean()) if hit.any() else float("nan")


def answer(mean: np.ndarray, among: list[str] | None = None) -> str:
    """[Note: top-1]"""
    labels = [n for n in (among or LABELS) if n != "nothing"]
    return max(labels, key=lambda n: mean[LABELS.index(n)])


def score(net: Movinet, clips: Path, cache: Path, split: str, most: int) -> tuple[dict[str, float], list[tuple[str, str, str]]]:
    """Figures, and (group, true, answered) of every clip."""
    net.eval()
    out, rows, fights = {}, [], []
    right: dict[str, list[bool]] = {}
    for clip in data.real(clips, split):
        mean = probabilities(net, data.plain(clip)).mean(0)
        true = LABELS[int((clip.targets == 1).sum(0).argmax())] if (clip.targets == 1).any() else "no fight"
        if clip.group == "fight_surv_160":
            fights.append((mean[LABELS.index("fight")], true == "fight"))
            continue
        rows.append((clip.group, true, answer(mean)))
        right.setdefault(f"{clip.group}", []).append(answer(mean) == true)
        right.setdefault(f"{clip.group}-among", []).append(answer(mean, GROUPS[clip.group]) == true)
    out |= {name: float(np.mean(values)) for name, values in right.items()}
    if fights:
        p, y = np.array([f[0] for f in fights]), np.array([f[1] for f in fights])
        out["fight-auc"] = float((p[y][:, None] > p[~y][None]).mean())
        out["fight-right"] = float(((p >= 0.5) == y).mean())
    pixels, said = data.rendered(clips, split, 0, cache)
    every = np.concatenate([probabilities(net, data.tensor(data.squeezed(f, data.SIZE))) for f in pixels[:most]])
    truth = said[:most].reshape(-1, len(LABELS))
    each = {}
    for k, name in enumerate(LABELS):
        known = truth[:, k] != UNSAID
        if (truth[known, k] == 1).any():
            each[name] = precision(every[known, k], truth[known, k])
    out |= {f"ap {name}": value for name, value in each.items()}
    out["rendered-map"] = float(np.mean(list(each.values())))
    by_clip = every.reshape(-1, data.FRAMES, len(LABELS)).mean(1)
    hits = []
    for k, mean in enumerate(by_clip):
        there = [n for n in range(len(LABELS) - 1) if (said[k][:, n] == 1).any()]
        if len(there) == 1:
            rows.append(("rendered", LABELS[there[0]], answer(mean)))
            hits.append(answer(mean) == LABELS[there[0]])
    out["rendered-top1"] = float(np.mean(hits))
    if split == "dev":
        out["dev"] = (out["rendered-map"] + out["rendered-top1"] + out["weizmann_mini"] + out["fight-auc"]) / 4
    net.train()
    return out, rows


# ---- the run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--dev-minutes", type=float, default=6)
    parser.add_argument("--lr", type=float, default=2.5e-3)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--score", choices=["dev", "eval"])
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.score:
        best = load_checkpoint(args.out / "best.pt")
        net = load(Movinet(best["config"]), best["net"])
        figures, rows = score(net, args.data, args.cache, args.score, 250)
        for name, value in figures.items():
            print(f"{name:28} {value:.3f}")
        for group in sorted({r[0] for r in rows}):
            wrong = [(t, a) for g, t, a in rows if g == group and t != a]
            print(group, len([r for r in rows if r[0] == group]), "wrong:", sorted(wrong))
        return

    config = a0_config(LABELS, width=args.width, size=data.SIZE, rate=data.RATE, memory=1.5, head=512)
    torch.manual_seed(args.seed)
    net = Movinet(config)
    net.drop = 0.1
    with torch.no_grad():
        net.classifier[3].conv_1.conv2d.bias.fill_(-2.5)
    net.to(memory_format=torch.channels_last).train()
    plain = [p for p in net.parameters() if p.ndim < 2]
    heavy = [p for p in net.parameters() if p.ndim >= 2]
    optimiser = torch.optim.AdamW([{"params": heavy, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}], lr=args.lr, betas=(0.9, 0.98))
    average, log = Average(net, 0.997), Log(args.out)
    step, spent, best, drawn = 0, 0.0, -1.0, 0
    if args.resume and (last := load_checkpoint(args.out / "last.pt")):
        load(net, last["net"])
        optimiser.load_state_dict(last["optimiser"])
        average.load(last["average"])
        step, spent, best, drawn = last["step"], last["spent"], last["best"], last["drawn"] + 1
    samples = Samples(args.data, args.cache, args.seed + 1000 * drawn)
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    begun, next_dev, losses = time.time() - spent, spent + args.dev_minutes * 60, []
    save = lambda: save_checkpoint(
        args.out / "last.pt",
        {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state(), "step": step, "spent": time.time() - begun, "best": best, "drawn": drawn},
    )
    while not stop:
        far = (time.time() - begun) / (args.minutes * 60)
        if far >= 1:
            break
        rate = args.lr * min(1, (step + 1) / 150) * (0.5 + 0.5 * math.cos(math.pi * min(1, far)) + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        clips, targets = samples.batch(args.batch, data.SIZE)
        loss = loss_of(net(clips)[0], targets, 1.5 if far < 0.75 else 0.3)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        average.update(net)
        step += 1
        losses.append(loss.item())
        if step % 50 == 0:
            log.add(step=step, far=far, loss=float(np.mean(losses)), chunks=len(samples.chunks), seconds=time.time() - begun)
            losses.clear()
            samples.look()
        if time.time() - begun > next_dev:
            judged = load(Movinet(config), average.values)
            figures, _ = score(judged, args.data, args.cache, "dev", 100)
            log.add(step=step, **{k: v for k, v in figures.items() if not k.startswith("ap ")})
            log.draw(["loss", "dev", "rendered-map", "rendered-top1", "weizmann_mini", "fight-auc"])
            if figures["dev"] >= best:
                best = figures["dev"]
                save_checkpoint(args.out / "best.pt", {"net": average.values, "config": config, "step": step, "dev": figures})
            save()
            next_dev = time.time() - begun + args.dev_minutes * 60
    judged = load(Movinet(config), average.values)
    figures, _ = score(judged, args.data, args.cache, "dev", 100)
    log.add(step=step, **{k: v for k, v in figures.items() if not k.startswith("ap ")})
    if figures["dev"] >= best:
        best = figures["dev"]
        save_checkpoint(args.out / "best.pt", {"net": average.values, "config": config, "step": step, "dev": figures})
    save()


if __name__ == "__main__":
    main()
