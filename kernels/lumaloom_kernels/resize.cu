// Resize by tables of weights for either axis, both axes in one kernel.
//
// A block makes a tile of eight output rows. First the columns that the tile needs are summed down into
// shared memory, then along the rows, so that nothing between the two passes meets global memory. The
// host picks a tile width whose columns fit; where eight pixels don't (shrinking by a large factor), and
// where only one axis changes, the passes of _cuda_resample.cu run instead.

#include "_cuda_samples.cuh"

namespace {

constexpr int TILE_ROWS = 8;
constexpr int THREAD_ROWS = 4;  // rows of one thread
constexpr int MAX_SPAN = 1024;  // samples of a row in shared memory; the same number stands in _cuda_plans.py

// `weights_x` is [taps_x][out_width], `weights_y` is [out_height][taps_y]. `spans` gives for every tile of
// a row the first sample that it needs, a multiple of four, and how many groups of four.
template <class T>
__device__ __forceinline__ void resize_tile(const T* __restrict__ src, long long src_pitch, T* __restrict__ out,
                                            long long out_pitch, int width, int out_width, int out_height,
                                            int channels, const int* __restrict__ starts_x,
                                            const float* __restrict__ weights_x, int taps_x,
                                            const int* __restrict__ starts_y, const float* __restrict__ weights_y,
                                            int taps_y, const int* __restrict__ spans, int tile_width, int aligned) {
    alignas(16) __shared__ float mid[TILE_ROWS * MAX_SPAN];

    const int ox0 = blockIdx.x * tile_width;
    const int ox1 = min(ox0 + tile_width, out_width);
    const int oy0 = blockIdx.y * TILE_ROWS;
    const int low_x = spans[2 * blockIdx.x];
    const int groups = spans[2 * blockIdx.x + 1];

    for (int item = threadIdx.x; item < groups * (TILE_ROWS / THREAD_ROWS); item += blockDim.x) {
        const int part = item / groups;
        const int group = item - part * groups;
        const int first = low_x + 4 * group;
        const bool whole = (aligned & ALIGNED_SRC) && first + 4 <= width * channels;
        float sums[THREAD_ROWS][4];
        int start[THREAD_ROWS];
        int low = 0x7fffffff, high = 0;
#pragma unroll
        for (int j = 0; j < THREAD_ROWS; ++j) {
            start[j] = starts_y[min(oy0 + part * THREAD_ROWS + j, out_height - 1)];
            low = min(low, start[j]);
            high = max(high, start[j] + taps_y);
            sums[j][0] = sums[j][1] = sums[j][2] = sums[j][3] = 0.0f;
        }
#pragma unroll 2
        for (int row = low; row < high; ++row) {
            const T* line = row_of(src, src_pitch, row) + first;
            float x[4] = {0.0f, 0.0f, 0.0f, 0.0f};
            if (whole) {
                load4(line, x);
            } else {
#pragma unroll
                for (int s = 0; s < 4; ++s)
                    if (first + s < width * channels) x[s] = (float)line[s];
            }
#pragma unroll
            for (int j = 0; j < THREAD_ROWS; ++j) {
                const int k = row - start[j];
                const int o = oy0 + part * THREAD_ROWS + j;
                if (k < 0 || k >= taps_y || o >= out_height) continue;
                const float w = weights_y[(long long)o * taps_y + k];
#pragma unroll
                for (int s = 0; s < 4; ++s) sums[j][s] += w * x[s];
            }
        }
#pragma unroll
        for (int j = 0; j < THREAD_ROWS; ++j)
            *(float4*)(mid + (part * THREAD_ROWS + j) * MAX_SPAN + 4 * group) =
                make_float4(sums[j][0], sums[j][1], sums[j][2], sums[j][3]);
    }
    __syncthreads();

    const int samples = (ox1 - ox0) * channels;
    for (int item = threadIdx.x; item < samples * (TILE_ROWS / THREAD_ROWS); item += blockDim.x) {
        const int part = item / samples;
        const int sample = item - part * samples;
        const int o = ox0 + sample / channels;
        const float* line = mid + part * THREAD_ROWS * MAX_SPAN + starts_x[o] * channels - low_x + sample % channels;
        float sums[THREAD_ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll 4
        for (int k = 0; k < taps_x; ++k) {
            const float w = weights_x[(long long)k * out_width + o];
#pragma unroll
            for (int j = 0; j < THREAD_ROWS; ++j) sums[j] += w * line[j * MAX_SPAN + k * channels];
        }
#pragma unroll
        for (int j = 0; j < THREAD_ROWS; ++j) {
            const int row = oy0 + part * THREAD_ROWS + j;
            if (row < out_height)
                row_of(out, out_pitch, row)[ox0 * channels + sample] = to_sample<T>(sums[j]);
        }
    }
}

}  // namespace

#define RESIZE(T)                                                                                              \
    extern "C" __global__ void __launch_bounds__(256)                                                          \
        resize_##T(const T* src, long long src_pitch, T* out, long long out_pitch, int width, int out_width,   \
                   int out_height, int channels, const int* starts_x, const float* weights_x, int taps_x,      \
                   const int* starts_y, const float* weights_y, int taps_y, const int* spans,               \
                   int tile_width, int aligned) {                                                              \
        resize_tile<T>(src, src_pitch, out, out_pitch, width, out_width, out_height, channels, starts_x,       \
                       weights_x, taps_x, starts_y, weights_y, taps_y, spans, tile_width, aligned);            \
    }

RESIZE(u8)
RESIZE(u16)
RESIZE(f32)
