"""The generative motion models of CSE291G "Video Completion" (xih108/Video_Completion; systems.md 5.2) in their published names.

A path is 16 vectors of 60 numbers, the 10 key points of each frame and their jacobians, scaled into -1..1. `Adversarial` lays it
out as 20 values (raw) then 40 jacobians (one min and max for all), `Autoregressive` as 40 jacobians then 20 values (a min and max
a feature). `python motion_net.py FIXTURE` loads a fixture's weights with strict=True and prints how far its outputs are missed.

[Note: ends] The published adversarial model puts the given vectors in the place of the first and the last of the 16 it makes, so the
path jumps where they differ (`ends: replace`). Ours is trained to be used with `ends: drift`: what is missing at both ends is added to
the whole path along a straight line, path[t] += (1 - t) * (first - path[0]) + t * (last - path[1]), in scaled units.

[Note: stitching] The autoregressive model rolls out forward from the first vector and backward from the last; the two meet where
they are nearest to each other. `source` is the published code to the letter, which leaves frames empty (zero) where that place is
before the middle; `rest` goes on with the backward roll-out from that place.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

FRAMES, POINTS = 16, 10
ADVERSARIAL_LAYOUT, AUTOREGRESSIVE_LAYOUT = "20 values then 40 jacobians", "40 jacobians then 20 values"


class Adversarial(nn.Module):
    """Generator: noise [b, 16, noise], first and last vectors [b, 60] to a raw path [b, 16, 60] in -1..1."""

    def __init__(self, hidden: int = 256, noise: int = 40, motion: int = 60):
        super().__init__()
        self.motion_encoder = nn.Sequential(nn.Linear(motion, 40), nn.ReLU())
        self.gru = nn.GRU(noise + 80, hidden, batch_first=True, bidirectional=True)
        self.linear = nn.Sequential(nn.Linear(2 * hidden, motion), nn.Tanh())

    def forward(self, noise: Tensor, first: Tensor, last: Tensor) -> Tensor:
        ends = [self.motion_encoder(x)[:, None].expand(-1, noise.shape[1], -1) for x in (first, last)]
        return self.linear(self.gru(torch.cat((noise, *ends), 2))[0])


class Critic(nn.Module):
    """A score a step, [b, 16, 1]."""

    def __init__(self, hidden: int = 256, motion: int = 60):
        super().__init__()
        self.gru = nn.GRU(motion, hidden, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * hidden, 1)

    def forward(self, path: Tensor) -> Tensor:
        return self.linear(self.gru(path)[0])


def assemble(raw: Tensor, first: Tensor, last: Tensor, ends: str = "replace") -> Tensor:
    """A path that begins and ends at the given vectors; see [Note: ends]."""
    if ends == "replace":
        return torch.cat((first[:, None], raw[:, 1:-1], last[:, None]), 1)
    t = torch.linspace(0, 1, raw.shape[1], device=raw.device)[None, :, None]
    return raw + (1 - t) * (first - raw[:, 0])[:, None] + t * (last - raw[:, -1])[:, None]


class Autoregressive(nn.Module):
    """One vector to the next, both directions of the GRU carrying their state from step to step."""

    def __init__(self, hidden: int = 256, motion: int = 60):
        super().__init__()
        self.bi_gru = nn.GRU(motion, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, motion)

    def _cell(self, x: Tensor, state: Tensor, reverse: bool) -> Tensor:
        tail = "_reverse" if reverse else ""
        names = (f"{kind}_l0{tail}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        return torch.gru_cell(x, state, *(getattr(self.bi_gru, name) for name in names))

    def step(self, x: Tensor, state: tuple[Tensor, Tensor], backward: bool = False) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The next vector (the one before, for `backward`: the directions change places, and the halves of their output)."""
        state = (self._cell(x, state[0], backward), self._cell(x, state[1], not backward))
        halves = state[::-1] if backward else state
        return torch.tanh(self.fc(torch.cat(halves, 1))), state

    def blank(self, x: Tensor) -> tuple[Tensor, Tensor]:
        zero = x.new_zeros(len(x), self.bi_gru.hidden_size)
        return zero, zero

    def roll(self, x: Tensor, frames: int = FRAMES, backward: bool = False) -> Tensor:
        """[b, frames, 60] from its first vector (its last, for `backward`)."""
        out, state = [x], self.blank(x)
        for _ in range(frames - 1):
            x, state = self.step(x, state, backward)
            out.append(x)
        return torch.stack(out[::-1] if backward else out, 1)


def stitch(forward: Tensor, backward: Tensor, first: Tensor, last: Tensor, how: str = "rest") -> tuple[Tensor, Tensor]:
    """The path of two roll-outs and the frame they meet at; see [Note: stitching]."""
    frames = forward.shape[1]
    meet = (forward - backward).square().mean(2).argmin(1)
    path = torch.zeros_like(forward)
    for k, i in enumerate(meet.tolist()):
        path[k, :i] = forward[k, :i]
        start = i if how == "rest" else (frames - i) % frames
        path[k, start:] = backward[k, start:]
    return torch.cat((first[:, None], path[:, 1:-1], last[:, None]), 1), meet


def check(folder: Path) -> None:
    """Prints the largest miss of each output of a fixture."""
    from safetensors.torch import load_file

    case = json.loads((folder / "case.json").read_text())
    io = load_file(str(folder / case["io"]["file"]))
    run, config = case["runs"][0], case["config"]
    given = {k: io[v["tensor"]] for k, v in run["inputs"].items()}
    states = [torch.load(folder / w["file"], map_location="cpu", weights_only=False) for w in case["weights"]]
    states = [s.get("model_state_dict", s) for s in states]
    if "noise" in given:
        net, critic = Adversarial(config["hidden"]), Critic(config["hidden"])
        net.load_state_dict(states[0])
        critic.load_state_dict(states[1])
        raw = net(given["noise"], given["first"], given["last"])
        made = {"raw": raw, "assembled": assemble(raw, given["first"], given["last"])}
        made["critic"] = critic(made["assembled"])
    else:
        net = Autoregressive(config["hidden"])
        net.load_state_dict(states[0])
        ends = given["first"], given["last"]
        made = {"forward": net.roll(ends[0]), "backward": net.roll(ends[1], backward=True)}
        for how in ("source", "rest"):
            made[f"stitched_{how}"], meet = stitch(made["forward"], made["backward"], *ends, how)
        made["idx"] = meet.float()
    for name, value in made.items():
        print(name, f"{(value - io[run['outputs'][name]['tensor']]).abs().max():.2e}")


if __name__ == "__main__":
    with torch.no_grad():
        check(Path(sys.argv[1]))
