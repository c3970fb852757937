"""Prints the numbers metrics.test.ts holds. Run: python metrics.twin.py (numpy, scipy, scikit-image, opencv-python)."""
import cv2
import numpy as np
from scipy.ndimage import correlate1d
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def picture(width, height, seed):
    """The same integers as picture() in metrics.test.ts: smooth shapes plus hash noise, RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    planes = []
    for channel in range(3):
        base = (x * (3 + channel) + y * (5 - channel)) % 160 + ((x // 7 + y // 5 + channel) % 2) * 60
        noise = ((x * 7919 + y * 104729 + channel * 1299709 + seed * 15485863) % 1009 * 31) % (12 + 20 * seed)
        planes.append(np.clip(base + noise, 0, 255))
    return np.stack(planes, 2).astype(np.uint8)


def grey(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def ssim_map_mean(a, b):
    a, b = grey(a).astype(float), grey(b).astype(float)
    taps = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    taps /= taps.sum()
    blur = lambda z: correlate1d(correlate1d(z, taps, 0, mode="mirror"), taps, 1, mode="mirror")
    ma, mb = blur(a), blur(b)
    c1, c2 = 2.55**2, 7.65**2
    top = (2 * ma * mb + c1) * (2 * (blur(a * b) - ma * mb) + c2)
    return (top / ((ma**2 + mb**2 + c1) * (blur(a * a) + blur(b * b) - ma**2 - mb**2 + c2))).mean()


def gmsd(a, b):
    """After the authors' GMSD.m: conv2(..., 'same') with a 2 x 2 mean starts at the block itself."""
    def gradient(image):
        z = grey(image).astype(float)
        z = np.pad(z, ((0, z.shape[0] % 2), (0, z.shape[1] % 2)))
        z = (z[0::2, 0::2] + z[1::2, 0::2] + z[0::2, 1::2] + z[1::2, 1::2]) / 4
        k = np.array([[1, 0, -1]] * 3) / 3
        return np.hypot(convolve2d(z, k, "same"), convolve2d(z, k.T, "same"))

    ga, gb = gradient(a), gradient(b)
    return ((2 * ga * gb + 170) / (ga**2 + gb**2 + 170)).std()


for size in ((64, 48), (37, 29), (200, 120)):
    a, b = picture(*size, 0), picture(*size, 1)
    inner = structural_similarity(
        grey(a), grey(b), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    print(
        f"{{ size: [{size[0]}, {size[1]}], psnr: {peak_signal_noise_ratio(a, b):.7f}, "
        f"ssim: {ssim_map_mean(a, b):.7f}, inner: {inner:.7f}, gmsd: {gmsd(a, b):.7f} }},"
    )
