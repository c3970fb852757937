// Local convolution: every pixel of the result has a kernel of its own, which is laid on the source around that pixel.
//
// The source is three planes with the padding already around them: `src` names the sample under the first tap of pixel (0, 0), so
// tap (i, j) of pixel (x, y) reads src[c * plane + (y + i) * stride + x + j]. Kernels are planes, one a tap, that run as the picture does:
// map[tap * map_plane + y * map_stride + x]. The result is four planes: three of colour and the sum of each pixel's taps.
// Vectors may read up to 15 floats past the end of a row of a map and 3 past the end of a row of the source; result rows have room
// for a multiple of four. Sums run in one order whatever the rows asked for, so any split gives the same bytes; multiply-add is never
// fused (relaxed SIMD brought nothing), so any machine does.
#include "common.h"

#define TILE 16
#define GROUPS (TILE / 4)
#define MAX_SEPARABLE 51
// Columns worked on before the next rows: their K + 2 source rows of three planes stay in the second cache.
#define BLOCK 64
#define ADAPTIVE_BLOCK 256
#define AT_ONCE 4

typedef struct {
  f4 h[GROUPS][MAX_SEPARABLE][2];
  f4 v[GROUPS][MAX_SEPARABLE][2];
} Pair;

// Taps of 16 columns and two rows, side by side; a tap's line of cache is read once, whole.
static void gather(Pair *pair, const float *v, const float *h, int plane, int k, int second) {
  for (int i = 0; i < k; i++, v += plane, h += plane)
    for (int g = 0; g < GROUPS; g++) {
      pair->h[g][i][0] = load4(h + 4 * g), pair->h[g][i][1] = load4(h + second + 4 * g);
      pair->v[g][i][0] = load4(v + 4 * g), pair->v[g][i][1] = load4(v + second + 4 * g);
    }
}

static inline f4 total(const f4 (*taps)[2], int k, int row) {
  f4 sum = splat4(0);
  for (int i = 0; i < k; i++) sum += taps[i][row];
  return sum;
}

static inline void put(float *out, int plane, f4 r, f4 g, f4 b, f4 weight) {
  store4(out, r), store4(out + plane, g), store4(out + 2 * plane, b), store4(out + 3 * plane, weight);
}

// Four columns of rows y and y + 1. A source row is read once for both: it lies under tap r of the first and tap r - 1 of the second.
// Six sums and two taps are what V8 keeps in registers: more rows at once, or an unrolled loop, is slower.
static inline void two_rows(const float *src, int plane, int stride, const f4 (*h)[2], const f4 (*v)[2], int k, float *out,
                            int out_plane, int out_stride, int both) {
  f4 a0 = splat4(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
  int rows = k + both;
  for (int r = 0; r < rows; r++) {
    const float *p = src + r * stride, *q = p + plane, *s = q + plane;
    f4 m0 = splat4(0), m1 = m0, m2 = m0, n0 = m0, n1 = m0, n2 = m0;
#pragma clang loop unroll(disable)
    for (int j = 0; j < k; j++) {
      f4 first = h[j][0], second = h[j][1], x;
      x = load4(p + j), m0 += first * x, n0 += second * x;
      x = load4(q + j), m1 += first * x, n1 += second * x;
      x = load4(s + j), m2 += first * x, n2 += second * x;
    }
    if (r < k) a0 += v[r][0] * m0, a1 += v[r][0] * m1, a2 += v[r][0] * m2;
    if (r > 0) b0 += v[r - 1][1] * n0, b1 += v[r - 1][1] * n1, b2 += v[r - 1][1] * n2;
  }
  put(out, out_plane, a0, a1, a2, total(h, k, 0) * total(v, k, 0));
  if (both) put(out + out_stride, out_plane, b0, b1, b2, total(h, k, 1) * total(v, k, 1));
}

// Rows [y0, y1): out[c] = sum over i of v[i] * sum over j of h[j] * src[c][y + i][x + j], k taps each way, k odd and at most 51.
KERNEL(void, local_separable)
(const float *src, int plane, int stride, const float *v, const float *h, int map_plane, int map_stride, int k, int w,
 float *out, int out_plane, int out_stride, int y0, int y1) {
  Pair pair;
  for (int left = 0; left < w; left += BLOCK)
    for (int y = y0; y < y1; y += 2) {
      int both = y + 1 < y1;
      for (int x = left; x < w && x < left + BLOCK; x += TILE) {
        int at = y * map_stride + x;
        gather(&pair, v + at, h + at, map_plane, k, both ? map_stride : 0);
        for (int g = 0; g < GROUPS && x + 4 * g < w; g++)
          two_rows(src + y * stride + x + 4 * g, plane, stride, pair.h[g], pair.v[g], k,
                   out + y * out_stride + x + 4 * g, out_plane, out_stride, both);
      }
    }
}

// Adds `count` neighbouring taps of a row of the kernels to `w` columns of the result.
static inline void add_taps(const float *src, int plane, const float *map, int map_plane, int count, int w, float *out,
                            int out_plane) {
  for (int x = 0; x < w; x += 4) {
    float *o = out + x;
    f4 a0 = load4(o), a1 = load4(o + out_plane), a2 = load4(o + 2 * out_plane), weight = load4(o + 3 * out_plane);
#pragma clang loop unroll(full)
    for (int j = 0; j < count; j++) {
      const float *p = src + x + j;
      f4 tap = load4(map + j * map_plane + x);
      a0 += tap * load4(p), a1 += tap * load4(p + plane), a2 += tap * load4(p + 2 * plane), weight += tap;
    }
    put(o, out_plane, a0, a1, a2, weight);
  }
}

// Rows [y0, y1): out[c] = sum over i, j of map[i * k + j] * src[c][y + i][x + j]; k odd. Taps outermost, some at a time, over a block of
// the result that stays in the first cache: there are thousands of planes of taps, and reading each a vector at a time would wait for
// memory at every step.
KERNEL(void, local_adaptive)
(const float *src, int plane, int stride, const float *map, int map_plane, int map_stride, int k, int w, float *out,
 int out_plane, int out_stride, int y0, int y1) {
  for (int left = 0; left < w; left += ADAPTIVE_BLOCK) {
    int columns = w - left < ADAPTIVE_BLOCK ? w - left : ADAPTIVE_BLOCK;
    for (int y = y0; y < y1; y++)
      for (int x = 0; x < columns; x += 4)
        put(out + y * out_stride + left + x, out_plane, splat4(0), splat4(0), splat4(0), splat4(0));
    for (int i = 0; i < k; i++)
      for (int j = 0; j < k; j += AT_ONCE)
        for (int y = y0; y < y1; y++) {
          const float *p = src + (y + i) * stride + left + j, *m = map + (i * k + j) * map_plane + y * map_stride + left;
          float *o = out + y * out_stride + left;
          if (j + AT_ONCE <= k) add_taps(p, plane, m, map_plane, AT_ONCE, columns, o, out_plane);
          else
            for (int n = 0; j + n < k; n++) add_taps(p + n, plane, m + n * map_plane, map_plane, 1, columns, o, out_plane);
        }
  }
}

// Rows [y0, y1): colour planes of `a` become a + b, in place, and sums[y] the trust in the row's pixels, each 0 to 1. A pixel's two halves
// are pictures of their own once divided by their taps' sums; where both take part and differ by 4 of 255, or where the sums together
// miss 1 by as much, its trust is 1/2. With `normalise` the sum is divided by that of all taps, unless that is less than 0.01.
KERNEL(void, local_join)
(float *a, const float *b, int w, int plane, int stride, int normalise, float *sums, int y0, int y1) {
  const float unit = 4.0f / 255;
  for (int y = y0; y < y1; y++) {
    float sum = 0;
    for (int x = 0; x < w; x++) {
      float *p = a + y * stride + x;
      const float *q = b + y * stride + x;
      float wa = p[3 * plane], wb = q[3 * plane], less = wa < wb ? wa : wb, all = wa + wb;
      float off = normalise ? 0 : absf(all - 1), scale = normalise && absf(all) >= 0.01f ? 1 / all : 1;
      if (less > 0.01f) {
        float share = 2 * less / all, ia = 1 / wa, ib = 1 / wb, apart = 0;
        for (int c = 0; c < 3; c++) apart += absf(p[c * plane] * ia - q[c * plane] * ib);
        off += share * apart / 3;
      }
      for (int c = 0; c < 3; c++) p[c * plane] = (p[c * plane] + q[c * plane]) * scale;
      sum += unit / (unit + off);
    }
    sums[y] = sum;
  }
}
