"""Local convolutions for training: localconv.c, compiled on first use for one kernel size with the system's `cc`.

`*_reference` are the same sums in plain torch: what the C is checked against (`python localconv.py`).
"""

import ctypes
import hashlib
import os
import subprocess
import tempfile

import torch
import torch.nn.functional as F

_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'localconv.c')
_LIBRARIES = {}


def _library(kernel, half):
    if (kernel, half) not in _LIBRARIES:
        with open(_SOURCE, 'rb') as file:
            name = f'{hashlib.sha256(file.read()).hexdigest()[:16]}-{kernel}{"-bf16" * half}.so'
        folder = os.path.join(tempfile.gettempdir(), f'inbetween-localconv-{os.getuid()}')
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            part = f'{path}.{os.getpid()}'
            flags = ['-O3', '-march=native', '-mprefer-vector-width=512', '-ffast-math', '-shared', '-fPIC']
            subprocess.run(['cc', *flags, *['-DBF16'] * half, f'-DK={kernel}', _SOURCE, '-o', part, '-lm'], check=True)
            os.replace(part, path)
        _LIBRARIES[kernel, half] = ctypes.CDLL(path)
    return _LIBRARIES[kernel, half]


def _call(name, kernel, *args, half=False):
    for a in args:
        assert not torch.is_tensor(a) or a.is_contiguous()
    given = [ctypes.c_void_p(a.data_ptr()) if torch.is_tensor(a) else ctypes.c_long(a) for a in args]
    getattr(_library(kernel, half), name)(*given)


class _Separable(torch.autograd.Function):
    @staticmethod
    def forward(ctx, image, vertical, horizontal, every):
        kernel = vertical.shape[1]
        half, spare = kernel >> 1, -kernel % 16
        n, _, h, w = vertical.shape
        padded = F.pad(image.float(), (half, half, half, half), mode='replicate')
        padded = F.pad(padded, (0, spare)).contiguous()
        v, hz = (t.permute(0, 2, 3, 1).float().contiguous() for t in (vertical, horizontal))
        hp, wp = padded.shape[2:]
        assert hp >= (h - 1) * every + kernel and wp - spare >= (w - 1) * every + kernel
        out = torch.zeros(n, 3, h, w)
        ctx.rest = (n, h, w, hp, wp, every)
        _call('sep_forward', kernel, padded, v, hz, out, *ctx.rest)
        ctx.save_for_backward(padded, v, hz)
        ctx.dtype = vertical.dtype
        return out

    @staticmethod
    def backward(ctx, grad):
        padded, v, hz = ctx.saved_tensors
        gv, gh = torch.empty_like(v), torch.empty_like(v)
        _call('sep_backward', v.shape[3], padded, v, hz, grad.float().contiguous(), gv, gh, *ctx.rest)
        return (None, *(t.to(ctx.dtype).permute(0, 3, 1, 2) for t in (gv, gh)), None)


def separable(image, vertical, horizontal, every=1):
    """image [n,3,h,w], vertical and horizontal [n,K,h,w] -> [n,3,h,w]; replicate padding of K>>1; float32 inside.
    With maps of every `every`th pixel only, those pixels."""
    return _Separable.apply(image, vertical, horizontal, every)


def separable_reference(image, vertical, horizontal, every=1):
    kernel, (h, w) = vertical.shape[1], vertical.shape[2:]
    half = kernel >> 1
    padded = F.pad(image, (half, half, half, half), mode='replicate')
    out = torch.zeros(image.shape[0], 3, h, w)
    for i in range(kernel):
        for j in range(kernel):
            taps = padded[:, :, i : i + (h - 1) * every + 1 : every, j : j + (w - 1) * every + 1 : every]
            out = out + taps * (vertical[:, i] * horizontal[:, j]).unsqueeze(1)
    return out


class _Adaptive(torch.autograd.Function):
    @staticmethod
    def forward(ctx, images, logits, every, places, shares):
        n, count, h, w = logits.shape
        kernel = round((count / 2) ** 0.5)
        flat = logits.permute(0, 2, 3, 1).contiguous()
        images = images.float().contiguous()
        hp, wp = images.shape[3:]
        assert images.shape[:3] == (n, 2, 3) and hp >= (h - 1) * every + kernel and wp >= (w - 1) * every + kernel
        assert flat.dtype in (torch.float32, torch.bfloat16)
        assert places.dtype == torch.int32 and places.shape == shares.shape == (n, h, w, shares.shape[3])
        out, lse, taught = torch.empty(n, 3, h, w), torch.empty(n, h, w), torch.zeros((), dtype=torch.float64)
        ctx.rest, ctx.kernel, ctx.half = (shares.shape[3], n, h, w, hp, wp, every), kernel, flat.dtype == torch.bfloat16
        _call('ada_forward', kernel, images, flat, out, lse, places, shares, taught, *ctx.rest, half=ctx.half)
        ctx.save_for_backward(images, flat, out, lse, places, shares)
        return out, taught

    @staticmethod
    def backward(ctx, grad, pull):
        images, flat, out, lse, places, shares = ctx.saved_tensors
        gl = torch.empty_like(flat)
        grad, pull = grad.float().contiguous(), pull.double().contiguous()
        _call('ada_backward', ctx.kernel, images, flat, out, lse, grad, gl, places, shares, pull, *ctx.rest, half=ctx.half)
        return None, gl.permute(0, 3, 1, 2), None, None, None


def adaptive(images, logits, every=1):
    """images [n,2,3,(h-1)*every+K,(w-1)*every+K], logits [n,2*K*K,h,w] float32 or bfloat16 (channel = row*2K + frame*K
    + column) -> [n,3,h,w], the pixels `every` apart."""
    return adaptive_taught(images, logits, every, *_nothing(logits))[0]


def adaptive_taught(images, logits, every, places, shares):
    """`adaptive`, and the summed cross entropy of its weights against a teacher's: places int32 [n,h,w,taps] (channels of
    logits), shares float32 [n,h,w,taps]."""
    return _Adaptive.apply(images, logits, every, places, shares)


def _nothing(logits):
    n, _, h, w = logits.shape
    return torch.empty(n, h, w, 0, dtype=torch.int32), torch.empty(n, h, w, 0)


def adaptive_reference(images, logits, every=1):
    n, count, h, w = logits.shape
    kernel = round((count / 2) ** 0.5)
    weights = logits.softmax(1).view(n, kernel, 2, kernel, 1, h, w)
    out = torch.zeros(n, 3, h, w, dtype=logits.dtype)
    for i in range(kernel):
        for f in range(2):
            for j in range(kernel):
                taps = images[:, f, :, i : i + (h - 1) * every + 1 : every, j : j + (w - 1) * every + 1 : every]
                out = out + weights[:, i, f, j] * taps
    return out


def _check():
    torch.manual_seed(0)
    for kernel in (5, 13, 21, 31):
        image = torch.rand(2, 3, 17, 28)
        maps = [torch.randn(2, kernel, 9, 14, requires_grad=True) for _ in range(2)]
        images = torch.rand(2, 2, 3, 17 + kernel - 1, 27 + kernel - 1)
        logits = (3 * torch.randn(2, 2 * kernel**2, 9, 14)).requires_grad_()
        for ours, theirs, given, learned, more in (
            (separable, separable_reference, image[:, :, :9, :14], maps, {}),
            (separable, separable_reference, image, maps, {'every': 2}),
            (adaptive, adaptive_reference, images, [logits], {'every': 1}),
            (adaptive, adaptive_reference, images, [logits], {'every': 2}),
        ):
            a, b = ours(given, *learned, **more), theirs(given, *learned, **more)
            pull = torch.randn_like(a)
            ga, gb = (torch.autograd.grad(x, learned, pull) for x in (a, b))
            errors = [((p - q).abs().max() / q.abs().max()).item() for p, q in zip((a, *ga), (b, *gb))]
            assert max(errors) < 1e-5, errors
            print(ours.__name__, kernel, ' '.join(f'{e:.1e}' for e in errors))
        places = torch.randint(0, 2 * kernel**2, (2, 9, 14, 5)).int()
        shares = torch.rand(2, 9, 14, 5)
        picked = logits.log_softmax(1).permute(0, 2, 3, 1).gather(3, places.long())
        for k, both in enumerate((adaptive_taught(images, logits, 2, places, shares), None)):
            out, taught = both or (adaptive(images, logits, 2), -(shares * picked).sum())
            total = out.square().sum() + 0.1 * taught
            found = (total, *torch.autograd.grad(total, logits))
            wanted = found if k == 0 else wanted
        assert all(((p - q).abs().max() / q.abs().max()).item() < 1e-5 for p, q in zip(wanted, found))
        rough = logits.bfloat16().detach().requires_grad_()
        (fine,) = torch.autograd.grad(adaptive(images, rough.float()).square().sum(), rough)
        (half,) = torch.autograd.grad(adaptive(images, rough).square().sum(), rough)
        assert (fine.float() - half.float()).abs().max() < 0.01 * fine.abs().max()


if __name__ == '__main__':
    _check()
