// Gaussian blur, both directions in one kernel, for radii up to 16; larger sigmas run the passes of
// _cuda_resample.cu: shrink, blur, enlarge.
//
// A block makes a tile of 16 rows. First every thread sums down the columns, straight from global memory,
// for four neighbouring samples and eight rows; the sums land in shared memory. Then every thread sums
// along a row for eight pixels and stores them side by side. Either way a sample that was read takes
// part in eight sums held in registers. Sums are float32: weights of 8 bits would be off by more than
// one step from sigma 1.2 on, and weights split into two bytes cost as many instructions as floats.

#include "_cuda_samples.cuh"

namespace {

constexpr int TILE_ROWS = 16;
constexpr int MAX_RADIUS = 16;

// Four words of padding after every 32 keep the vector reads of neighbouring threads on distinct banks.
__device__ __forceinline__ constexpr int padded(int i) { return i + 4 * (i >> 5); }

// A tile is a whole number of groups of eight pixels; the same numbers stand in _cuda_plans.py.
template <int C>
struct Tile {
    static constexpr int pixels = C == 1 ? 256 : C == 2 ? 128 : 64;
    static constexpr int samples = pixels * C;
    static constexpr int span = samples + 2 * MAX_RADIUS * C;
    static constexpr int pitch = span + 4 * (span / 32) + 4;
};

// sums[j][s] = sum over k of w[k] * x[j + k][s] for eight positions j: `load(b, x)` gives positions 4b to
// 4b + 3. The radius is even and at least 4, so the ramp up, the middle and the ramp down are whole
// blocks and no product is wasted.
template <int S, class Load>
__device__ __forceinline__ void fir8(const Load& load, const float* w, int radius, float (&sums)[8][S]) {
    float v[12];
    float x[4][S];
#pragma unroll
    for (int j = 0; j < 8; ++j)
#pragma unroll
        for (int s = 0; s < S; ++s) sums[j][s] = 0.0f;
#pragma unroll
    for (int k = 0; k < 8; ++k) v[k] = w[k];
#pragma unroll
    for (int b = 0; b < 2; ++b) {
        load(b, x);
#pragma unroll
        for (int p = 0; p < 4; ++p)
#pragma unroll
            for (int j = 0; j <= 4 * b + p; ++j)
#pragma unroll
                for (int s = 0; s < S; ++s) sums[j][s] += v[4 * b + p - j] * x[p][s];
    }
    for (int b = 2; b < radius / 2; ++b) {
        load(b, x);
        const float4 fresh = *(const float4*)(w + 4 * b);
        v[8] = fresh.x;
        v[9] = fresh.y;
        v[10] = fresh.z;
        v[11] = fresh.w;
#pragma unroll
        for (int p = 0; p < 4; ++p)
#pragma unroll
            for (int j = 0; j < 8; ++j)
#pragma unroll
                for (int s = 0; s < S; ++s) sums[j][s] += v[8 + p - j] * x[p][s];
#pragma unroll
        for (int k = 0; k < 8; ++k) v[k] = v[k + 4];
    }
    v[8] = w[2 * radius];
#pragma unroll
    for (int b = 0; b < 2; ++b) {
        load(radius / 2 + b, x);
#pragma unroll
        for (int p = 0; p < 4; ++p)
#pragma unroll
            for (int j = 4 * b + p; j < 8; ++j)
#pragma unroll
                for (int s = 0; s < S; ++s) sums[j][s] += v[8 + 4 * b + p - j] * x[p][s];
    }
}

// Four neighbouring samples of successive rows, all of them inside the image: nothing stands between the
// loads, so that they are under way together.
template <class T>
struct InnerColumn {
    const T* first;
    long long pitch;
    const int* rows;  // the source row of each row of the tile

    __device__ __forceinline__ void operator()(int block, float (&x)[4][4]) const {
#pragma unroll
        for (int p = 0; p < 4; ++p) load4(row_of(first, pitch, rows[4 * block + p]), x[p]);
    }
};

// The sums of fir8 for four samples of which some lie beyond an edge or that don't allow vector loads: little
// code rather than fast code. at[s] is a sample's place in its row; -1 there and in rows stands for zeros.
template <class T>
__device__ __forceinline__ void edge_sums(const T* src, long long pitch, const int* rows, const int (&at)[4],
                                          const float* w, int radius, float (&sums)[8][4]) {
#pragma unroll
    for (int j = 0; j < 8; ++j) sums[j][0] = sums[j][1] = sums[j][2] = sums[j][3] = 0.0f;
#pragma unroll 1
    for (int i = 0; i < 2 * radius + 8; ++i) {
        const T* line = row_of(src, pitch, max(rows[i], 0));
        float x[4];
#pragma unroll
        for (int s = 0; s < 4; ++s) x[s] = rows[i] < 0 || at[s] < 0 ? 0.0f : (float)line[at[s]];
#pragma unroll
        for (int j = 0; j < 8; ++j) {
            if (i < j || i - j > 2 * radius) continue;
#pragma unroll
            for (int s = 0; s < 4; ++s) sums[j][s] += w[i - j] * x[s];
        }
    }
}

// Successive pixels of one row of the tile.
template <int C>
struct Row {
    const float* line;
    int first;

    __device__ __forceinline__ void operator()(int block, float (&x)[4][C]) const {
        float flat[4 * C];
#pragma unroll
        for (int k = 0; k < C; ++k) {
            const float4 q = *(const float4*)(line + padded(first + 4 * (block * C + k)));
            flat[4 * k] = q.x;
            flat[4 * k + 1] = q.y;
            flat[4 * k + 2] = q.z;
            flat[4 * k + 3] = q.w;
        }
#pragma unroll
        for (int p = 0; p < 4; ++p)
#pragma unroll
            for (int c = 0; c < C; ++c) x[p][c] = flat[p * C + c];
    }
};

template <class T, int C>
__device__ __forceinline__ void blur_tile(const T* __restrict__ src, long long src_pitch, T* __restrict__ out,
                                          long long out_pitch, int width, int height,
                                          const float* __restrict__ weights_x, int radius_x,
                                          const float* __restrict__ weights_y, int radius_y, int border, int aligned) {
    alignas(16) __shared__ float mid[TILE_ROWS * Tile<C>::pitch];
    alignas(16) __shared__ float wx[2 * MAX_RADIUS + 4];
    alignas(16) __shared__ float wy[2 * MAX_RADIUS + 4];
    __shared__ int rows[TILE_ROWS + 2 * MAX_RADIUS];

    const int samples = width * C;
    const int x0 = blockIdx.x * Tile<C>::samples;
    const int y0 = blockIdx.y * TILE_ROWS;
    const int margin = radius_x * C;
    for (int i = threadIdx.x; i <= 2 * radius_x; i += blockDim.x) wx[i] = weights_x[i];
    for (int i = threadIdx.x; i <= 2 * radius_y; i += blockDim.x) wy[i] = weights_y[i];
    for (int i = threadIdx.x; i < TILE_ROWS + 2 * radius_y; i += blockDim.x)
        rows[i] = border_index(y0 - radius_y + i, height, border);
    __syncthreads();

    const bool no_zero_rows = border != CONSTANT || (y0 >= radius_y && y0 + TILE_ROWS + radius_y <= height);
    const int groups = (Tile<C>::samples + 2 * margin) / 4;
    for (int item = threadIdx.x; item < groups * (TILE_ROWS / 8); item += blockDim.x) {
        const int half = item / groups;
        const int group = item - half * groups;
        const int first = x0 - margin + 4 * group;
        if (y0 + 8 * half >= height || first >= samples + margin) continue;
        float sums[8][4];
        if (no_zero_rows && (aligned & ALIGNED_SRC) && first >= 0 && first + 4 <= samples) {
            const InnerColumn<T> column = {src + first, src_pitch, rows + 8 * half};
            fir8<4>(column, wy, radius_y, sums);
        } else {
            int at[4];
#pragma unroll
            for (int s = 0; s < 4; ++s) {
                const int pixel = (first + s + MAX_RADIUS * C) / C - MAX_RADIUS;  // rounds down below zero too
                const int source = border_index(pixel, width, border);
                at[s] = source < 0 ? -1 : source * C + (first + s - pixel * C);
            }
            edge_sums(src, src_pitch, rows + 8 * half, at, wy, radius_y, sums);
        }
#pragma unroll
        for (int j = 0; j < 8; ++j)
            *(float4*)(mid + (8 * half + j) * Tile<C>::pitch + padded(4 * group)) =
                make_float4(sums[j][0], sums[j][1], sums[j][2], sums[j][3]);
    }
    __syncthreads();

    constexpr int per_row = Tile<C>::pixels / 8;
    for (int item = threadIdx.x; item < TILE_ROWS * per_row; item += blockDim.x) {
        const int j = item / per_row;
        const int first = (item - j * per_row) * 8 * C;
        if (y0 + j >= height || x0 + first >= samples) continue;
        const Row<C> row = {mid + j * Tile<C>::pitch, first};
        float sums[8][C];
        fir8<C>(row, wx, radius_x, sums);
        T* line = row_of(out, out_pitch, y0 + j) + x0 + first;
        const float* flat = &sums[0][0];
        if ((aligned & ALIGNED_OUT) && x0 + first + 8 * C <= samples) {
#pragma unroll
            for (int k = 0; k < C; ++k) store8(line + 8 * k, flat + 8 * k);
        } else {
#pragma unroll
            for (int k = 0; k < 8 * C; ++k)
                if (x0 + first + k < samples) line[k] = to_sample<T>(flat[k]);
        }
    }
}

}  // namespace

#define GAUSSIAN(T, C)                                                                                        \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                      \
        gaussian_##T##_c##C(const T* src, long long src_pitch, T* out, long long out_pitch, int width,        \
                            int height, const float* weights_x, int radius_x, const float* weights_y,         \
                            int radius_y, int border, int aligned) {                                          \
        blur_tile<T, C>(src, src_pitch, out, out_pitch, width, height, weights_x, radius_x, weights_y,        \
                        radius_y, border, aligned);                                                           \
    }
#define GAUSSIAN_CHANNELS(T) GAUSSIAN(T, 1) GAUSSIAN(T, 2) GAUSSIAN(T, 3) GAUSSIAN(T, 4)

GAUSSIAN_CHANNELS(u8)
GAUSSIAN_CHANNELS(u16)
GAUSSIAN_CHANNELS(f32)
