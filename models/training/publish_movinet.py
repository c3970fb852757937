"""Makes models/movinet-everyday of a run of movinet.py: weights.safetensors, manifest.json, golden.json. The card is written by hand.

    python publish_movinet.py RUN ../movinet-everyday
"""

import sys
from pathlib import Path

import torch

from common import export_weights, load_checkpoint
from movinet_net import Movinet, load
from publish import frame
from publish_fomm import manifest_of, rounded, write

COUNT, ASKED = 20, [4, 19]
FORMULA = (
    "picture k of `count` is frame(k)[c][y][x] = 0.5 + 0.2*sin(0.31*u + 0.17*v + c) + 0.15*cos(0.23*v - 0.41*u + 2*c) with u = x - 3*k, v = y - 2*k, "
    "c = 0, 1, 2 for R', G', B'; probabilities are those after the pictures that `frames` names, [frame][label], embedding is that after the last of them"
)


@torch.no_grad()
def main() -> None:
    run, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    best = load_checkpoint(run / "best.pt")
    config = {k: v for k, v in best["config"].items() if k != "size"}
    net = load(Movinet(config), best["net"]).eval()
    row = export_weights(folder / "weights.safetensors", net.state_dict(), config)
    side = config["resolution"]
    logits, embeddings = net(torch.stack([frame(k, side, side) for k in range(COUNT)])[None])
    golden = {
        "formula": FORMULA,
        "width": side,
        "height": side,
        "count": COUNT,
        "frames": ASKED,
        "tolerance": 5e-4,
        "probabilities": rounded(torch.sigmoid(logits[0, ASKED])),
        "embedding": rounded(embeddings[0, ASKED[-1]]),
    }
    count = sum(p.numel() for p in net.parameters())
    write(folder, manifest_of("movinet-everyday", "movinet", "MoViNet A0 stream, everyday actions", row, count, config), golden)
    print("step", best["step"], {k: round(v, 3) for k, v in best["dev"].items()})


if __name__ == "__main__":
    main()
