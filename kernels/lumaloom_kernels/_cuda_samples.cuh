// Samples of images: the three element types, borders, and moving four or eight samples at a time.
//
// An image is rows of samples: a row of W pixels with C channels holds W * C of them. Arithmetic is in
// float32; integers are rounded half up and clipped when they are stored.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef float f32;

namespace {

enum Border { REFLECT101, REPLICATE, CONSTANT };

// Which rows start at addresses that vector loads and stores can take.
enum Aligned { ALIGNED_SRC = 1, ALIGNED_OUT = 2 };

// The index that stands in for `i` on an axis of `n`, or -1 for a zero.
__device__ __forceinline__ int border_index(int i, int n, int border) {
    if (i >= 0 && i < n) return i;
    if (border == CONSTANT) return -1;
    if (border == REPLICATE || n == 1) return i < 0 ? 0 : n - 1;
    const int period = 2 * (n - 1);
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

template <class T>
__device__ __forceinline__ T* row_of(T* first, long long pitch, int row) {
    return (T*)((char*)first + pitch * row);
}
template <class T>
__device__ __forceinline__ const T* row_of(const T* first, long long pitch, int row) {
    return (const T*)((const char*)first + pitch * row);
}

// An integer below 2^23 put into the mantissa of 2^23 converts with one byte shuffle and one
// subtraction, both at full rate; conversion instructions run at a quarter of it.
__device__ __forceinline__ float from_mantissa(u32 bits) { return __uint_as_float(bits) - 8388608.0f; }

__device__ __forceinline__ void unpack4(u32 word, float (&v)[4]) {
    v[0] = from_mantissa(__byte_perm(word, 0x4B000000u, 0x7440));
    v[1] = from_mantissa(__byte_perm(word, 0x4B000000u, 0x7441));
    v[2] = from_mantissa(__byte_perm(word, 0x4B000000u, 0x7442));
    v[3] = from_mantissa(__byte_perm(word, 0x4B000000u, 0x7443));
}

__device__ __forceinline__ void load4(const u8* p, float (&v)[4]) { unpack4(*(const u32*)p, v); }
__device__ __forceinline__ void load4(const u16* p, float (&v)[4]) {
    const uint2 words = *(const uint2*)p;
    v[0] = from_mantissa(__byte_perm(words.x, 0x4B000000u, 0x7410));
    v[1] = from_mantissa(__byte_perm(words.x, 0x4B000000u, 0x7432));
    v[2] = from_mantissa(__byte_perm(words.y, 0x4B000000u, 0x7410));
    v[3] = from_mantissa(__byte_perm(words.y, 0x4B000000u, 0x7432));
}
__device__ __forceinline__ void load4(const f32* p, float (&v)[4]) {
    const float4 q = *(const float4*)p;
    v[0] = q.x;
    v[1] = q.y;
    v[2] = q.z;
    v[3] = q.w;
}

// Round half up and clip. The small addend decides ties, which the sum with 2^23 would round to even.
__device__ __forceinline__ u32 quantise(float v, float top) {
    v = fminf(fmaxf(v, 0.0f), top) + 1.52587890625e-05f;
    return __float_as_uint(v + 8388608.0f) & 0xffffu;
}

template <class T>
__device__ __forceinline__ T to_sample(float v);
template <>
__device__ __forceinline__ u8 to_sample<u8>(float v) { return (u8)quantise(v, 255.0f); }
template <>
__device__ __forceinline__ u16 to_sample<u16>(float v) { return (u16)quantise(v, 65535.0f); }
template <>
__device__ __forceinline__ f32 to_sample<f32>(float v) { return v; }

__device__ __forceinline__ u32 pack4(const float* v) {
    const u32 low = __byte_perm(quantise(v[0], 255.0f), quantise(v[1], 255.0f), 0x0040);
    const u32 high = __byte_perm(quantise(v[2], 255.0f), quantise(v[3], 255.0f), 0x0040);
    return __byte_perm(low, high, 0x5410);
}
__device__ __forceinline__ u32 pack2(const float* v) {
    return __byte_perm(quantise(v[0], 65535.0f), quantise(v[1], 65535.0f), 0x5410);
}

__device__ __forceinline__ void store4(u8* p, const float* v) { *(u32*)p = pack4(v); }
__device__ __forceinline__ void store4(u16* p, const float* v) { *(uint2*)p = make_uint2(pack2(v), pack2(v + 2)); }
__device__ __forceinline__ void store4(f32* p, const float* v) { *(float4*)p = make_float4(v[0], v[1], v[2], v[3]); }

__device__ __forceinline__ void store8(u8* p, const float* v) { *(uint2*)p = make_uint2(pack4(v), pack4(v + 4)); }
__device__ __forceinline__ void store8(u16* p, const float* v) {
    *(uint4*)p = make_uint4(pack2(v), pack2(v + 2), pack2(v + 4), pack2(v + 6));
}
__device__ __forceinline__ void store8(f32* p, const float* v) {
    store4(p, v);
    store4(p + 4, v + 4);
}

}  // namespace
