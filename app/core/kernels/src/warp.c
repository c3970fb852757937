// Native planes at time t: both pictures read with the cubic of Catmull and Rom where the flow says, and blended.
#include "common.h"

// Rows of u, v (in plane pixels) and share for plane row y, interpolated from fields with `ratio` plane pixels a field pixel
// (below 1 where the plane is the coarser).
static void flow_row(const float *const *in, int fields, int fw, int fh, int stride, float ratio_x, float ratio_y, int w,
                     int y, float *line, float *out) {
  float inv = 1 / ratio_x;
  float fy = clampf((y + 0.5f) / ratio_y - 0.5f, 0, fh - 1);
  int iy = (int)fy;
  float ay = fy - iy;
  for (int k = 0; k < fields; k++) {
    const float *a = in[k] + iy * stride, *b = a + (ay > 0 ? stride : 0);
    float gain = k == 2 || k == 5 ? 1 : k % 3 == 0 ? ratio_x : ratio_y;
    for (int x = 0; x < fw; x++) line[x] = gain * (a[x] + ay * (b[x] - a[x]));
    line[fw] = line[fw - 1];
    float *o = out + k * (w + 4);
    if (ratio_x == 1) {
      for (int x = 0; x < w; x++) o[x] = line[x];
      continue;
    }
    for (int x = 0; x < w; x++) {
      float fx = clampf((x + 0.5f) * inv - 0.5f, 0, fw - 1);
      int ix = (int)fx;
      float ax = fx - ix;
      o[x] = line[ix] + ax * (line[ix + 1] - line[ix]);
    }
  }
}

static inline f4 cubic(float a) {
  float b = 1 - a;
  return (f4){-0.5f * a * b * b, 1 + a * a * (1.5f * a - 2.5f), 1 + b * b * (1.5f * b - 2.5f), -0.5f * b * a * a};
}

#define WARP(NAME, TYPE, LOAD)                                                                                         \
  static inline float NAME##_at(const TYPE *p, int w, int h, float x, float y) {                                       \
    x = clampf(x, 0, w - 1), y = clampf(y, 0, h - 1);                                                                  \
    int ix = (int)x, iy = (int)y;                                                                                      \
    f4 wx = cubic(x - ix), wy = cubic(y - iy), sum;                                                                    \
    if (ix >= 1 && iy >= 1 && ix + 2 < w && iy + 2 < h) {                                                              \
      const TYPE *q = p + (iy - 1) * w + ix - 1;                                                                       \
      sum = splat4(wy[0]) * LOAD(q) + splat4(wy[1]) * LOAD(q + w) + splat4(wy[2]) * LOAD(q + 2 * w) +                  \
            splat4(wy[3]) * LOAD(q + 3 * w);                                                                           \
    } else {                                                                                                           \
      int c0 = ix > 0 ? ix - 1 : 0, c2 = ix + 1 < w ? ix + 1 : w - 1, c3 = ix + 2 < w ? ix + 2 : w - 1;                \
      sum = splat4(0);                                                                                                 \
      for (int k = 0; k < 4; k++) {                                                                                    \
        const TYPE *q = p + clampi(iy - 1 + k, 0, h - 1) * w;                                                          \
        sum += splat4(wy[k]) * (f4){q[c0], q[ix], q[c2], q[c3]};                                                       \
      }                                                                                                                \
    }                                                                                                                  \
    return sum4(wx * sum);                                                                                             \
  }                                                                                                                    \
  KERNEL(void, NAME)                                                                                                   \
  (const TYPE *first, const TYPE *second, TYPE *out, int w, int h, float t, float top, const float *u, const float *v, \
   const float *share, const float *u2, const float *v2, const float *weight2, int fw, int fh, int stride,             \
   float ratio_x, float ratio_y, float *scratch, int y0, int y1) {                                                     \
    float *line = scratch, *rows = line + fw + 4, *ru = rows, *rv = ru + w + 4, *rs = rv + w + 4;                      \
    float *ru2 = rs + w + 4, *rv2 = ru2 + w + 4, *rw = rv2 + w + 4;                                                    \
    const float *fields[6] = {u, v, share, u2, v2, weight2};                                                           \
    for (int y = y0; y < y1; y++) {                                                                                    \
      flow_row(fields, 6, fw, fh, stride, ratio_x, ratio_y, w, y, line, rows);                                         \
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

// Rows [y0, y1) of the plane at time t. `top` is the largest code value; `scratch` holds fw + 6 w + 64 floats.
// Where `weight2` is not small, that much of the result is the blend under the second flow.
WARP(warp8, uint8_t, load_u8)
WARP(warp16, uint16_t, load_u16)
