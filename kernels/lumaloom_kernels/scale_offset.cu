// clip(src * gain + offset, low, high), sample by sample. A thread moves 16 bytes where rows allow it.

#include "_cuda_samples.cuh"

namespace {

template <class T>
__device__ __forceinline__ float scaled(float v, float gain, float offset, float low, float high) {
    v = v * gain + offset;
    if (sizeof(T) < 4) v = floorf(v + 0.5f);
    v = v < low ? low : v;  // comparisons, not fminf: a float32 NaN stays one
    return v > high ? high : v;
}

template <class T>
__device__ __forceinline__ void scale_rows(const T* __restrict__ src, long long src_pitch, T* __restrict__ out,
                                           long long out_pitch, long long samples, int rows, float gain, float offset,
                                           float low, float high, int aligned) {
    constexpr int lanes = 16 / sizeof(T);
    const long long first = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * lanes;
    if (first >= samples) return;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        const T* from = row_of(src, src_pitch, row) + first;
        T* to = row_of(out, out_pitch, row) + first;
        if (aligned && first + lanes <= samples) {
            union {
                uint4 words;
                T values[lanes];
            } pack;
            pack.words = *(const uint4*)from;
            float v[lanes];
#pragma unroll
            for (int k = 0; k < lanes; k += 4) {
                float (&part)[4] = *(float (*)[4])(v + k);
                load4(pack.values + k, part);
#pragma unroll
                for (int s = 0; s < 4; ++s) part[s] = scaled<T>(part[s], gain, offset, low, high);
                store4(pack.values + k, part);
            }
            *(uint4*)to = pack.words;
        } else {
#pragma unroll
            for (int k = 0; k < lanes; ++k)
                if (first + k < samples) to[k] = to_sample<T>(scaled<T>((float)from[k], gain, offset, low, high));
        }
    }
}

}  // namespace

#define SCALE_OFFSET(T)                                                                                       \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                      \
        scale_offset_##T(const T* src, long long src_pitch, T* out, long long out_pitch, long long samples,   \
                         int rows, float gain, float offset, float low, float high, int aligned) {            \
        scale_rows<T>(src, src_pitch, out, out_pitch, samples, rows, gain, offset, low, high, aligned);       \
    }

SCALE_OFFSET(u8)
SCALE_OFFSET(u16)
SCALE_OFFSET(f32)
