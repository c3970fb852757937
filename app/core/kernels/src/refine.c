// Variational refinement of a flow (Brox, Bruhn, Papenberg, Weickert, ECCV 2004): constancy of intensity and of its
// gradient under robust penalties, and a robust smoothness term, solved by red-black successive over-relaxation.
// The flow lives at time t between the pictures: it is compared at x - t * flow in the first and x + (1 - t) * flow in
// the second, so t = 0 refines the flow of the first picture and t = 0.5 that of the middle.
#include "common.h"

// Both pictures brought to time t: `mean` (what the gradients are taken of: each picture counts as much as it moves),
// `diff` = second - first, `seen` = 1 where both positions lie in the picture. Also keeps the flow it was done with.
KERNEL(void, refine_warp)
(const float *first, const float *second, int w, int h, int stride, float t, const float *u, const float *v, float *mean,
 float *diff, float *seen, float *u0, float *v0, int y0, int y1) {
  float ta = -t, tb = 1 - t, share = t == 0 ? 0.5f : 1 - t;
  for (int y = y0; y < y1; y++) {
    for (int x = 0; x < w; x++) {
      int at = y * stride + x;
      float du = u[at], dv = v[at];
      u0[at] = du, v0[at] = dv;
      float xa = x + ta * du, ya = y + ta * dv, xb = x + tb * du, yb = y + tb * dv;
      int inside = xa >= 0 && ya >= 0 && xb >= 0 && yb >= 0 && xa <= w - 1 && xb <= w - 1 && ya <= h - 1 && yb <= h - 1;
      if (!inside) {
        xa = clampf(xa, -1, w), xb = clampf(xb, -1, w), ya = clampf(ya, -1, h), yb = clampf(yb, -1, h);
      }
      float a = t == 0 ? first[at] : sample(first, stride, xa, ya);
      float b = sample(second, stride, xb, yb);
      mean[at] = a + share * (b - a);
      diff[at] = b - a;
      seen[at] = inside ? 1 : 0;
    }
    float *rows[2] = {mean + y * stride, diff + y * stride};
    for (int k = 0; k < 2; k++) {
      float *row = rows[k];
      row[-1] = row[0], row[w] = row[w - 1];
      if (y == 0) __builtin_memcpy(row - stride - 1, row - 1, (w + 2) * sizeof(float));
      if (y == h - 1) __builtin_memcpy(row + stride - 1, row - 1, (w + 2) * sizeof(float));
    }
  }
}

// [Note: split rows] Red-black sweeps touch every second column. The solver's fields keep a row's even columns together
// and its odd columns together, so that four neighbours of a colour are one vector. Evens begin at -PAD + 4 of the row, odds
// `half` further on.
static inline int half_of(int w) { return ((w + 1) / 2 + 8 + 3) & ~3; }

static inline void split(float *row, int half, int x, f4 lo, f4 hi) {
  store4(row - PAD + 4 + x / 2, __builtin_shufflevector(lo, hi, 0, 2, 4, 6));
  store4(row - PAD + 4 + half + x / 2, __builtin_shufflevector(lo, hi, 1, 3, 5, 7));
}

typedef struct {
  const float *mean, *diff, *seen, *u, *v, *u0, *v0;
  int w, h, stride, y;
  float intensity, gradient, smooth, edge;
} System;

typedef struct {
  f4 d1, d2, a12, c1, c2, wx, wy; // d1, d2: data terms of the diagonal
} Row;

static inline f4 lesser(const System *s, int x) { // 1 where column x..x+3 is in the picture
  i4 col = (i4){x, x + 1, x + 2, x + 3};
  return (f4)(col < s->w);
}

// Weights of the edges to the right (first) and down (second) of four pixels.
static inline f4 edge_weight(const System *s, const float *u, const float *v, const float *m, int to, int across) {
  f4 gu = load4(u + to) - load4(u), gv = load4(v + to) - load4(v);
  f4 hu = (load4(u + across) - load4(u - across)) + (load4(u + to + across) - load4(u + to - across));
  f4 hv = (load4(v + across) - load4(v - across)) + (load4(v + to + across) - load4(v + to - across));
  f4 norm = gu * gu + gv * gv + splat4(0.0625f) * (hu * hu + hv * hv) + splat4(1e-6f);
  f4 step = abs4(load4(m + to) - load4(m));
  return splat4(s->smooth) / (sqrt4(norm) * (splat4(1) + splat4(s->edge) * step));
}

static inline Row equations(const System *s, int x) {
  int st = s->stride, at = s->y * st + x;
  const float *m = s->mean + at, *z = s->diff + at, *pu = s->u + at, *pv = s->v + at;
  f4 mc = load4(m), zc = load4(z), half = splat4(0.5f), two = splat4(2);
  f4 ml = load4(m - 1), mr = load4(m + 1), mu = load4(m - st), md = load4(m + st);
  f4 ix = half * (mr - ml), iy = half * (md - mu);
  f4 ixx = mr + ml - two * mc, iyy = md + mu - two * mc;
  f4 ixy = splat4(0.25f) * ((load4(m + st + 1) - load4(m + st - 1)) - (load4(m - st + 1) - load4(m - st - 1)));
  f4 ixz = half * (load4(z + 1) - load4(z - 1)), iyz = half * (load4(z + st) - load4(z - st));
  f4 u0 = load4(s->u0 + at), v0 = load4(s->v0 + at), du = load4(pu) - u0, dv = load4(pv) - v0;
  f4 seen = load4(s->seen + at), one = splat4(1), zeta = splat4(0.01f), eps = splat4(1e-6f);
  // Intensity, normalised by the gradient so that the residual is a distance.
  f4 n = one / (ix * ix + iy * iy + zeta);
  f4 r = zc + ix * du + iy * dv;
  f4 k = seen * splat4(s->intensity) * n / sqrt4(r * r * n + eps);
  Row o;
  o.d1 = k * ix * ix, o.a12 = k * ix * iy, o.d2 = k * iy * iy;
  o.c1 = -k * zc * ix, o.c2 = -k * zc * iy;
  // Gradient.
  f4 nx = one / (ixx * ixx + ixy * ixy + zeta), ny = one / (iyy * iyy + ixy * ixy + zeta);
  f4 rx = ixz + ixx * du + ixy * dv, ry = iyz + ixy * du + iyy * dv;
  k = seen * splat4(s->gradient) / sqrt4(rx * rx * nx + ry * ry * ny + eps);
  f4 kx = k * nx, ky = k * ny;
  o.d1 += kx * ixx * ixx + ky * ixy * ixy;
  o.a12 += (kx * ixx + ky * iyy) * ixy;
  o.d2 += kx * ixy * ixy + ky * iyy * iyy;
  o.c1 -= kx * ixx * ixz + ky * ixy * iyz;
  o.c2 -= kx * ixy * ixz + ky * iyy * iyz;
  o.d1 += zeta, o.d2 += zeta;
  // Solved for the flow, not its change.
  o.c1 += o.d1 * u0 + o.a12 * v0;
  o.c2 += o.a12 * u0 + o.d2 * v0;
  f4 none = splat4(0), in = lesser(s, x), inr = lesser(s, x + 1);
  o.wx = select4((i4)inr, edge_weight(s, pu, pv, m, 1, st), none);
  o.wy = s->y + 1 < s->h ? select4((i4)in, edge_weight(s, pu, pv, m, st, 1), none) : none;
  o.d1 = select4((i4)in, o.d1, one), o.d2 = select4((i4)in, o.d2, one);
  o.a12 = select4((i4)in, o.a12, none);
  o.c1 = select4((i4)in, o.c1, none), o.c2 = select4((i4)in, o.c2, none);
  return o;
}

// The linear system of rows [y0, y1) at the present flow (u, v, padded by one), and the flow itself, in split rows.
KERNEL(void, refine_system)
(const float *mean, const float *diff, const float *seen, const float *u, const float *v, const float *u0,
 const float *v0, int w, int h, int stride, float intensity, float gradient, float smooth, float edge, float *d1, float *d2,
 float *a12, float *c1, float *c2, float *wx, float *wy, float *su, float *sv, int y0, int y1) {
  System s = {mean, diff, seen, u, v, u0, v0, w, h, stride, 0, intensity, gradient, smooth, edge};
  int half = half_of(w);
  for (int y = y0; y < y1; y++) {
    s.y = y;
    int row = y * stride;
    for (int x = 0; x < w + 1; x += 8) {
      Row a = equations(&s, x), b = equations(&s, x + 4);
      split(d1 + row, half, x, a.d1, b.d1), split(d2 + row, half, x, a.d2, b.d2);
      split(a12 + row, half, x, a.a12, b.a12);
      split(c1 + row, half, x, a.c1, b.c1), split(c2 + row, half, x, a.c2, b.c2);
      split(wx + row, half, x, a.wx, b.wx), split(wy + row, half, x, a.wy, b.wy);
      f4 in0 = lesser(&s, x), in1 = lesser(&s, x + 4), none = splat4(0);
      split(su + row, half, x, select4((i4)in0, load4(u + row + x), none), select4((i4)in1, load4(u + row + x + 4), none));
      split(sv + row, half, x, select4((i4)in0, load4(v + row + x), none), select4((i4)in1, load4(v + row + x + 4), none));
    }
    // No edge leads out to the left or, from the first row, up.
    wx[row - PAD + 3 + half] = 0;
    su[row - PAD + 3 + half] = sv[row - PAD + 3 + half] = 0;
    if (y == 0) {
      __builtin_memset(wy - stride - PAD, 0, stride * sizeof(float));
      __builtin_memset(su - stride - PAD, 0, stride * sizeof(float));
      __builtin_memset(sv - stride - PAD, 0, stride * sizeof(float));
    }
    if (y == h - 1) {
      __builtin_memset(su + row + stride - PAD, 0, stride * sizeof(float));
      __builtin_memset(sv + row + stride - PAD, 0, stride * sizeof(float));
    }
  }
}

// One half sweep: the pixels of `colour` in rows [y0, y1), relaxed by omega.
KERNEL(void, refine_sweep)
(const float *d1, const float *d2, const float *a12, const float *c1, const float *c2, const float *wx, const float *wy,
 float *su, float *sv, int w, int stride, float omega, int colour, int y0, int y1) {
  int half = half_of(w), n = (w + 1) / 2;
  f4 om = splat4(omega);
  for (int y = y0; y < y1; y++) {
    int odd = (y + colour) & 1, row = y * stride - PAD + 4;
    int at = row + odd * half, other = row + half - odd * half;
    // Of an even column the left neighbour is the odd one before it, of an odd column the even one of the same place.
    int left = other - 1 + odd, right = other + odd;
    for (int i = 0; i < n; i += 4) {
      f4 wl = load4(wx + left + i), wr = load4(wx + at + i), wu = load4(wy + at - stride + i), wd = load4(wy + at + i);
      f4 sum = wl + wr + wu + wd, m = load4(a12 + at + i);
      f4 u = load4(su + at + i), v = load4(sv + at + i);
      f4 nu = wl * load4(su + left + i) + wr * load4(su + right + i) + wu * load4(su + at - stride + i) +
              wd * load4(su + at + stride + i);
      f4 nv = wl * load4(sv + left + i) + wr * load4(sv + right + i) + wu * load4(sv + at - stride + i) +
              wd * load4(sv + at + stride + i);
      u += om * ((load4(c1 + at + i) + nu - m * v) / (load4(d1 + at + i) + sum) - u);
      v += om * ((load4(c2 + at + i) + nv - m * u) / (load4(d2 + at + i) + sum) - v);
      store4(su + at + i, u), store4(sv + at + i, v);
    }
  }
}

// Split rows back into a field, with a border of one pixel.
KERNEL(void, refine_join)(const float *split_, float *out, int w, int h, int stride, int y0, int y1) {
  int half = half_of(w);
  for (int y = y0; y < y1; y++) {
    const float *e = split_ + y * stride - PAD + 4, *o = e + half;
    float *row = out + y * stride;
    for (int x = 0; x < w; x += 8) {
      f4 a = load4(e + x / 2), b = load4(o + x / 2);
      store4(row + x, __builtin_shufflevector(a, b, 0, 4, 1, 5));
      store4(row + x + 4, __builtin_shufflevector(a, b, 2, 6, 3, 7));
    }
    row[-1] = row[0], row[w] = row[w - 1];
    if (y == 0) __builtin_memcpy(row - stride - 1, row - 1, (w + 2) * sizeof(float));
    if (y == h - 1) __builtin_memcpy(row + stride - 1, row - 1, (w + 2) * sizeof(float));
  }
}
