// From two flows (first to second, second to first) to the one flow at time t: splat, fill, choose, see who is visible.
#include "common.h"

// [Note: splat cells] A splat target is an array of cells {weight, weight * u, weight * v, unused}, w cells a row, no border.

// How far a flow can be trusted, for rows [y0, y1): 1 where the way back leads home and both ends look alike, towards 0
// where not. `slack` is in pixels, `contrast` in code values of 255. Also the least and greatest v of each row.
KERNEL(void, reliability)
(const float *from, const float *to, int w, int h, int stride, const float *u, const float *v, const float *bu,
 const float *bv, float slack, float contrast, float *out, float *vmin, float *vmax, int y0, int y1) {
  float is = 1 / (slack * slack), ic = 1 / (contrast * contrast);
  for (int y = y0; y < y1; y++) {
    float lo = 3e38f, hi = -3e38f;
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float fx = x + u[at], fy = y + v[at];
      lo = v[at] < lo ? v[at] : lo, hi = v[at] > hi ? v[at] : hi;
      int outside = fx < 0 || fy < 0 || fx > w - 1 || fy > h - 1;
      fx = clampf(fx, 0, w - 1), fy = clampf(fy, 0, h - 1);
      float du = u[at] + sample(bu, stride, fx, fy), dv = v[at] + sample(bv, stride, fx, fy);
      float d = sample(to, stride, fx, fy) - from[at];
      float e = (du * du + dv * dv) * is + d * d * ic;
      e = outside ? 4 + 0 * e : e;
      float r = 1 / (1 + e);
      out[at] = r * r + 1e-4f;
    }
    vmin[y] = lo, vmax[y] = hi;
  }
}

// Adds every pixel's flow to the cells around where it is after `t` of its way; `sign` * flow is what is stored.
// Only target rows [y0, y1) are written, in source order, so bands do not change the sums.
KERNEL(void, splat)
(const float *u, const float *v, const float *weight, const float *vmin, const float *vmax, int w, int h, int stride,
 float t, float sign, float *cells, int y0, int y1) {
  __builtin_memset(cells + y0 * w * 4, 0, (y1 - y0) * w * 16);
  for (int y = 0; y < h; y++) {
    if (y + t * vmax[y] + 1 < y0 || y + t * vmin[y] > y1) continue;
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float fx = x + t * u[at], fy = y + t * v[at];
      if (!(fx > -1 && fx < w && fy > y0 - 1 && fy < y1)) continue;
      float gx = floorf_(fx), gy = floorf_(fy), ax = fx - gx, ay = fy - gy;
      int ix = (int)gx, iy = (int)gy;
      float wt = weight[at];
      f4 cell = {wt, wt * sign * u[at], wt * sign * v[at], 0};
      f4 *p = (f4 *)cells + iy * w + ix;
      int in0 = ix >= 0, in1 = ix + 1 < w;
      if (iy >= y0) {
        f4 top = cell * splat4(1 - ay);
        if (in0) p[0] += top * splat4(1 - ax);
        if (in1) p[1] += top * splat4(ax);
      }
      if (iy + 1 < y1) {
        f4 low = cell * splat4(ay);
        if (in0) p[w] += low * splat4(1 - ax);
        if (in1) p[w + 1] += low * splat4(ax);
      }
    }
  }
}

// Coarser cells: sums of 2 x 2.
KERNEL(void, cells_down)(const f4 *src, int sw, int sh, f4 *dst, int w, int y0, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w; x++) {
      int xa = 2 * x, ya = 2 * y, right = xa + 1 < sw, low = ya + 1 < sh;
      const f4 *p = src + ya * sw + xa;
      f4 sum = p[0];
      if (right) sum += p[1];
      if (low) sum += p[sw];
      if (right && low) sum += p[sw + 1];
      dst[y * w + x] = sum;
    }
}

// Fills from the coarser cells: each adds its coarser cell's mean with weight `faint`, so that holes take it whole.
KERNEL(void, cells_fill)(f4 *dst, int w, const f4 *coarse, int cw, float faint, int y0, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w; x++) {
      f4 c = coarse[(y / 2) * cw + x / 2];
      dst[y * w + x] += c * splat4(faint / (c[0] + 1e-20f));
    }
}

// Cells to fields of flow and weight.
KERNEL(void, cells_read)(const f4 *cells, int w, int stride, float *u, float *v, float *weight, int y0, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w; x++) {
      f4 c = cells[y * w + x];
      float inv = 1 / (c[0] + 1e-20f);
      int at = y * stride + x;
      u[at] = c[1] * inv, v[at] = c[2] * inv, weight[at] = c[0];
    }
}

// How badly the pictures disagree under a flow at time t: |second - first| up to `cap`, and more where few pixels landed.
KERNEL(void, disagreement)
(const float *first, const float *second, int w, int h, int stride, float t, const float *u, const float *v,
 const float *weight, float cap, float doubt, float *out, int y0, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float xa = clampf(x - t * u[at], -8, w + 7), ya = clampf(y - t * v[at], -8, h + 7);
      float xb = clampf(x + (1 - t) * u[at], -8, w + 7), yb = clampf(y + (1 - t) * v[at], -8, h + 7);
      float d = absf(sample(second, stride, xb, yb) - sample(first, stride, xa, ya));
      d = d < cap ? d : cap;
      out[at] = d + doubt / (1 + 4 * weight[at]);
    }
}

// Sums of (2 * radius + 1) squared windows of `src` into `out`, cut at the border. `line` holds w floats for this thread.
KERNEL(void, window_mean)
(const float *src, int w, int h, int stride, int radius, float *line, float *out, int y0, int y1) {
  for (int y = y0; y < y1; y++) {
    int ya = y - radius < 0 ? 0 : y - radius, yb = y + radius >= h ? h - 1 : y + radius;
    for (int x = 0; x < w; x++) line[x] = src[ya * stride + x];
    for (int j = ya + 1; j <= yb; j++)
      for (int x = 0; x < w; x++) line[x] += src[j * stride + x];
    float *row = out + y * stride;
    for (int x = 0; x < w; x++) {
      int xa = x - radius < 0 ? 0 : x - radius, xb = x + radius >= w ? w - 1 : x + radius;
      float sum = 0;
      for (int i = xa; i <= xb; i++) sum += line[i];
      row[x] = sum / (float)((xb - xa + 1) * (yb - ya + 1));
    }
  }
}

// Fields padded by one, as kernels need that read between pixels.
static void edge(float *field, int w, int h, int stride, int y) {
  float *row = field + y * stride;
  row[-1] = row[0], row[w] = row[w - 1];
  if (y == 0) __builtin_memcpy(row - stride - 1, row - 1, (w + 2) * sizeof(float));
  if (y == h - 1) __builtin_memcpy(row + stride - 1, row - 1, (w + 2) * sizeof(float));
}

// (u, v) = the one of two flows whose error is less. (u2, v2) = the runner-up: the other, or no motion if its error `e0` is
// less; and `second` its weight, 0 to 1/2: less the worse it is (halved at `tie` code values) and the better the first is (halved
// at `good`).
KERNEL(void, choose)
(const float *ua, const float *va, const float *ea, const float *ub, const float *vb, const float *eb, const float *e0,
 float tie, float good, int w, int h, int stride, float *u, float *v, float *u2, float *v2, float *second, int y0, int y1) {
  float it = 1 / (tie * tie);
  for (int y = y0; y < y1; y++) {
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      int a = ea[at] <= eb[at];
      float e1 = a ? ea[at] : eb[at], e2 = a ? eb[at] : ea[at];
      u[at] = a ? ua[at] : ub[at], v[at] = a ? va[at] : vb[at];
      int still = e0[at] < e2;
      u2[at] = still ? 0 : a ? ub[at] : ua[at], v2[at] = still ? 0 : a ? vb[at] : va[at];
      e2 = still ? e0[at] : e2;
      float d = e2 > e1 ? e2 - e1 : 0;
      float du = u[at] - u2[at], dv = v[at] - v2[at], apart = du * du + dv * dv;
      // Where they are the same flow, the second is not worth its time.
      float k = 0.5f / (1 + d * d * it) * apart / (1 + apart) * e1 * e1 / (e1 * e1 + good * good);
      second[at] = k;
    }
    edge(u, w, h, stride, y), edge(v, w, h, stride, y);
    edge(u2, w, h, stride, y), edge(v2, w, h, stride, y), edge(second, w, h, stride, y);
  }
}

// Share of the first picture in the blend at time t, 0 to 1, from who sees the point: a picture sees it where its own flow,
// read where the point would be, is the flow at t. `slack` in pixels. `trust` gets how far the pictures agree, 0 to 1, and
// `sums[y]` its sum over the row.
KERNEL(void, visibility)
(const float *first, const float *second, int w, int h, int stride, float t, const float *u, const float *v,
 const float *fu, const float *fv, const float *bu, const float *bv, float slack, float floor_, float contrast, float *share,
 float *sums, int y0, int y1) {
  float is = 1 / (slack * slack), ic = 1 / (contrast * contrast);
  for (int y = y0; y < y1; y++) {
    float sum = 0;
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float xa = x - t * u[at], ya = y - t * v[at], xb = x + (1 - t) * u[at], yb = y + (1 - t) * v[at];
      int ina = xa > -1 && ya > -1 && xa < w && ya < h, inb = xb > -1 && yb > -1 && xb < w && yb < h;
      xa = clampf(xa, 0, w - 1), ya = clampf(ya, 0, h - 1), xb = clampf(xb, 0, w - 1), yb = clampf(yb, 0, h - 1);
      float au = sample(fu, stride, xa, ya) - u[at], av = sample(fv, stride, xa, ya) - v[at];
      float cu = sample(bu, stride, xb, yb) + u[at], cv = sample(bv, stride, xb, yb) + v[at];
      float ra = 1 / (1 + (au * au + av * av) * is), rb = 1 / (1 + (cu * cu + cv * cv) * is);
      float sa = (1 - t) * (ina ? ra + floor_ : 1e-3f), sb = t * (inb ? rb + floor_ : 1e-3f);
      float s = sa / (sa + sb);
      share[at] = s;
      float d = sample(second, stride, xb, yb) - sample(first, stride, xa, ya);
      float both = 4 * s * (1 - s);
      sum += (ra > rb ? ra : rb) * (1 - both + both / (1 + d * d * ic));
    }
    sums[y] = sum / (float)w;
    edge(share, w, h, stride, y);
  }
}
