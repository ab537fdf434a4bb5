// One pass over one axis: every output is a weighted sum of successive inputs, by tables.
//
//   out[o] = sum over k < taps of weights[o][k] * in[starts[o] + k]
//
// Tables never point outside the axis: borders are folded into the weights when they are made. Enlarging,
// shrinking and blurring are all this one sum: wide Gaussians and resizes by large factors are chains of it.

#include "_cuda_samples.cuh"

namespace {

constexpr int PASS_ROWS = 4;  // output rows of one thread

// Add rows low to high - 1, each read once, to the sums that have a weight for it.
template <bool VECTOR, class T>
__device__ __forceinline__ void sum_rows(const T* __restrict__ src, long long pitch, int first, int samples, int low,
                                         int high, const int (&start)[PASS_ROWS], int made,
                                         const float* __restrict__ weights, int taps, float (&sums)[PASS_ROWS][4]) {
#pragma unroll 4
    for (int row = low; row < high; ++row) {
        const T* line = row_of(src, pitch, row) + first;
        float x[4];
        if (VECTOR) {
            load4(line, x);
        } else {
#pragma unroll
            for (int s = 0; s < 4; ++s) x[s] = first + s < samples ? (float)line[s] : 0.0f;
        }
#pragma unroll
        for (int j = 0; j < PASS_ROWS; ++j) {
            const int k = row - start[j];
            if (k < 0 || k >= taps || j >= made) continue;
            const float w = weights[j * taps + k];
#pragma unroll
            for (int s = 0; s < 4; ++s) sums[j][s] += w * x[s];
        }
    }
}

// Down the columns: a thread makes four neighbouring samples of four output rows and reads every input
// row once. `weights` is [out_rows][taps].
template <class TI, class TO>
__device__ __forceinline__ void pass_down(const TI* __restrict__ src, long long src_pitch, TO* __restrict__ out,
                                          long long out_pitch, int samples, int out_rows,
                                          const int* __restrict__ starts, const float* __restrict__ weights, int taps,
                                          int aligned) {
    const int first = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
    const int o0 = blockIdx.y * PASS_ROWS;
    if (first >= samples) return;
    const bool full = first + 4 <= samples;
    float sums[PASS_ROWS][4];
    int start[PASS_ROWS];
    int low = 0x7fffffff, high = 0;
#pragma unroll
    for (int j = 0; j < PASS_ROWS; ++j) {
        start[j] = starts[min(o0 + j, out_rows - 1)];
        low = min(low, start[j]);
        high = max(high, start[j] + taps);
        sums[j][0] = sums[j][1] = sums[j][2] = sums[j][3] = 0.0f;
    }
    const float* w = weights + (long long)o0 * taps;
    const int made = min(PASS_ROWS, out_rows - o0);
    if (full && (aligned & ALIGNED_SRC))
        sum_rows<true>(src, src_pitch, first, samples, low, high, start, made, w, taps, sums);
    else
        sum_rows<false>(src, src_pitch, first, samples, low, high, start, made, w, taps, sums);
#pragma unroll
    for (int j = 0; j < PASS_ROWS; ++j) {
        if (o0 + j >= out_rows) break;
        TO* line = row_of(out, out_pitch, o0 + j) + first;
        if (full && (aligned & ALIGNED_OUT)) {
            store4(line, sums[j]);
        } else {
#pragma unroll
            for (int s = 0; s < 4; ++s)
                if (first + s < samples) line[s] = to_sample<TO>(sums[j][s]);
        }
    }
}

// Along the rows: a thread makes one sample of four rows, so that a weight is read once for four sums.
// `weights` is [taps][out_width], the order in which neighbouring threads read it.
template <class TI, class TO>
__device__ __forceinline__ void pass_along(const TI* __restrict__ src, long long src_pitch, TO* __restrict__ out,
                                           long long out_pitch, int out_width, int rows, int channels,
                                           const int* __restrict__ starts, const float* __restrict__ weights,
                                           int taps) {
    const int sample = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * PASS_ROWS;
    if (sample >= out_width * channels) return;
    const int o = sample / channels;
    const TI* line[PASS_ROWS];
    float sums[PASS_ROWS];
    const long long offset = (long long)starts[o] * channels + (sample - o * channels);
#pragma unroll
    for (int j = 0; j < PASS_ROWS; ++j) {
        line[j] = row_of(src, src_pitch, min(row + j, rows - 1)) + offset;
        sums[j] = 0.0f;
    }
#pragma unroll 4
    for (int k = 0; k < taps; ++k) {
        const float w = weights[(long long)k * out_width + o];
#pragma unroll
        for (int j = 0; j < PASS_ROWS; ++j) sums[j] += w * (float)line[j][k * channels];
    }
#pragma unroll
    for (int j = 0; j < PASS_ROWS; ++j)
        if (row + j < rows) row_of(out, out_pitch, row + j)[sample] = to_sample<TO>(sums[j]);
}

}  // namespace

#define RESAMPLE_PASS(TI, TO)                                                                                 \
    extern "C" __global__ void __launch_bounds__(128)                                                         \
        pass_down_##TI##_##TO(const TI* src, long long src_pitch, TO* out, long long out_pitch, int samples,  \
                              int out_rows, const int* starts, const float* weights, int taps, int aligned) { \
        pass_down<TI, TO>(src, src_pitch, out, out_pitch, samples, out_rows, starts, weights, taps, aligned); \
    }                                                                                                         \
    extern "C" __global__ void __launch_bounds__(128)                                                         \
        pass_along_##TI##_##TO(const TI* src, long long src_pitch, TO* out, long long out_pitch,              \
                               int out_width, int rows, int channels, const int* starts,                      \
                               const float* weights, int taps) {                                              \
        pass_along<TI, TO>(src, src_pitch, out, out_pitch, out_width, rows, channels, starts, weights, taps); \
    }

RESAMPLE_PASS(u8, u8)
RESAMPLE_PASS(u8, f32)
RESAMPLE_PASS(f32, u8)
RESAMPLE_PASS(u16, u16)
RESAMPLE_PASS(u16, f32)
RESAMPLE_PASS(f32, u16)
RESAMPLE_PASS(f32, f32)
