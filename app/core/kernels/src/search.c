// Dense inverse search (Kroeger, Timofte, Dai, Van Gool: "Fast Optical Flow using Dense Inverse Search", ECCV 2016):
// patches of 8 x 8 find their displacement by Gauss-Newton steps with the gradient of the reference patch, and
// neighbours offer each other their displacements; then every pixel averages the patches that cover it.
#include "common.h"

#define PATCH 8

typedef struct {
  const float *ref, *gx, *gy; // at the patch's corner
  const float *other;         // field of the other picture
  int w, h, stride;
} Look;

typedef struct {
  float bx, by, sum, ssd;
} Match;

// Bilinear weights and address of the 8 x 8 window at (x, y), the position clamped so that the window stays in the border.
static inline const float *window(const Look *l, float x, float y, float *ax, float *ay) {
  x = clampf(x, -PAD + 1, l->w + PAD - 10);
  y = clampf(y, -PAD + 1, l->h + PAD - 10);
  float fx = floorf_(x), fy = floorf_(y);
  *ax = x - fx;
  *ay = y - fy;
  return l->other + (int)fy * l->stride + (int)fx;
}

// Mean-free squared difference; with `steps` also the right-hand side of the Gauss-Newton step.
static inline Match match(const Look *l, float x, float y, int steps) {
  float ax, ay;
  const float *p = window(l, x, y, &ax, &ay);
  int s = l->stride;
  f4 wx = splat4(ax), wy = splat4(ay);
  f4 bx = {0}, by = {0}, sum = {0}, ssd = {0};
  f4 a0 = load4(p), a1 = load4(p + 4);
  f4 up0 = a0 + wx * (load4(p + 1) - a0), up1 = a1 + wx * (load4(p + 5) - a1);
  for (int r = 0; r < PATCH; r++) {
    p += s;
    a0 = load4(p), a1 = load4(p + 4);
    f4 lo0 = a0 + wx * (load4(p + 1) - a0), lo1 = a1 + wx * (load4(p + 5) - a1);
    f4 d0 = up0 + wy * (lo0 - up0) - load4(l->ref + r * s), d1 = up1 + wy * (lo1 - up1) - load4(l->ref + r * s + 4);
    up0 = lo0, up1 = lo1;
    sum += d0 + d1;
    ssd += d0 * d0 + d1 * d1;
    if (steps) {
      bx += d0 * load4(l->gx + r * s) + d1 * load4(l->gx + r * s + 4);
      by += d0 * load4(l->gy + r * s) + d1 * load4(l->gy + r * s + 4);
    }
  }
  Match m = {sum4(bx), sum4(by), sum4(sum), sum4(ssd)};
  m.ssd -= m.sum * m.sum * (1.0f / 64);
  return m;
}

typedef struct {
  float xx, xy, yy, sx, sy; // inverse of the mean-free structure tensor, and the sums of the gradient
} Tensor;

static inline Tensor tensor(const Look *l) {
  f4 xx = {0}, xy = {0}, yy = {0}, sx = {0}, sy = {0};
  for (int r = 0; r < PATCH; r++)
    for (int k = 0; k < PATCH; k += 4) {
      f4 x = load4(l->gx + r * l->stride + k), y = load4(l->gy + r * l->stride + k);
      xx += x * x, xy += x * y, yy += y * y, sx += x, sy += y;
    }
  Tensor t = {0, 0, 0, sum4(sx), sum4(sy)};
  // Half a code value of noise a pixel keeps flat patches where they were.
  float a = sum4(xx) - t.sx * t.sx * (1.0f / 64) + 16, b = sum4(xy) - t.sx * t.sy * (1.0f / 64);
  float d = sum4(yy) - t.sy * t.sy * (1.0f / 64) + 16;
  float inv = 1.0f / (a * d - b * b);
  t.xx = d * inv, t.xy = -b * inv, t.yy = a * inv;
  return t;
}

// Gauss-Newton descent from (u, v); returns the squared difference at the best displacement, left in *u, *v.
static inline float descend(const Look *l, const Tensor *t, int x, int y, float *u, float *v, int steps) {
  float u0 = *u, v0 = *v, cu = u0, cv = v0, best = 3e38f;
  for (int i = 0; i < steps; i++) {
    Match m = match(l, x + cu, y + cv, 1);
    if (!(m.ssd < best)) break;
    float gain = best - m.ssd;
    best = m.ssd, *u = cu, *v = cv;
    if (i > 0 && gain < 0.001f * best) break;
    float mean = m.sum * (1.0f / 64);
    float bx = m.bx - mean * t->sx, by = m.by - mean * t->sy;
    float du = t->xx * bx + t->xy * by, dv = t->xy * bx + t->yy * by;
    cu -= du, cv -= dv;
    if (du * du + dv * dv < 1e-4f || absf(cu - u0) > PATCH || absf(cv - v0) > PATCH) break;
  }
  return best;
}

static inline void offer(const Look *l, int x, int y, float u, float v, float *bu, float *bv, float *best) {
  if (u == *bu && v == *bv) return;
  Match m = match(l, x + u, y + v, 0);
  if (m.ssd < *best) *best = m.ssd, *bu = u, *bv = v;
}

// Places of patches along an axis: every `step` pixels, the last one flush with the border.
static inline int place(int i, int step, int size) {
  int last = size > PATCH ? size - PATCH : 0;
  return i * step < last ? i * step : last;
}

// [Note: wide search] Coarse to fine loses what moves farther than it is large: on the levels where its motion is
// small it is smaller than a patch. So on one middle level every patch also looks everywhere within `radius`, at whole
// pixels. What it finds counts only if the patch it finds finds it in return, and only if it fits much better.
// pu, pv, pe are what the search found so far; only patches that fit worse than `poor` look again.
KERNEL(void, search_wide)
(const float *ref, const float *other, int w, int h, int stride, int radius, const float *pu, const float *pv,
 const float *pe, float poor, float *wu, float *wv, int nx, int step, int p0, int p1) {
  for (int n = p0 * nx; n < p1 * nx; n++) {
    wu[n] = pu[n], wv[n] = pv[n];
    float best = pe[n];
    if (best < poor) continue;
    int x = place(n % nx, step, w), y = place(n / nx, step, h);
    const float *a = ref + y * stride + x;
    int xa = x - radius < -4 ? -4 : x - radius, xb = x + radius > w - 4 ? w - 4 : x + radius;
    int ya = y - radius < -4 ? -4 : y - radius, yb = y + radius > h - 4 ? h - 4 : y + radius;
    for (int j = ya; j <= yb; j++)
      for (int i = xa; i <= xb; i++) {
        const float *b = other + j * stride + i;
        f4 sum = {0}, ssd = {0};
        float e = 0;
        for (int r = 0; r < PATCH; r++) {
          f4 d0 = load4(b + r * stride) - load4(a + r * stride), d1 = load4(b + r * stride + 4) - load4(a + r * stride + 4);
          sum += d0 + d1, ssd += d0 * d0 + d1 * d1;
          // The spread of some rows about their mean is never more than that of all.
          if (r == 2) {
            float total = sum4(sum);
            if (sum4(ssd) - total * total * (1.0f / 24) > best) goto next;
          }
        }
        float total = sum4(sum);
        e = sum4(ssd) - total * total * (1.0f / 64);
        // Of equal fits the nearest.
        e += 0.05f * (float)((i - x) * (i - x) + (j - y) * (j - y));
        if (e < best) best = e, wu[n] = i - x, wv[n] = j - y;
      next:;
      }
  }
}

// Whether the patch found from (x, y) at (u, v) finds it in return.
static inline int mutual(float x, float y, float u, float v, const float *bu, const float *bv, int nx, int ny, int step) {
  int i = clampi((int)((x + u) / step + 0.5f), 0, nx - 1), j = clampi((int)((y + v) / step + 0.5f), 0, ny - 1);
  int n = j * nx + i;
  return absf(u + bu[n]) <= 2.5f && absf(v + bv[n]) <= 2.5f;
}

// Patches of rows [p0, p1) of the nx x ny grid. `cu`, `cv` is the flow of the next coarser level (0 for none).
// pu, pv get the displacements, pe the squared differences. `wide` holds what search_wide found, all u and
// then all v (0 for none), `back` what it found the other way; it must fit `gain` times better.
KERNEL(void, search)
(const float *ref, const float *gx, const float *gy, const float *other, int w, int h, int stride, const float *cu,
 const float *cv, int cw, int ch, int cstride, float *pu, float *pv, float *pe, int nx, int ny, int step,
 int steps, const float *wide, const float *back, float gain, int p0, int p1) {
  Look l = {0, 0, 0, other, w, h, stride};
  for (int pass = 0; pass < 2; pass++)
    for (int k = 0; k < (p1 - p0) * nx; k++) {
      int at = pass ? (p1 - p0) * nx - 1 - k : k;
      int i = at % nx, j = p0 + at / nx, n = j * nx + i;
      int x = place(i, step, w), y = place(j, step, h);
      l.ref = ref + y * stride + x, l.gx = gx + y * stride + x, l.gy = gy + y * stride + x;
      float u = 0, v = 0, best;
      if (pass) {
        u = pu[n], v = pv[n], best = pe[n];
        if (i + 1 < nx) offer(&l, x, y, pu[n + 1], pv[n + 1], &u, &v, &best);
        if (j + 1 < p1) offer(&l, x, y, pu[n + nx], pv[n + nx], &u, &v, &best);
      } else {
        if (cu) {
          int c = clampi(y / 2 + 2, 0, ch - 1) * cstride + clampi(x / 2 + 2, 0, cw - 1);
          u = 2 * cu[c], v = 2 * cv[c];
        }
        best = match(&l, x + u, y + v, 0).ssd;
        if (i > 0) offer(&l, x, y, pu[n - 1], pv[n - 1], &u, &v, &best);
        if (j > p0) offer(&l, x, y, pu[n - nx], pv[n - nx], &u, &v, &best);
      }
      Tensor t = tensor(&l);
      best = descend(&l, &t, x, y, &u, &v, steps);
      int all = nx * ny;
      if (!pass && wide && mutual(x, y, wide[n], wide[all + n], back, back + all, nx, ny, step)) {
        float fu = wide[n], fv = wide[all + n];
        float e = descend(&l, &t, x, y, &fu, &fv, steps);
        if (e * gain + 64 < best) best = e, u = fu, v = fv;
      }
      pe[n] = best, pu[n] = u, pv[n] = v;
    }
}

// One Gauss-Newton descent for one patch at (x, y): what the twin is compared with. io = {u, v, ssd}.
KERNEL(void, search_one)
(const float *ref, const float *gx, const float *gy, const float *other, int w, int h, int stride, int x, int y,
 float *io, int steps) {
  int at = y * stride + x;
  Look l = {ref + at, gx + at, gy + at, other, w, h, stride};
  Tensor t = tensor(&l);
  io[2] = descend(&l, &t, x, y, io, io + 1, steps);
}

// Flow of rows [y0, y1): the mean of the covering patches' displacements, weighted by 1 / max(floor, |difference|).
// `acc` is a field used for the sums of the weights.
KERNEL(void, densify)
(const float *ref, const float *other, int w, int h, int stride, const float *pu, const float *pv, int nx, int ny,
 int step, float floor_, float *u, float *v, float *acc, int y0, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w + 8; x++) u[y * stride + x] = v[y * stride + x] = acc[y * stride + x] = 0;
  Look l = {0, 0, 0, other, w, h, stride};
  for (int j = 0; j < ny; j++) {
    int y = place(j, step, h);
    int r0 = y > y0 ? y : y0, r1 = y + PATCH < y1 ? y + PATCH : y1;
    if (r0 >= r1) continue;
    for (int i = 0; i < nx; i++) {
      int x = place(i, step, w);
      float du = pu[j * nx + i], dv = pv[j * nx + i], ax, ay;
      const float *p = window(&l, x + du, y + dv, &ax, &ay) + (r0 - y) * stride;
      f4 wx = splat4(ax), wy = splat4(ay), fu = splat4(du), fv = splat4(dv);
      for (int r = r0; r < r1; r++, p += stride)
        for (int k = 0; k < PATCH; k += 4) {
          f4 a = load4(p + k), b = load4(p + stride + k);
          a += wx * (load4(p + k + 1) - a), b += wx * (load4(p + stride + k + 1) - b);
          int at = r * stride + x + k;
          f4 d = abs4(a + wy * (b - a) - load4(ref + at));
          f4 weight = splat4(1) / max4(d, splat4(floor_));
          store4(acc + at, load4(acc + at) + weight);
          store4(u + at, load4(u + at) + weight * fu);
          store4(v + at, load4(v + at) + weight * fv);
        }
    }
  }
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float inv = 1.0f / acc[at];
      u[at] *= inv, v[at] *= inv;
    }
}
