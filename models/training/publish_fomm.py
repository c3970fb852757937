"""Makes models/fomm, models/motion-adversarial and models/motion-autoregressive: weights.safetensors, manifest.json, golden.json. The
cards are written by hand.

    python publish_fomm.py fomm RUN ../fomm
    python publish_fomm.py motion-adversarial OUT ../motion-adversarial
    python publish_fomm.py motion-autoregressive OUT ../motion-autoregressive

Names are the published ones, `kp_detector.` and `generator.` before those of the two networks of FOMM. Counters of batches are
left out.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor

from common import export_weights, load_checkpoint
from fomm_net import Fomm
from motion import Scaling
from motion_net import ADVERSARIAL_LAYOUT, FRAMES, Adversarial, Autoregressive, assemble, stitch
from publish import frame

SIDE = 32
FOMM_FORMULA = (
    "frame(k)[c][y][x] = 0.5 + 0.2*sin(0.31*u + 0.17*v + c) + 0.15*cos(0.23*v - 0.41*u + 2*c) with u = x - 3*k, v = y - 2*k, "
    "c = 0, 1, 2 for R', G', B'; source is frame(0), driving is frame(1); values [10][2] and jacobians [10][2][2] are of the source; "
    "output is the generator's prediction for the source and the driving frame's key points, [c][y][x], deformation [h/2][w/2][2] "
    "and occlusion [h/2][w/2] beside it"
)
MOTION_FORMULA = (
    "vectors are 10 values (x, y) then 10 jacobians (row-major): v(s)[i] = 0.4*sin(0.9*i + s) for i < 20, and the identity plus "
    "0.2*sin(0.7*i + s) for the others, i = 20..59; first is v(0), last is v(1); noise[t][d] = 1.2*sin(1.7*d + 0.9*t + 0.4); output "
    "is the path [16][60] in the same order, not scaled, its ends the given ones"
)
TRAINED = "Trained by this project: models/training, card.md"


def rounded(x: Tensor) -> list[float]:
    return [float(f"{v:.6f}") for v in x.flatten().tolist()]


def write(folder: Path, manifest: dict, golden: dict) -> None:
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(manifest["id"], manifest["parameters"], "numbers", manifest["files"][0]["bytes"], "bytes")


def manifest_of(model: str, family: str, name: str, row: dict, parameters: int, config: dict) -> dict:
    return {
        "id": model,
        "family": family,
        "name": name,
        "licence": "MIT",
        "terms": "open",
        "source": TRAINED,
        "files": [row],
        "entry": row["name"],
        "format": "safetensors",
        "parameters": parameters,
        "config": config,
    }


@torch.no_grad()
def publish_fomm(run: Path, folder: Path) -> None:
    best = load_checkpoint(run / "best.pt")
    net = Fomm(best["config"])
    net.load_state_dict(best["net"])
    net.eval()
    state = {k: v for k, v in best["net"].items() if not k.endswith("num_batches_tracked")}
    row = export_weights(folder / "weights.safetensors", state, best["config"])
    source, driving = (frame(k, SIDE, SIDE)[None] for k in (0, 1))
    kp0, kp1 = net.kp_detector(source), net.kp_detector(driving)
    out = net.generator(source, kp1, kp0)
    golden = {
        "formula": FOMM_FORMULA,
        "width": SIDE,
        "height": SIDE,
        "tolerance": 5e-4,
        "values": rounded(kp0["value"]),
        "jacobians": rounded(kp0["jacobian"]),
        "deformation": rounded(out["deformation"]),
        "occlusion": rounded(out["occlusion_map"]),
        "output": rounded(out["prediction"]),
    }
    count = sum(p.numel() for p in net.parameters())
    write(folder, manifest_of("fomm", "fomm", "First Order Motion Model, compact", row, count, best["config"]), golden)
    print("step", best["step"], best["dev"], "blend", best["blend"])


def vector(s: float) -> Tensor:
    i = torch.arange(60).double()
    upright = torch.tensor([1.0, 0, 0, 1] * 10).double()
    return torch.cat((0.4 * (0.9 * i[:20] + s).sin(), upright + 0.2 * (0.7 * i[20:] + s).sin())).float()


@torch.no_grad()
def publish_motion(kind: str, out: Path, folder: Path) -> None:
    best = load_checkpoint(out / f"{kind}.pt")
    config, scaling = best["config"], Scaling(best["config"])
    row = export_weights(folder / "weights.safetensors", best["net"], config)
    given = torch.stack((vector(0), vector(1)))
    first, last = (scaling.into(v[None].numpy()) for v in given)
    if config["layout"] == ADVERSARIAL_LAYOUT:
        net = Adversarial(config["hidden"], config["noise_dim"])
        net.load_state_dict(best["net"])
        t, d = torch.meshgrid(torch.arange(FRAMES).double(), torch.arange(config["noise_dim"]).double(), indexing="ij")
        noise = (1.2 * (1.7 * d + 0.9 * t + 0.4).sin()).float()[None]
        path = assemble(net(noise, first, last), first, last, config["ends"])
    else:
        net = Autoregressive(config["hidden"])
        net.load_state_dict(best["net"])
        path, _ = stitch(net.roll(first), net.roll(last, backward=True), first, last)
    golden = {"formula": MOTION_FORMULA, "tolerance": 1e-4, "output": rounded(torch.from_numpy(scaling.back(path)))}
    count = sum(p.numel() for p in net.parameters())
    model, name = f"motion-{kind}", f"Motion of key points, {kind}"
    write(folder, manifest_of(model, "motion", name, row, count, config), golden)


def main() -> None:
    model, run, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    if model == "fomm":
        publish_fomm(run, folder)
    else:
        publish_motion(model.removeprefix("motion-"), run, folder)


if __name__ == "__main__":
    main()
