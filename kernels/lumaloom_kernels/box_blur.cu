// Box blur by running sums down the columns, twice: each pass writes its result transposed, so that both
// read and write whole cache lines, and the second one runs along what were rows.
//
// A thread runs down a segment of one column of samples: it adds up the first window, then adds the row
// that comes in and takes off the one that leaves. Segments are as long as the radius (at least 64), so the
// first windows cost a constant share, and columns times segments gives the device enough threads.
// Integer sums are exact, and so is the rounding division: the result is the definition to the bit.
// Float sums run in double, in which adding and taking off leaves no trace at float's precision.

#include "_cuda_samples.cuh"

namespace {

constexpr int CHUNK = 32;  // rows between two transposing writes

// A block has one thread for each sample of 128 / C pixels, at least 32: threads = pixels * C. The widths
// stand in _cuda_plans.py too. A row of the tile has C words more, to keep transposed reads on distinct banks.
constexpr int MAX_THREADS = 128;
constexpr int MAX_PITCH = MAX_THREADS + 4;

template <class TI, class S>
struct Window {
    const TI* column;
    long long pitch;
    int rows, border;

    __device__ __forceinline__ S at(int row) const {
        row = border_index(row, rows, border);
        return row < 0 ? (S)0 : (S)*row_of(column, pitch, row);
    }
    __device__ __forceinline__ S inside(int low, int high) const {
        S sum = 0;
#pragma unroll 8
        for (int row = max(low, 0); row <= min(high, rows - 1); ++row) sum += (S)*row_of(column, pitch, row);
        return sum;
    }
    // The sum of rows low to high, however far they lie outside: at most two lengths of the axis are read.
    __device__ __forceinline__ S sum(int low, int high) const {
        const int count = high - low + 1;
        const int period = border == REFLECT101 ? max(2 * (rows - 1), 1) : 0x7fffffff;
        const bool around = count >= period;
        S sum = inside(around ? 0 : low, around ? rows - 1 : high);
        if (border == CONSTANT) return sum;
        if (border == REPLICATE) {
            if (low < 0) sum += (S)(-low) * at(0);
            if (high >= rows) sum += (S)(high - rows + 1) * at(rows - 1);
            return sum;
        }
        if (around) {  // whole periods, each of all rows back and forth, and what is left of one
            if (rows > 1) sum = (S)2 * sum - at(0) - at(rows - 1);
            sum *= (S)(count / period);
            for (int k = 0; k < count % period; ++k) sum += at(low + k);
            return sum;
        }
        for (int row = low; row < 0; ++row) sum += at(row);
        for (int row = max(rows, low); row <= high; ++row) sum += at(row);
        return sum;
    }
};

// What one pass stores: a sum for the next pass, a rounded mean, or a float mean.
struct Sum {
    template <class TO, class S>
    static __device__ __forceinline__ u32 word(S sum, u32, float) {
        return (u32)sum;
    }
};
struct Mean {
    template <class TO, class S>
    static __device__ __forceinline__ u32 word(S sum, u32 count, float inverse) {
        u32 q = (u32)((float)sum * inverse);  // off by one at most, mended by the remainder
        long long rest = (long long)sum - (long long)((u64)q * count);
        if (rest < 0) {
            --q;
            rest += count;
        } else if (rest >= count) {
            ++q;
            rest -= count;
        }
        return q + (2 * rest >= count ? 1u : 0u);
    }
};
struct FloatMean {
    template <class TO, class S>
    static __device__ __forceinline__ u32 word(S sum, u32 count, float) {
        return __float_as_uint((float)(sum * (1.0 / (double)count)));
    }
};

template <class TO>
__device__ __forceinline__ TO from_word(u32 word) {
    return (TO)word;
}
template <>
__device__ __forceinline__ f32 from_word<f32>(u32 word) { return __uint_as_float(word); }

template <class TI, class S, class TO, class Store>
__device__ __forceinline__ void box_pass(const TI* __restrict__ src, long long src_pitch, TO* __restrict__ out,
                                         long long out_pitch, int columns, int rows, int channels, int radius,
                                         int segment, int border, u32 count, float inverse) {
    __shared__ u32 tile[CHUNK * MAX_PITCH];

    const int thread = threadIdx.x;
    const int pitch = blockDim.x + channels;
    const int block_pixels = blockDim.x / channels;
    const int pixel0 = blockIdx.x * block_pixels;
    const int pixels = min(block_pixels, columns - pixel0);
    const bool active = thread < pixels * channels;
    const Window<TI, S> window = {src + (long long)pixel0 * channels + (active ? thread : 0), src_pitch, rows, border};
    // Of the transposed tile this thread always stores sample `rest` of an output row, of every
    // `step`-th pixel: the samples of 32 pixels side by side.
    const int step = block_pixels / CHUNK;
    const int first = thread / (CHUNK * channels);
    const int rest = thread - first * (CHUNK * channels);
    const int row = rest / channels;
    const u32* stored = tile + row * pitch + (rest - row * channels);
    const int end = min((int)(blockIdx.y + 1) * segment, rows);
    int y = blockIdx.y * segment;
    S sum = active ? window.sum(y - radius, y + radius) : (S)0;

    while (y < end) {
        const int made = min(CHUNK, end - y);
        if (active) {
            if (y - radius >= 0 && y + CHUNK + radius < rows && made == CHUNK) {
                const TI* leaving = row_of(window.column, src_pitch, y - radius);
                const TI* coming = row_of(window.column, src_pitch, y + radius + 1);
#pragma unroll 8
                for (int j = 0; j < CHUNK; ++j) {
                    tile[j * pitch + thread] = Store::template word<TO>(sum, count, inverse);
                    sum += (S)*coming;
                    sum -= (S)*leaving;
                    coming = row_of(coming, src_pitch, 1);
                    leaving = row_of(leaving, src_pitch, 1);
                }
            } else {
                for (int j = 0; j < made; ++j) {
                    tile[j * pitch + thread] = Store::template word<TO>(sum, count, inverse);
                    sum += window.at(y + j + radius + 1);
                    sum -= window.at(y + j - radius);
                }
            }
        }
        __syncthreads();
        if (row < made)
            for (int pixel = first; pixel < pixels; pixel += step)
                row_of(out, out_pitch, pixel0 + pixel)[(long long)y * channels + rest] =
                    from_word<TO>(stored[pixel * channels]);
        __syncthreads();
        y += made;
    }
}

}  // namespace

#define BOX(TI, S, TO, STORE)                                                                                 \
    extern "C" __global__ void __launch_bounds__(128, 6)                                                      \
        box_##TI##_##TO(const TI* src, long long src_pitch, TO* out, long long out_pitch, int columns,        \
                        int rows, int channels, int radius, int segment, int border, u32 count,               \
                        float inverse) {                                                                      \
        box_pass<TI, S, TO, STORE>(src, src_pitch, out, out_pitch, columns, rows, channels, radius, segment,  \
                                   border, count, inverse);                                                   \
    }

BOX(u8, u32, u16, Sum)  // radius up to 128: sums of bytes fit 16 bits
BOX(u16, u32, u8, Mean)
BOX(u8, u32, u32, Sum)
BOX(u32, u64, u8, Mean)
BOX(u16, u32, u32, Sum)
BOX(u32, u64, u16, Mean)
BOX(f32, double, f32, FloatMean)
