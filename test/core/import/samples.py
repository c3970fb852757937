"""Writes torch-samples.ts: small files by PyTorch itself, packed as text. PYTHON samples.py > torch-samples.ts"""
import base64
import collections
import gzip
import io

import torch


def packed(write):
    buffer = io.BytesIO()
    write(buffer)
    return base64.b64encode(gzip.compress(buffer.getvalue(), 9, mtime=0)).decode()


base = torch.arange(12, dtype=torch.float32)
weights = collections.OrderedDict()
weights["module.whole"] = base.reshape(3, 4)
weights["module.turned"] = base.reshape(3, 4).t()
weights["module.part"] = base[5:9:2]
weights["module.repeated"] = torch.tensor([7.0, 8.0]).reshape(2, 1).expand(2, 3)
weights["module.half"] = torch.tensor([0.5, -2.0], dtype=torch.float16)
weights["module.brain"] = torch.tensor([1.5], dtype=torch.bfloat16)
weights["module.steps"] = torch.tensor(2**40)
weights["module.flags"] = torch.tensor([True, False])
weights["module.none"] = torch.zeros(0, 3)
weights["module.parameter"] = torch.nn.Parameter(torch.tensor([[3.0]]))
value = {"state_dict": weights, "epoch": 3, "best": 0.25, "arch": "tiny", "lists": [torch.tensor([9], dtype=torch.int8)]}


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU())
        self.register_buffer("scale", torch.tensor([2.0], dtype=torch.float16))

    def forward(self, x):
        return self.body(x) * self.scale + torch.tensor([4.0])


torch.manual_seed(1)
script = Tiny()
torch.nn.init.constant_(script.body[0].weight, 0.5)
torch.nn.init.constant_(script.body[0].bias, -1.0)
samples = {
    "zip": packed(lambda buffer: torch.save(value, buffer)),
    "wide": packed(lambda buffer: torch.save({"wide": torch.tensor([1, 65535], dtype=torch.uint16)}, buffer)),
    "legacy": packed(lambda buffer: torch.save(value, buffer, _use_new_zipfile_serialization=False)),
    "script": packed(lambda buffer: torch.jit.save(torch.jit.trace(script, torch.zeros(1, 2)), buffer)),
    "object": packed(lambda buffer: torch.save(Tiny(), buffer)),
}
print(f"/** Small files written by PyTorch {torch.__version__}, gzipped, in base64. Made by samples.py. */")
print("export const SAMPLES = {")
for name, text in samples.items():
    print(f"  {name}: `{text}`,")
print("} as const;")
