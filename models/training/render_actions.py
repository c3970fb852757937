"""Videos of rendered people with known truth, for scoring a recogniser: people of the eval split, whom no training saw.

    python render_actions.py CLIPS --out DIR --seed 1 --count 40 --singles 150 [--split eval]

DIR/truth.json is a protocol for `inbetween score`: {"videos": [{file, person, group, spans: [{label, start, end}]} or {file, person, group, label}]},
times in seconds, files beside it. `spans-*.mp4` last ten to twenty seconds, several actions one after another with pauses; `single-*.mp4` four seconds of one.
"""

import argparse
import json
import subprocess
from pathlib import Path

import cv2
import numpy as np

from actions_film import degrade
from actions_pose import PLAYED
from actions_render import PERSONS, Scene, Segment, Stage, scene

RATE = 25
SIZES = ((176, 144), (192, 144), (256, 144), (144, 144))


def write(path: Path, frames: np.ndarray, quality: int) -> None:
    """H.264 of frames uint8 [n, h, w, 3]."""
    _, h, w, _ = frames.shape
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", str(RATE), "-i", "-"]
    how = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", str(quality), "-threads", "1", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *size, *how], input=frames.tobytes(), check=True)


def filmed(stage: Stage, random: np.random.Generator, seconds: float, person: int, segments: list[Segment] | None) -> tuple[Scene, np.ndarray]:
    times = np.arange(round(seconds * RATE)) / RATE
    made = scene(stage, random, times, person, SIZES[random.integers(len(SIZES))], segments, tame=True)
    return made, degrade(made.draw()[0], random)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("clips", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--singles", type=int, default=150)
    parser.add_argument("--split", choices=list(PERSONS), default="eval")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    stage, rows = Stage(args.clips), []
    first, last = PERSONS[args.split]
    for k in range(args.count + args.singles):
        random = np.random.default_rng((args.seed, k))
        person = first + int(random.integers(last - first))
        single = k >= args.count
        label = list(PLAYED)[(k - args.count) % len(PLAYED)]
        seconds = 4.0 if single else float(random.integers(10, 21))
        begun = [Segment("nothing", 0, 0.8), Segment(label, 0.8, seconds)] if label == "fall" else [Segment(label, 0, seconds)]
        made, frames = filmed(stage, random, seconds, person, begun if single else None)
        name = f"{'single' if single else 'spans'}-{k:03}.mp4"
        write(args.out / name, frames, int(random.integers(20, 31)))
        row = {"file": name, "person": f"rendered {person}", "group": "rendered clips" if single else "rendered footage"}
        spans = [{"label": n, "start": round(a, 3), "end": round(b, 3)} for n, a, b in made.spans()]
        rows.append(row | ({"label": label} if single else {"spans": spans}))
    (args.out / "truth.json").write_text(json.dumps({"videos": rows}, indent=1) + "\n")
    print(len(rows), "videos in", args.out)


if __name__ == "__main__":
    main()
