// The local convolutions of SepConv and AdaConv, forward and back to the kernels (never to the pictures).
// Compiled for one kernel size: -DK=31. KP is K rounded up to a whole vector; pictures are padded so that reading KP
// values from any tap row stays inside them, and what is read past K meets zero weights.
#include <math.h>
#include <string.h>
#define KP (((K) + 15) / 16 * 16)
#define ROW(c, i) (image + ((c) * hp + y * every + (i)) * wp + x * every)

// At every `every`th pixel of every `every`th row: image [n, 3, hp, wp] with hp >= (h - 1) * every + K and wp as much
// with KP, vertical and horizontal [n, h, w, K], out [n, 3, h, w] (added to).
void sep_forward(const float *image, const float *vertical, const float *horizontal, float *out, long n, long h, long w,
                 long hp, long wp, long every) {
  for (; n > 0; n--, image += 3 * hp * wp, out += 3 * h * w)
    for (long y = 0; y < h; y++)
      for (long x = 0; x < w; x++, vertical += K, horizontal += K) {
        float a0[KP] = {0}, a1[KP] = {0}, a2[KP] = {0}, hz[KP] = {0};
        memcpy(hz, horizontal, sizeof(float) * K);
        for (int i = 0; i < K; i++) {
          const float v = vertical[i], *r0 = ROW(0, i), *r1 = ROW(1, i), *r2 = ROW(2, i);
          for (int j = 0; j < KP; j++) a0[j] += v * r0[j], a1[j] += v * r1[j], a2[j] += v * r2[j];
        }
        float s0 = 0, s1 = 0, s2 = 0;
        for (int j = 0; j < KP; j++) s0 += hz[j] * a0[j], s1 += hz[j] * a1[j], s2 += hz[j] * a2[j];
        float *o = out + y * w + x;
        o[0] += s0, o[h * w] += s1, o[2 * h * w] += s2;
      }
}

// grad [n, 3, h, w]; gv and gh [n, h, w, K] are written.
void sep_backward(const float *image, const float *vertical, const float *horizontal, const float *grad, float *gv,
                  float *gh, long n, long h, long w, long hp, long wp, long every) {
  for (; n > 0; n--, image += 3 * hp * wp, grad += 3 * h * w)
    for (long y = 0; y < h; y++)
      for (long x = 0; x < w; x++, vertical += K, horizontal += K, gv += K, gh += K) {
        const float *g = grad + y * w + x, g0 = g[0], g1 = g[h * w], g2 = g[2 * h * w];
        float sum[KP] = {0}, hz[KP] = {0};
        memcpy(hz, horizontal, sizeof(float) * K);
        for (int i = 0; i < K; i++) {
          const float v = vertical[i], *r0 = ROW(0, i), *r1 = ROW(1, i), *r2 = ROW(2, i);
          float dot = 0;
          for (int j = 0; j < KP; j++) {
            const float t = g0 * r0[j] + g1 * r1[j] + g2 * r2[j];
            sum[j] += v * t;
            dot += hz[j] * t;
          }
          gv[i] = dot;
        }
        memcpy(gh, sum, sizeof(float) * K);
      }
}

// Logits are float, or bfloat16 with -DBF16: the upper half of a float's bits.
#ifdef BF16
typedef unsigned short logit;
static inline float widen(logit l) {
  unsigned u = (unsigned)l << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}
static inline logit narrow(float f) {
  unsigned u;
  memcpy(&u, &f, 4);
  return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}
#else
typedef float logit;
#define widen(l) (l)
#define narrow(f) (f)
#endif
#define TAPS(f) images + (f) * 3 * hp * wp + (y * every + i) * wp + x * every

// Softmax over both frames' K*K taps, then their sum, at every `every`th pixel of every `every`th row.
// logits [n, h, w, K, 2, K] (tap row, frame, tap column), images [n, 2, 3, hp, wp] with hp >= (h - 1) * every + K,
// out [n, 3, h, w], lse [n, h, w] (log of the sum of exponentials). A teacher may name `taps` weights of each pixel by
// their places [n, h, w, taps] and the shares [n, h, w, taps] it would give them: taught is the cross entropy, summed.
void ada_forward(const float *images, const logit *logits, float *out, float *lse, const int *places,
                 const float *shares, double *taught, long taps, long n, long h, long w, long hp, long wp, long every) {
  *taught = 0;
  for (; n > 0; n--, images += 6 * hp * wp, out += 3 * h * w)
    for (long y = 0; y < h; y++)
      for (long x = 0; x < w; x++, logits += 2 * K * K) {
        float top = widen(logits[0]), total = 0, s0 = 0, s1 = 0, s2 = 0;
        for (int k = 1; k < 2 * K * K; k++) top = widen(logits[k]) > top ? widen(logits[k]) : top;
        const logit *l = logits;
        for (int i = 0; i < K; i++)
          for (int f = 0; f < 2; f++, l += K) {
            const float *r0 = TAPS(f), *r1 = r0 + hp * wp, *r2 = r1 + hp * wp;
            for (int j = 0; j < K; j++) {
              const float e = expf(widen(l[j]) - top);
              total += e;
              s0 += e * r0[j], s1 += e * r1[j], s2 += e * r2[j];
            }
          }
        float *o = out + y * w + x;
        o[0] = s0 / total, o[h * w] = s1 / total, o[2 * h * w] = s2 / total;
        *lse = top + logf(total);
        for (int t = 0; t < taps; t++) *taught += *shares++ * (*lse - widen(logits[*places++]));
        lse++;
      }
}

void ada_backward(const float *images, const logit *logits, const float *out, const float *lse, const float *grad,
                  logit *gl, const int *places, const float *shares, const double *pull, long taps, long n, long h,
                  long w, long hp, long wp, long every) {
  for (; n > 0; n--, images += 6 * hp * wp, out += 3 * h * w, grad += 3 * h * w)
    for (long y = 0; y < h; y++)
      for (long x = 0; x < w; x++, lse++) {
        const float *g = grad + y * w + x, g0 = g[0], g1 = g[h * w], g2 = g[2 * h * w], *o = out + y * w + x;
        float held = g0 * o[0] + g1 * o[h * w] + g2 * o[2 * h * w];
        for (int t = 0; t < taps; t++) held -= (float)*pull * shares[t];
        const float mean = held, base = *lse;
        logit *first = gl;
        for (int i = 0; i < K; i++)
          for (int f = 0; f < 2; f++, logits += K, gl += K) {
            const float *r0 = TAPS(f), *r1 = r0 + hp * wp, *r2 = r1 + hp * wp;
            for (int j = 0; j < K; j++)
              gl[j] = narrow(expf(widen(logits[j]) - base) * (g0 * r0[j] + g1 * r1[j] + g2 * r2[j] - mean));
          }
        for (int t = 0; t < taps; t++, places++, shares++)
          first[*places] = narrow(widen(first[*places]) - (float)*pull * *shares);
      }
}
