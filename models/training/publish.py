"""Makes models/ID of a trained network: weights.safetensors, manifest.json, golden.json. The card is written by hand.

    python publish.py sepconv OUT ../sepconv
    python publish.py cvi OUT ../cvi

Of CVI the last average is published (final.pt), not the best on the dev windows: its takes differ three times as much, and its GMSD there is a
two-hundredth higher. Its weights are in TensorFlow's layout and names, as the unofficial source has them (fixtures/cvi-small).
"""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors import safe_open

import adaconv
import cvi_net
import film
import film_net
import sepconv
from common import export_weights, load_checkpoint

NAMES = {"film": "FILM, compact", "sepconv": "SepConv, compact", "adaconv": "AdaConv, compact", "cvi": "CVI, compact"}
FORMULA = (
    "frame(k)[c][y][x] = 0.5 + 0.2*sin(0.31*u + 0.17*v + c) + 0.15*cos(0.23*v - 0.41*u + 2*c) with u = x - 3*k, v = y - 2*k, "
    "c = 0, 1, 2 for R', G', B'; one is frame(0), two is frame(1); output is the network's, not clipped, [c][y][x]"
)


CVI_FORMULA = (
    "first and last are frame(0) and frame(1) of frame(k)[c][y][x] = 0.5 + 0.2*sin(0.31*u + 0.17*v + c) + 0.15*cos(0.23*v - 0.41*u + 2*c) "
    "with u = x - 3*k, v = y - 2*k, c = 0, 1, 2 for R', G', B'; noise[d] = 1.5*sin(1.7*d + 0.4), d = 0, 1, ...; output is those frames of the "
    "sixteen (0 to 15) that `frames` names, 0 to 1, [frame][c][y][x]"
)


def frame(k: int, width: int, height: int) -> torch.Tensor:
    y, x = (t.double() for t in torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    u, v = x - 3 * k, y - 2 * k
    return torch.stack([0.5 + 0.2 * (0.31 * u + 0.17 * v + c).sin() + 0.15 * (0.23 * v - 0.41 * u + 2 * c).cos() for c in range(3)]).float()


def load(family: str, weights: Path):
    """The network of an exported file, and its config."""
    with safe_open(str(weights), "pt") as file:
        config = json.loads(file.metadata()["config"])
        state = {name: file.get_tensor(name) for name in file.keys()}
    make = {
        "film": lambda: film_net.Film(film_net.FilmConfig(**config)),
        "sepconv": lambda: sepconv.SepConv(config["widths"], config["kernel"]),
        "adaconv": lambda: adaconv.AdaConv(config["filters"]),
    }
    net = make[family]()
    net.load_state_dict(state)
    return net.eval(), config


def load_cvi(weights: Path) -> cvi_net.Cvi:
    with safe_open(str(weights), "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return cvi_net.load_exported(cvi_net.Cvi(cvi_net.CviConfig(**config)), tensors).eval()


@torch.no_grad()
def cvi_golden(net: cvi_net.Cvi) -> dict:
    """Two of the sixteen frames; a size that is not the one trained on, and not square."""
    width, height, frames = 40, 24, [5, 11]
    ends = [2 * frame(k, width, height)[None, : net.config.channels] - 1 for k in (0, 1)]
    noise = (1.5 * torch.sin(1.7 * torch.arange(net.config.D).double() + 0.4)).float()[None]
    video = ((net(*ends, noise)[0] + 1) / 2).transpose(0, 1)[frames]
    output = [float(f"{v:.6f}") for v in video.flatten().tolist()]
    return {"formula": CVI_FORMULA, "width": width, "height": height, "frames": frames, "tolerance": 1e-4, "output": output}


def film_golden(family: str, net: torch.nn.Module) -> dict:
    interpolate = {"film": film, "sepconv": sepconv, "adaconv": adaconv}[family].interpolate
    width, height = 36, 28
    with torch.no_grad():
        picture = interpolate(net, *(frame(k, width, height)[None] for k in (0, 1)))[0]
    output = [float(f"{v:.6f}") for v in picture.flatten().tolist()]
    return {"formula": FORMULA, "width": width, "height": height, "tolerance": 1e-4, "output": output}


def main() -> None:
    family, out, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "weights.safetensors"
    best = load_checkpoint(out / ("final.pt" if family == "cvi" else "best.pt"))
    if family == "cvi":
        config = best["config"]
        made = cvi_net.exported(cvi_net.Cvi(cvi_net.CviConfig(**config)), best["net"])
        row = export_weights(weights, made, config)
        golden = cvi_golden(load_cvi(weights))
    else:
        made = best["net"]
        row = export_weights(weights, made, best["config"])
        net, config = load(family, weights)
        golden = film_golden(family, net)
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    manifest = {
        "id": family,
        "family": family,
        "name": NAMES[family],
        "licence": "MIT",
        "terms": "open",
        "source": "Trained by this project: models/training, card.md",
        "files": [row],
        "entry": row["name"],
        "format": "safetensors",
        "parameters": sum(math.prod(v.shape) for v in made.values()),
        "config": config,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(family, "step", best["step"], best["dev"], manifest["parameters"], "numbers", row["bytes"], "bytes")


if __name__ == "__main__":
    main()
