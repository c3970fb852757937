// Native planes at time t: both pictures read with the cubic of Catmull and Rom where the flow says, and blended.
#include "common.h"

// Twice as many samples as `in` has, each between the two nearest: the common case of halved flow.
static void double_row(const float *in, int w, float *out) {
  int x = 0;
  for (; x + 8 <= w; x += 8) {
    const float *p = in + x / 2;
    f4 mid = splat4(0.75f) * load4(p), q = splat4(0.25f);
    f4 even = mid + q * load4(p - 1), odd = mid + q * load4(p + 1);
    store4(out + x, __builtin_shufflevector(even, odd, 0, 4, 1, 5));
    store4(out + x + 4, __builtin_shufflevector(even, odd, 2, 6, 3, 7));
  }
  for (; x < w; x++) out[x] = 0.75f * in[x / 2] + 0.25f * in[x / 2 + (x & 1 ? 1 : -1)];
}

// One field for plane row y, interpolated with `ratio` plane pixels a field pixel (below 1 where the plane is the coarser) and
// times `gain`. `line` holds fw + 8 floats.
static void field_row(const float *in, float gain, int fw, int fh, int stride, float ratio_x, float ratio_y, int w, int y,
                      float *line, float *out) {
  float fy = clampf((y + 0.5f) / ratio_y - 0.5f, 0, fh - 1);
  int iy = (int)fy;
  float ay = fy - iy;
  const float *a = in + iy * stride, *b = a + (ay > 0 ? stride : 0);
  float *row = ratio_x == 1 ? out : line + 4;
  int n = ratio_x == 1 ? w : fw;
  for (int x = 0; x < n; x++) row[x] = gain * (a[x] + ay * (b[x] - a[x]));
  if (ratio_x == 1) return;
  row[-1] = row[0], row[fw] = row[fw - 1];
  if (ratio_x == 2) {
    double_row(row, w, out);
    return;
  }
  float inv = 1 / ratio_x;
  for (int x = 0; x < w; x++) {
    float fx = clampf((x + 0.5f) * inv - 0.5f, 0, fw - 1);
    int ix = (int)fx;
    out[x] = row[ix] + (fx - ix) * (row[ix + 1] - row[ix]);
  }
}

// Weights of the four samples around a fraction: Catmull and Rom's cubic.
static inline f4 cubic(float a) {
  f4 x = splat4(a);
  f4 w = (f4){-0.5f, 1.5f, -1.5f, 0.5f} * x + (f4){1, -2.5f, 2, -0.5f};
  return (w * x + (f4){-0.5f, 0, 0.5f, 0}) * x + (f4){0, 1, 0, 0};
}

#define LANE(v, n) __builtin_shufflevector(v, v, n, n, n, n)

static inline float total(f4 v) {
  f4 pair = v + __builtin_shufflevector(v, v, 2, 3, 2, 3);
  return pair[0] + pair[1];
}

#define WARP(NAME, TYPE, LOAD)                                                                                         \
  static inline float NAME##_at(const TYPE *p, int w, int h, float x, float y) {                                       \
    x = clampf(x, 0, w - 1), y = clampf(y, 0, h - 1);                                                                  \
    int ix = (int)x, iy = (int)y;                                                                                      \
    f4 wx = cubic(x - ix), wy = cubic(y - iy), sum;                                                                    \
    if (ix >= 1 && iy >= 1 && ix + 2 < w && iy + 2 < h) {                                                              \
      const TYPE *q = p + (iy - 1) * w + ix - 1;                                                                       \
      sum = LANE(wy, 0) * LOAD(q) + LANE(wy, 1) * LOAD(q + w) + LANE(wy, 2) * LOAD(q + 2 * w) +                        \
            LANE(wy, 3) * LOAD(q + 3 * w);                                                                             \
    } else {                                                                                                           \
      int c0 = ix > 0 ? ix - 1 : 0, c2 = ix + 1 < w ? ix + 1 : w - 1, c3 = ix + 2 < w ? ix + 2 : w - 1;                \
      sum = splat4(0);                                                                                                 \
      for (int k = 0; k < 4; k++) {                                                                                    \
        const TYPE *q = p + clampi(iy - 1 + k, 0, h - 1) * w;                                                          \
        sum += splat4(wy[k]) * (f4){q[c0], q[ix], q[c2], q[c3]};                                                       \
      }                                                                                                                \
    }                                                                                                                  \
    return total(wx * sum);                                                                                            \
  }                                                                                                                    \
  KERNEL(void, NAME)                                                                                                   \
  (const TYPE *first, const TYPE *second, TYPE *out, int w, int h, float t, float top, const float *u, const float *v, \
   const float *share, const float *u2, const float *v2, const float *weight2, int fw, int fh, int stride,             \
   float ratio_x, float ratio_y, float *scratch, int y0, int y1) {                                                     \
    float *line = scratch, *ru = line + fw + 12, *rv = ru + w + 4, *rs = rv + w + 4;                                   \
    float *ru2 = rs + w + 4, *rv2 = ru2 + w + 4, *rw = rv2 + w + 4;                                                    \
    for (int y = y0; y < y1; y++) {                                                                                    \
      field_row(u, ratio_x, fw, fh, stride, ratio_x, ratio_y, w, y, line, ru);                                         \
      field_row(v, ratio_y, fw, fh, stride, ratio_x, ratio_y, w, y, line, rv);                                         \
      field_row(share, 1, fw, fh, stride, ratio_x, ratio_y, w, y, line, rs);                                           \
      field_row(weight2, 1, fw, fh, stride, ratio_x, ratio_y, w, y, line, rw);                                         \
      field_row(u2, ratio_x, fw, fh, stride, ratio_x, ratio_y, w, y, line, ru2);                                       \
      field_row(v2, ratio_y, fw, fh, stride, ratio_x, ratio_y, w, y, line, rv2);                                       \
      for (int x = 0; x < w; x++) {                                                                                    \
        float a = NAME##_at(first, w, h, x - t * ru[x], y - t * rv[x]);                                                \
        float b = NAME##_at(second, w, h, x + (1 - t) * ru[x], y + (1 - t) * rv[x]);                                   \
        float value = b + rs[x] * (a - b);                                                                             \
        if (rw[x] > 0.02f) {                                                                                           \
          a = NAME##_at(first, w, h, x - t * ru2[x], y - t * rv2[x]);                                                  \
          b = NAME##_at(second, w, h, x + (1 - t) * ru2[x], y + (1 - t) * rv2[x]);                                     \
          value += rw[x] * (a + t * (b - a) - value);                                                                  \
        }                                                                                                              \
        out[y * w + x] = (TYPE)(int)(clampf(value, 0, top) + 0.5f);                                                    \
      }                                                                                                                \
    }                                                                                                                  \
  }

static inline f4 load_u8(const uint8_t *p) {
  v128_t v = wasm_v128_load32_zero(p);
  return (f4)wasm_f32x4_convert_u32x4(wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(v)));
}
static inline f4 load_u16(const uint16_t *p) {
  return (f4)wasm_f32x4_convert_u32x4(wasm_u32x4_extend_low_u16x8(wasm_v128_load64_zero(p)));
}

// Rows [y0, y1) of the plane at time t. `top` is the largest code value; `scratch` holds fw + 6 w + 96 floats.
// Where `weight2` is not small, that much of the result is the blend under the second flow.
WARP(warp8, uint8_t, load_u8)
WARP(warp16, uint16_t, load_u16)
