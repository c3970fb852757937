"""The training loop sepconv.py and adaconv.py share: batches from triplet records, schedule, dev scores, checkpoints."""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch

from common import Average, Log, blend, dev_scores, dev_triplets, load_checkpoint, save_checkpoint
from teacher import teacher_flows, turned
from tfrecord import load_triplets

HERE = Path(__file__).resolve().parent


def arguments(description: str, batch: int, lr: float) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", required=True, help="folder of triplets-*.tfrecord (`dataset triplets FOLDER -o DIR`)")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--lr", type=float, default=lr, help="highest learning rate of the schedule")
    parser.add_argument("--epochs", type=float, default=10, help="passes over the data; --steps and --minutes come before it")
    parser.add_argument("--steps", type=int, help="optimiser steps")
    parser.add_argument("--minutes", type=float, help="minutes of training, dev scoring included")
    parser.add_argument("--guidance", type=float, default=0.05, help="weight of the teacher's loss (teacher.py)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, log.jsonl, curve.png, weights.safetensors")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/last.pt")
    parser.add_argument("--dev", type=Path, help="folder of the clips (index.json) whose held-out ones are scored; none: no scores")
    parser.add_argument("--teacher", type=Path, help="file that keeps the teacher's flows of --data (OUT/teacher.npy)")
    parser.add_argument("--score-every", type=float, default=5, help="minutes between dev scores")
    return parser


def batches(data, flows, batch: int, crop: int, rng: np.random.Generator):
    """Yields float32 [batch, 3 frames, 3, crop, crop] in 0..1 and the teacher's flows [batch, 2, crop, crop, 2]: crops,
    the eight turns, both orders in time, any order of the colours; a triplet is drawn the more often the more it moves,
    up to 12 pixels."""
    chance = np.sqrt(np.clip(data.motion, 1, 12))
    chance /= chance.sum()
    side = data.frames.shape[2] - crop
    while True:
        rows, ways = [], []
        for k in rng.choice(len(chance), batch, p=chance):
            y, x = rng.integers(0, side + 1, 2)
            quarter, mirrored, swapped = int(rng.integers(4)), rng.random() < 0.5, rng.random() < 0.5
            one = np.rot90(data.frames[k][:, y : y + crop, x : x + crop], quarter, (1, 2))
            one = one[:, :, ::-1] if mirrored else one
            one = one[::-1] if swapped else one
            rows.append(one[..., rng.permutation(3)].transpose(0, 3, 1, 2))
            ways.append(turned(flows[k][:, y : y + crop, x : x + crop], quarter, mirrored, swapped))
        yield torch.from_numpy(np.stack(rows)).float() / 255, torch.from_numpy(np.stack(ways)).float()


def guidance(progress: float) -> float:
    """The teacher's share of the loss: all of it up to a third, none after three quarters."""
    return min(1.0, max(0.0, (0.75 - progress) / (0.75 - 1 / 3)))


def rate(progress: float, step: int, lr: float) -> float:
    """A hundred steps up, then a cosine down to a hundredth."""
    return lr * min(1, (step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1))))


def middle_of(net, pictures):
    """bytes, bytes -> bytes by pictures(net, one, two) on float32 [1, 3, h, w] in 0..1."""

    def middle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        one, two = (torch.from_numpy(p).permute(2, 0, 1)[None].float() / 255 for p in (a, b))
        with torch.no_grad():
            out = pictures(net, one, two)
        return (out[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()

    return middle


def train(args, net, twin, optimiser, crop: int, loss_of, pictures, config: dict) -> dict:
    """Trains `net`, `twin` (a second of the same) carrying the average. Gives the best average's state by dev score (the
    last where nothing is scored). OUT/last.pt holds all there is; OUT/best.pt
    the state returned, with `config`."""
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    log, average = Log(args.out), Average(net, 0.999)
    step, spent, best = 0, 0.0, -math.inf
    old = load_checkpoint(args.out / "last.pt") if args.resume else None
    if old:
        net.load_state_dict(old["net"])
        optimiser.load_state_dict(old["optimiser"])
        average.load(old["average"])
        step, spent, best = old["step"], old["spent"], old["best"]
    data = load_triplets(args.data)
    flows = teacher_flows(data.frames, args.teacher or args.out / "teacher.npy")
    print(f"{len(data.motion)} triplets, {sum(p.numel() for p in net.parameters()):,} parameters", flush=True)
    sets = dev_triplets(args.dev) if args.dev else {}
    if sets and not old:
        log.add(step=0, engine="blend", **dev_scores(sets, blend))
    steps = args.steps or math.ceil(args.epochs * len(data.motion) / args.batch)

    def progress() -> float:
        return spent / 60 / args.minutes if args.minutes else step / steps

    source = batches(data, flows, args.batch, crop, np.random.default_rng((args.seed, step)))
    mark, scored, losses = time.time(), spent, []
    while True:
        done = progress() >= 1
        if done or spent - scored > 60 * args.score_every:
            twin.load_state_dict(average.values)
            twin.eval()
            marks = dev_scores(sets, middle_of(twin, pictures))
            score = float(np.mean(list(marks.values()))) if marks else float(step)
            log.add(step=step, minutes=spent / 60, dev=score, **marks)
            if score > best:
                best = score
                save_checkpoint(args.out / "best.pt", {"net": twin.state_dict(), "config": config, "step": step, "dev": marks})
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state()}
            save_checkpoint(args.out / "last.pt", {**state, "step": step, "spent": spent, "best": best})
            log.draw(["loss", "gain", "taught", "dev", *marks])
            scored = spent
        if done:
            return load_checkpoint(args.out / "best.pt")
        for group in optimiser.param_groups:
            group["lr"] = rate(progress(), step, args.lr)
        loss, plain, taught = loss_of(net, *next(source))
        optimiser.zero_grad(set_to_none=True)
        (loss + args.guidance * guidance(progress()) * taught).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        average.update(net)
        step += 1
        losses.append((loss.item(), plain, taught.item()))
        now = time.time()
        spent, mark = spent + now - mark, now
        if step % 100 == 0 or step <= 2:
            mean, plain, taught = (float(v) for v in np.mean(losses, 0))
            log.add(step=step, minutes=spent / 60, loss=mean, gain=plain - mean, taught=taught)
            losses = []
