// Luma at the flow's resolution from native planes, the pyramid under it, and the borders.
#include "common.h"

#define LUMA(NAME, TYPE)                                                                                               \
  KERNEL(void, NAME)                                                                                                   \
  (const TYPE *src, int sw, int sh, int factor, float weight, int add, float *dst, int w, int stride, int y0, int y1) { \
    for (int y = y0; y < y1; y++) {                                                                                    \
      float *out = dst + y * stride;                                                                                   \
      int ya = y * factor, yb = ya + factor < sh ? ya + factor : sh;                                                   \
      for (int x = 0; x < w; x++) {                                                                                    \
        int xa = x * factor, xb = xa + factor < sw ? xa + factor : sw;                                                 \
        int sum = 0;                                                                                                   \
        for (int j = ya; j < yb; j++)                                                                                  \
          for (int i = xa; i < xb; i++) sum += src[j * sw + i];                                                        \
        float mean = (float)sum * weight / (float)((yb - ya) * (xb - xa));                                             \
        out[x] = add ? out[x] + mean : mean;                                                                           \
      }                                                                                                                \
    }                                                                                                                  \
  }
// dst (+)= weight * mean of each factor x factor box of src; boxes are cut at the right and lower border.
LUMA(luma8, uint8_t)
LUMA(luma16, uint16_t)

// dst = mean of each 2 x 2 box of src (sw x sh, padded by at least one).
KERNEL(void, down2)(const float *src, int sstride, float *dst, int w, int stride, int y0, int y1) {
  for (int y = y0; y < y1; y++) {
    const float *a = src + 2 * y * sstride, *b = a + sstride;
    float *out = dst + y * stride;
    for (int x = 0; x < w; x++) out[x] = 0.25f * ((a[2 * x] + a[2 * x + 1]) + (b[2 * x] + b[2 * x + 1]));
  }
}

// Repeats the first and last column of rows [y0, y1) into the border; with them the first and last row.
KERNEL(void, pad)(float *p, int w, int h, int stride, int y0, int y1) {
  for (int y = y0; y < y1; y++) {
    float *row = p + y * stride;
    float first = row[0], last = row[w - 1];
    for (int i = 1; i <= PAD; i++) row[-i] = first;
    for (int i = w; i < stride - PAD; i++) row[i] = last;
    int copies = y == 0 ? PAD : 0;
    for (int k = 1; k <= copies; k++) __builtin_memcpy(row - k * stride - PAD, row - PAD, stride * sizeof(float));
    copies = y == h - 1 ? PAD : 0;
    for (int k = 1; k <= copies; k++) __builtin_memcpy(row + k * stride - PAD, row - PAD, stride * sizeof(float));
  }
}

// Central differences.
KERNEL(void, gradient)(const float *src, float *gx, float *gy, int w, int stride, int y0, int y1) {
  for (int y = y0; y < y1; y++) {
    const float *p = src + y * stride;
    float *ox = gx + y * stride, *oy = gy + y * stride;
    // Four columns more than the picture: a patch of eight may reach past a picture narrower than itself.
    for (int x = 0; x < w + 8; x++) {
      ox[x] = 0.5f * (p[x + 1] - p[x - 1]);
      oy[x] = 0.5f * (p[x + stride] - p[x - stride]);
    }
  }
}
