// What every kernel file shares: vectors of four floats, the export macro, clamps.
//
// A "field" is a plane of 32-bit floats with PAD columns and rows around it: the pointer names pixel (0,0), rows are
// `stride` floats apart, and stride >= width + 2 * PAD. All fields of one pyramid level have the same geometry.
// Kernels work on rows [y0, y1), keep no state, and never depend on how the rows are dealt out to threads.
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

#define KERNEL(type, name) __attribute__((export_name(#name))) type name
#define PAD 16

typedef float f4 __attribute__((vector_size(16)));
typedef float f4u __attribute__((vector_size(16), aligned(4)));
typedef int32_t i4 __attribute__((vector_size(16)));

static inline f4 load4(const float *p) { return *(const f4u *)p; }
static inline void store4(float *p, f4 v) { *(f4u *)p = v; }
static inline f4 splat4(float x) { return (f4){x, x, x, x}; }
static inline f4 sqrt4(f4 v) { return (f4)wasm_f32x4_sqrt((v128_t)v); }
static inline f4 min4(f4 a, f4 b) { return (f4)wasm_f32x4_pmin((v128_t)a, (v128_t)b); }
static inline f4 max4(f4 a, f4 b) { return (f4)wasm_f32x4_pmax((v128_t)a, (v128_t)b); }
static inline f4 abs4(f4 v) { return (f4)wasm_f32x4_abs((v128_t)v); }
static inline f4 select4(i4 mask, f4 yes, f4 no) {
  return (f4)wasm_v128_bitselect((v128_t)yes, (v128_t)no, (v128_t)mask);
}
static inline float sum4(f4 v) { return (v[0] + v[1]) + (v[2] + v[3]); }

static inline int clampi(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
// Not a number becomes lo.
static inline float clampf(float v, float lo, float hi) { return v > lo ? (v < hi ? v : hi) : lo; }
static inline float absf(float v) { return __builtin_fabsf(v); }
static inline float floorf_(float v) { return __builtin_floorf(v); }

// Sample of a padded field at (x, y), bilinear. The caller has clamped the position into [-PAD + 1, size + PAD - 2].
static inline float sample(const float *p, int stride, float x, float y) {
  float fx = floorf_(x), fy = floorf_(y);
  const float *q = p + (int)fy * stride + (int)fx;
  float ax = x - fx, ay = y - fy;
  float top = q[0] + ax * (q[1] - q[0]);
  float bottom = q[stride] + ax * (q[stride + 1] - q[stride]);
  return top + ay * (bottom - top);
}
