import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gmsd, psnr, PSNR_CAP, ssim } from '../../../app/core/score/metrics.ts';
import type { Rgb8 } from '../../../app/core/score/rgb.ts';

/** The same integers as picture() in metrics.twin.py. */
function picture(width: number, height: number, seed: number): Rgb8 {
  const plane = (channel: number) =>
    Uint8Array.from({ length: width * height }, (_, i) => {
      const x = i % width;
      const y = Math.floor(i / width);
      const check = (Math.floor(x / 7) + Math.floor(y / 5) + channel) % 2;
      const base = ((x * (3 + channel) + y * (5 - channel)) % 160) + check * 60;
      const hash = ((x * 7919 + y * 104729 + channel * 1299709 + seed * 15485863) % 1009) * 31;
      return Math.min(255, base + (hash % (12 + 20 * seed)));
    });
  return { width, height, r: plane(0), g: plane(1), b: plane(2) };
}

// Printed by `python test/core/score/metrics.twin.py` with scikit-image 0.26, scipy 1.17 and OpenCV 5.0.
const TWINS = [
  { size: [64, 48], psnr: 25.1362622, ssim: 0.9065401, inner: 0.9118036, gmsd: 0.0073328 },
  { size: [37, 29], psnr: 25.1430187, ssim: 0.903459, inner: 0.9150371, gmsd: 0.0075069 },
  { size: [200, 120], psnr: 25.1336071, ssim: 0.9113463, inner: 0.9129858, gmsd: 0.0072556 },
] as const;

for (const twin of TWINS) {
  test(`metrics agree with scikit-image and the GMSD paper at ${twin.size.join('x')}`, () => {
    const a = picture(twin.size[0], twin.size[1], 0);
    const b = picture(twin.size[0], twin.size[1], 1);
    assert.ok(Math.abs(psnr(a, b) - twin.psnr) < 1e-6, `psnr ${psnr(a, b)}`);
    assert.ok(Math.abs(ssim(a, b) - twin.ssim) < 1e-6, `ssim ${ssim(a, b)}`);
    assert.ok(Math.abs(ssim(a, b, { inset: 5 }) - twin.inner) < 1e-6, `inner ssim ${ssim(a, b, { inset: 5 })}`);
    assert.ok(Math.abs(gmsd(a, b) - twin.gmsd) < 1e-6, `gmsd ${gmsd(a, b)}`);
  });
}

test('identical images have the capped PSNR, SSIM 1 and GMSD 0', () => {
  const a = picture(33, 20, 0);
  const b = picture(33, 20, 0);
  assert.equal(psnr(a, b), PSNR_CAP);
  assert.ok(Math.abs(ssim(a, b) - 1) < 1e-12);
  assert.ok(gmsd(a, b) < 1e-7);
});

test('pictures smaller than the window are measured, not refused', () => {
  const [a, b] = [picture(1, 3, 0), picture(1, 3, 1)];
  assert.ok(ssim(a, b) > -1 && ssim(a, b) < 1);
  assert.ok(Number.isFinite(gmsd(a, b)));
});

test('sizes that differ are an error', () => {
  assert.throws(() => psnr(picture(4, 4, 0), picture(5, 4, 0)), /4x4 and 5x4/);
});
