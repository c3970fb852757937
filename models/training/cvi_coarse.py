"""The first minutes of CVI's training: the encoder and the first eight latent layers alone learn to see where things go.

They are a twentieth of the network's work, so many more pairs are seen; and on scenes in which much moves and evenly, where
a network finds out sooner that comparing pays. A convolution that is dropped afterwards reads the motion (cells of four pixels) off the
latent picture at the four times it has there.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvi_loss import grey
from cvi_net import LENGTH, Cvi
from motion_render import even_ends, even_scene

TIMES = [2, 6, 9, 13]


def pairs(photos: list[np.ndarray], random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
    """Ends [N, 2, 3, H, W] in 0..1 and their motion at four times [N, 4, 4, H, W]."""
    made = [even_ends(even_scene(photos, random), TIMES) for _ in range(count)]
    return tuple(torch.from_numpy(np.stack(part)).permute(0, 1, 4, 2, 3).contiguous() for part in zip(*made))


class Coarse(nn.Module):
    def __init__(self, net: Cvi):
        super().__init__()
        self.head = nn.Conv3d(net.config.C, 16, 1)

    def loss(self, net: Cvi, ends: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Mean distance in pixels of the motion from end to end, and what no motion at all would have."""
        n = len(ends)
        if net.config.channels == 1:
            ends = grey(ends).view(n, 2, 1, *ends.shape[3:])
        first, last = (2 * ends[:, k] - 1 for k in (0, 1))
        features = net.encode(torch.cat((first, last)).contiguous(memory_format=torch.channels_last))[6]
        start, end = features[:n, :, None], features[n:, :, None]
        z = torch.cat((start, end), 2).contiguous(memory_format=torch.channels_last_3d).repeat_interleave(2, 2)
        noise = torch.randn(n, net.config.D)
        for layer in net.latent[:8]:
            z = layer(z, start, end, noise)
        way = F.pixel_shuffle(self.head(z).float().transpose(1, 2), 2) * 4
        time = torch.tensor(TIMES) / (LENGTH - 1)
        share = torch.stack((time, time, 1 - time, 1 - time), 1)[:, :, None, None]
        wanted = F.avg_pool2d((motion / share).flatten(0, 1), 4).view_as(way)
        far = lambda off: (off.unflatten(2, (2, 2)).square().sum(3) + 0.01).sqrt().mean()
        return far(way - wanted), far(wanted).detach()
