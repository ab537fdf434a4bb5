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

// A block covers this many pixels, one thread for each of their samples; also in _cuda_plans.py.
template <int C>
struct Block {
    static constexpr int pixels = C == 1 ? 128 : C == 2 ? 64 : 32;
    static constexpr int threads = pixels * C;
    static constexpr int pitch = threads + C;  // the odd pixel keeps transposed reads on distinct banks
};

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
    // The sum of rows low to high, however far they lie outside.
    __device__ S sum(int low, int high) const {
        const int count = high - low + 1;
        if (border == CONSTANT) return inside(low, high);
        if (border == REPLICATE || rows == 1) {
            S sum = inside(low, high);
            if (low < 0) sum += (S)(min(high, -1) - low + 1) * at(0);
            if (high >= rows) sum += (S)(high - max(low, rows) + 1) * at(rows - 1);
            return sum;
        }
        const int period = 2 * (rows - 1);
        S sum = 0;
        if (count >= period) {
            const S whole = (S)2 * inside(0, rows - 1) - at(0) - at(rows - 1);
            sum = (S)(count / period) * whole;
            for (int row = low, left = count % period; left > 0; --left) sum += at(row++);
            return sum;
        }
        for (int row = low; row < min(0, high + 1); ++row) sum += at(row);
        sum += inside(low, high);
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

template <class TI, class S, class TO, class Store, int C>
__device__ __forceinline__ void box_pass(const TI* __restrict__ src, long long src_pitch, TO* __restrict__ out,
                                         long long out_pitch, int columns, int rows, int radius, int segment,
                                         int border, u32 count, float inverse) {
    __shared__ u32 tile[CHUNK * Block<C>::pitch];

    const int thread = threadIdx.x;
    const int pixel0 = blockIdx.x * Block<C>::pixels;
    const int pixels = min(Block<C>::pixels, columns - pixel0);
    const bool active = thread < pixels * C;
    const Window<TI, S> window = {src + (long long)pixel0 * C + (active ? thread : 0), src_pitch, rows, border};
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
                    tile[j * Block<C>::pitch + thread] = Store::template word<TO>(sum, count, inverse);
                    sum += (S)*coming;
                    sum -= (S)*leaving;
                    coming = row_of(coming, src_pitch, 1);
                    leaving = row_of(leaving, src_pitch, 1);
                }
            } else {
                for (int j = 0; j < made; ++j) {
                    tile[j * Block<C>::pitch + thread] = Store::template word<TO>(sum, count, inverse);
                    sum += window.at(y + j + radius + 1);
                    sum -= window.at(y + j - radius);
                }
            }
        }
        __syncthreads();
        for (int k = thread; k < pixels * CHUNK * C; k += Block<C>::threads) {
            const int pixel = k / (CHUNK * C);
            const int rest = k - pixel * (CHUNK * C);
            const int j = rest / C;
            if (j < made)
                row_of(out, out_pitch, pixel0 + pixel)[(long long)y * C + rest] =
                    from_word<TO>(tile[j * Block<C>::pitch + pixel * C + (rest - j * C)]);
        }
        __syncthreads();
        y += made;
    }
}

}  // namespace

#define BOX(TI, S, TO, STORE, C)                                                                              \
    extern "C" __global__ void __launch_bounds__(128)                                                         \
        box_##TI##_##TO##_c##C(const TI* src, long long src_pitch, TO* out, long long out_pitch, int columns, \
                               int rows, int radius, int segment, int border, u32 count, float inverse) {     \
        box_pass<TI, S, TO, STORE, C>(src, src_pitch, out, out_pitch, columns, rows, radius, segment, border, \
                                      count, inverse);                                                        \
    }
#define BOX_CHANNELS(TI, S, TO, STORE) \
    BOX(TI, S, TO, STORE, 1) BOX(TI, S, TO, STORE, 2) BOX(TI, S, TO, STORE, 3) BOX(TI, S, TO, STORE, 4)

BOX_CHANNELS(u8, u32, u16, Sum)  // radius up to 128: sums of bytes fit 16 bits
BOX_CHANNELS(u16, u32, u8, Mean)
BOX_CHANNELS(u8, u32, u32, Sum)
BOX_CHANNELS(u32, u64, u8, Mean)
BOX_CHANNELS(u16, u32, u32, Sum)
BOX_CHANNELS(u32, u64, u16, Mean)
BOX_CHANNELS(f32, double, f32, FloatMean)
