// What the kernels that `cuda_source` writes are made of: samples to floats and back, and functions of floats.
//
// A thread makes four columns of one row, or of two where chroma is halved downward. Rows are read and written
// in words of up to 16 bytes where their addresses allow it, else sample by sample. Beyond the right edge the
// last sample repeats.

typedef unsigned char u8;
typedef unsigned short u16;
typedef long long i64;

template <int BYTES> struct Wide { enum { SIZE = BYTES % 16 == 0 ? 16 : BYTES % 8 == 0 ? 8 : BYTES % 4 == 0 ? 4 : 2 }; };

static __device__ __forceinline__ bool aligned(const void* p, int size) { return ((unsigned long long)p & (size - 1)) == 0; }

// Sample i of packed words of 32 bits.
static __device__ __forceinline__ void take(const unsigned* words, int i, u8& to) { to = (u8)(words[i / 4] >> 8 * (i % 4)); }
static __device__ __forceinline__ void take(const unsigned* words, int i, u16& to) { to = (u16)(words[i / 2] >> 16 * (i % 2)); }
static __device__ __forceinline__ void take(const unsigned* words, int i, float& to) { to = __uint_as_float(words[i]); }
static __device__ __forceinline__ void put(unsigned* words, int i, u8 v) { words[i / 4] |= (unsigned)v << 8 * (i % 4); }
static __device__ __forceinline__ void put(unsigned* words, int i, u16 v) { words[i / 2] |= (unsigned)v << 16 * (i % 2); }
static __device__ __forceinline__ void put(unsigned* words, int i, float v) { words[i] = __float_as_uint(v); }

// N pixels of C samples from pixel x of a row that has `width`.
template <typename T, int C, int N>
static __device__ __forceinline__ void read_row(T (&to)[N][C], const u8* row, int x, int width) {
    constexpr int BYTES = N * C * (int)sizeof(T), SIZE = Wide<BYTES>::SIZE;
    const u8* from = row + (i64)x * (C * (int)sizeof(T));
    if (x + N <= width && BYTES % SIZE == 0 && aligned(from, SIZE)) {
        unsigned words[(BYTES + 3) / 4];
#pragma unroll
        for (int k = 0; k < BYTES / SIZE; ++k) {
            if (SIZE == 16) {
                const uint4 v = ((const uint4*)from)[k];
                words[4 * k] = v.x, words[4 * k + 1] = v.y, words[4 * k + 2] = v.z, words[4 * k + 3] = v.w;
            } else if (SIZE == 8) {
                const uint2 v = ((const uint2*)from)[k];
                words[2 * k] = v.x, words[2 * k + 1] = v.y;
            } else if (SIZE == 4) {
                words[k] = ((const unsigned*)from)[k];
            } else {
                words[k / 2] = k % 2 ? words[k / 2] | (unsigned)((const u16*)from)[k] << 16 : ((const u16*)from)[k];
            }
        }
#pragma unroll
        for (int i = 0; i < N; ++i)
#pragma unroll
            for (int c = 0; c < C; ++c) take(words, i * C + c, to[i][c]);
        return;
    }
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
        for (int c = 0; c < C; ++c) to[i][c] = ((const T*)row)[(i64)min(x + i, width - 1) * C + c];
}

static __device__ __forceinline__ float steps(u8 v, int shift) { return (float)(v >> shift); }
static __device__ __forceinline__ float steps(u16 v, int shift) { return (float)(v >> shift); }
static __device__ __forceinline__ float steps(float v, int) { return v; }

// Four pixels from column x, as floats in steps of the format.
template <typename T, int C, int SHIFT>
static __device__ __forceinline__ void load(float (&to)[C][4], const u8* row, int x, int width) {
    T samples[4][C];
    read_row<T, C, 4>(samples, row, x, width);
#pragma unroll
    for (int c = 0; c < C; ++c)
#pragma unroll
        for (int i = 0; i < 4; ++i) to[c][i] = steps(samples[i][c], SHIFT);
}

// The same from a plane with half as many columns. Where its samples are SITED on the even columns, the odd
// ones get the mean of two; else a pair shares one.
template <typename T, int C, int SHIFT, bool SITED>
static __device__ __forceinline__ void load_half(float (&to)[C][4], const u8* row, int x, int width) {
    T samples[2][C], beside[1][C];
    read_row<T, C, 2>(samples, row, x / 2, width);
    if (SITED) read_row<T, C, 1>(beside, row, min(x / 2 + 2, width - 1), width);
#pragma unroll
    for (int c = 0; c < C; ++c) {
        const float a = steps(samples[0][c], SHIFT), b = steps(samples[1][c], SHIFT);
        to[c][0] = a;
        to[c][1] = SITED ? 0.5f * (a + b) : a;
        to[c][2] = b;
        to[c][3] = SITED ? 0.5f * (b + steps(beside[0][c], SHIFT)) : b;
    }
}

// Makes `to` the mean of itself and another.
template <int C>
static __device__ __forceinline__ void halve(float (&to)[C][4], const float (&other)[C][4]) {
#pragma unroll
    for (int c = 0; c < C; ++c)
#pragma unroll
        for (int i = 0; i < 4; ++i) to[c][i] = 0.5f * (to[c][i] + other[c][i]);
}

// Bayer's matrix of 8 x 8, in steps of the result, around 0: see dither.py.
static __device__ __forceinline__ float dither(int x, int y) {
    const int a = x ^ y;
    const int rank = (a & 1) << 5 | (y & 1) << 4 | (a & 2) << 2 | (y & 2) << 1 | (a & 4) >> 1 | (y & 4) >> 2;
    return ((float)rank + 0.5f) * 0.015625f - 0.5f;
}

// A float, to which the half was added, as a sample: clamped, NaN as 0.
static __device__ __forceinline__ void sample(float v, float peak, int shift, u8& to) { to = (u8)((unsigned)fminf(fmaxf(v, 0.0f), peak) << shift); }
static __device__ __forceinline__ void sample(float v, float peak, int shift, u16& to) { to = (u16)((unsigned)fminf(fmaxf(v, 0.0f), peak) << shift); }
static __device__ __forceinline__ void sample(float v, float, int, float& to) { to = v; }

// Writes N pixels from pixel x of a row, as far as it goes.
template <typename T, int C, int SHIFT, int N>
static __device__ __forceinline__ void store(u8* row, int x, int width, const float (&from)[C][N], float peak) {
    constexpr int BYTES = N * C * (int)sizeof(T), SIZE = Wide<BYTES>::SIZE;
    u8* to = row + (i64)x * (C * (int)sizeof(T));
    T samples[N][C];
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
        for (int c = 0; c < C; ++c) sample(from[c][i], peak, SHIFT, samples[i][c]);
    if (x + N <= width && BYTES % SIZE == 0 && aligned(to, SIZE)) {
        unsigned words[(BYTES + 3) / 4] = {};
#pragma unroll
        for (int i = 0; i < N; ++i)
#pragma unroll
            for (int c = 0; c < C; ++c) put(words, i * C + c, samples[i][c]);
#pragma unroll
        for (int k = 0; k < BYTES / SIZE; ++k) {
            if (SIZE == 16) ((uint4*)to)[k] = make_uint4(words[4 * k], words[4 * k + 1], words[4 * k + 2], words[4 * k + 3]);
            else if (SIZE == 8) ((uint2*)to)[k] = make_uint2(words[2 * k], words[2 * k + 1]);
            else if (SIZE == 4) ((unsigned*)to)[k] = words[k];
            else ((u16*)to)[k] = (u16)(words[k / 2] >> 16 * (k % 2));
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
        for (int c = 0; c < C; ++c)
            if (x + i < width) ((T*)row)[(i64)(x + i) * C + c] = samples[i][c];
}

// Functions as the graph means them: logarithms of what is not positive count from the least float, powers of it are 0.
static __device__ __forceinline__ float f_exp2(float v) { return exp2f(fminf(fmaxf(v, -126.0f), 127.99f)); }
static __device__ __forceinline__ float f_log2(float v) { return log2f(fmaxf(v, 1.17549435e-38f)); }
static __device__ __forceinline__ float f_pow(float v, float power) {
    return f_exp2(power * (v > 0.0f ? f_log2(v) : -1e30f));
}

static __device__ __forceinline__ float f_min(float a, float b) { return a < b ? a : b; }
static __device__ __forceinline__ float f_max(float a, float b) { return a > b ? a : b; }

// Sine of the rest after n half turns; `shifted` is what is taken off in half turns.
static __device__ __forceinline__ float half_turn(float v, float n, float shifted) {
    const float rest = v - shifted * 3.140625f - shifted * 0.0009676535897932795f;
    const float value = rest * SIN_POLYNOMIAL(rest * rest);
    return (int)n & 1 ? -value : value;
}
static __device__ __forceinline__ float f_sin(float v) { const float n = rintf(v * 0.3183098861837907f); return half_turn(v, n, n); }
static __device__ __forceinline__ float f_cos(float v) { const float n = rintf(v * 0.3183098861837907f - 0.5f); return -half_turn(v, n, n + 0.5f); }

static __device__ __forceinline__ unsigned mixed(unsigned h) {
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return h ^ h >> 15;
}
static __device__ __forceinline__ float f_hash(float x, float y, float frame, float seed) {
    const unsigned key = (unsigned)(int)floorf(frame) * 0x9E3779B1u + (unsigned)(int)floorf(seed) * 0x85EBCA77u;
    const unsigned row = mixed((unsigned)(int)floorf(y) * 0xC2B2AE3Du + key);
    return (float)(mixed((unsigned)(int)floorf(x) * 0x27D4EB2Fu + row) >> 8) * 5.9604644775390625e-08f;
}

// Place of a value in a table: index of the entry below, and the share of the way to the next; NaN counts as 0.
static __device__ __forceinline__ int place(float v, int last, float& share) {
    v = fminf(fmaxf(v, 0.0f), 1.0f) * (float)last;
    const int k = min((int)v, last - 1);
    share = v - (float)k;
    return k;
}
static __device__ __forceinline__ float lookup(const float* __restrict__ table, int last, float v) {
    float share;
    const int k = place(v, last, share);
    return table[k] + (table[k + 1] - table[k]) * share;
}
// A channel of a picture, whose rows lie channel after channel, `pitch` bytes each, at a pixel's centre.
template <typename T>
static __device__ __forceinline__ float texel(const float* __restrict__ table, int pitch, int count, int index, float x, float y) {
    const u8* row = (const u8*)table + ((i64)(int)y * count + index) * pitch;
    return (float)((const T*)row)[(int)x];
}
// Between the points of a cube by tetrahedra: along the greatest share first, then along the next.
static __device__ __forceinline__ float3 cube(const float* __restrict__ table, int last, float r, float g, float b) {
    float p, q, s;
    const int i = place(r, last, p), j = place(g, last, q), k = place(b, last, s), n = last + 1;
    const float4* here = (const float4*)table + ((i64)i * n + j) * n + k;
    int first = n * n, second = n, third = 1, swap;
    float t;
    if (p < q) t = p, p = q, q = t, swap = first, first = second, second = swap;
    if (q < s) t = q, q = s, s = t, swap = second, second = third, third = swap;
    if (p < q) t = p, p = q, q = t, swap = first, first = second, second = swap;
    const float4 v0 = here[0], v1 = here[first], v2 = here[first + second], v3 = here[first + second + third];
    float3 result;
    result.x = v0.x + (v1.x - v0.x) * p + (v2.x - v1.x) * q + (v3.x - v2.x) * s;
    result.y = v0.y + (v1.y - v0.y) * p + (v2.y - v1.y) * q + (v3.y - v2.y) * s;
    result.z = v0.z + (v1.z - v0.z) * p + (v2.z - v1.z) * q + (v3.z - v2.z) * s;
    return result;
}
