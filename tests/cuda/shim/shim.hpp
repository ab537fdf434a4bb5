// Runs CUDA C++ kernels on the host: the .cu file is compiled as C++ after this header.
//
// The threads of a block are fibers that take turns in random order until each waits at a barrier or is
// done; blocks run one after another in random order. Errors that end the run with a message: threads of a
// block at different barriers, a barrier that part of a block never reaches, and whatever the sanitizers
// find. In the plain build shared memory holds rubbish when a block starts.
//
// Not covered: coalescing, bank conflicts, memory ordering, races within a stretch without barriers that
// happen to be benign in every order tried.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#if defined(__SANITIZE_ADDRESS__)
#define __shared__ static  // with guard zones around it
#else
#define __shared__ static __attribute__((section("shim_shared")))
extern char __start_shim_shared[] __attribute__((weak));
extern char __stop_shim_shared[] __attribute__((weak));
#endif

struct uint2 { unsigned x, y; } __attribute__((aligned(8)));
struct uint4 { unsigned x, y, z, w; } __attribute__((aligned(16)));
struct int2 { int x, y; } __attribute__((aligned(8)));
struct int4 { int x, y, z, w; } __attribute__((aligned(16)));
struct float2 { float x, y; } __attribute__((aligned(8)));
struct float3 { float x, y, z; };
struct float4 { float x, y, z, w; } __attribute__((aligned(16)));
struct uchar2 { unsigned char x, y; } __attribute__((aligned(2)));
struct uchar4 { unsigned char x, y, z, w; } __attribute__((aligned(4)));
struct ushort2 { unsigned short x, y; } __attribute__((aligned(4)));
struct ushort4 { unsigned short x, y, z, w; } __attribute__((aligned(8)));
struct dim3 { unsigned x = 1, y = 1, z = 1; };

inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uchar4 make_uchar4(unsigned char x, unsigned char y, unsigned char z, unsigned char w) { return {x, y, z, w}; }

inline dim3 gridDim, blockDim, blockIdx, threadIdx;

using std::max;
using std::min;

inline float __uint_as_float(unsigned bits) { float v; std::memcpy(&v, &bits, 4); return v; }
inline unsigned __float_as_uint(float v) { unsigned bits; std::memcpy(&bits, &v, 4); return bits; }
inline int __float_as_int(float v) { return (int)__float_as_uint(v); }
inline float __int_as_float(int bits) { return __uint_as_float((unsigned)bits); }
inline int __float2int_rn(float v) { return (int)std::nearbyintf(v); }
inline int __float2int_rd(float v) { return (int)std::floor(v); }
template <class T> inline T __ldg(const T* p) { return *p; }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    const std::uint64_t bytes = (std::uint64_t)b << 32 | a;
    unsigned result = 0;
    for (int k = 0; k < 4; ++k) result |= (unsigned)(bytes >> 8 * (selector >> 4 * k & 7) & 0xff) << 8 * k;
    return result;
}
inline int __dp4a(int a, int b, int c) {
    for (int k = 0; k < 32; k += 8) c += (int)(signed char)(a >> k) * (int)(signed char)(b >> k);
    return c;
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
    for (int k = 0; k < 32; k += 8) c += (a >> k & 255) * (b >> k & 255);
    return c;
}
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __clz(int v) { return v ? __builtin_clz((unsigned)v) : 32; }
template <class T> inline T atomicAdd(T* p, T v) { const T old = *p; *p += v; return old; }
template <class T> inline T atomicMax(T* p, T v) { const T old = *p; *p = max(old, v); return old; }
template <class T> inline T atomicMin(T* p, T v) { const T old = *p; *p = min(old, v); return old; }
template <class T> inline T atomicOr(T* p, T v) { const T old = *p; *p |= v; return old; }

namespace shim {

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

struct Fiber {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(256 * 1024);
    void* fake = nullptr;
    State state = DONE;
    int line = 0;
    dim3 thread;
    unsigned long long slot = 0;  // what a shuffle shows to the other lanes
};

inline std::vector<Fiber*> fibers;
inline Fiber* current = nullptr;
inline ucontext_t scheduler;
inline void* scheduler_fake = nullptr;
inline const void* scheduler_stack = nullptr;
inline size_t scheduler_size = 0;
inline void (*body)(void**) = nullptr;
inline void** arguments = nullptr;

[[noreturn]] inline void fail(const std::string& message) {
    std::fprintf(stderr, "shim: %s\n", message.c_str());
    std::exit(3);
}

inline void leave(bool last) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(last ? nullptr : &current->fake, scheduler_stack, scheduler_size);
#endif
    Fiber* self = current;
    swapcontext(&self->context, &scheduler);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(self->fake, &scheduler_stack, &scheduler_size);
#endif
    (void)last;
}

inline void enter(Fiber* fiber) {
    current = fiber;
    threadIdx = fiber->thread;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&scheduler_fake, fiber->stack.data(), fiber->stack.size());
#endif
    swapcontext(&scheduler, &fiber->context);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(scheduler_fake, nullptr, nullptr);
#endif
}

inline void run_fiber() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_size);
#endif
    body(arguments);
    current->state = DONE;
    leave(true);
}

inline void wait(State state, int line) {
    current->state = state;
    current->line = line;
    leave(false);
}

inline int lane() {
    return (int)((threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) & 31);
}

template <class T>
inline T shuffle(T value, int from, int line) {
    static_assert(sizeof(T) <= 8);
    const int self = lane();
    const size_t base = (size_t)(std::find(fibers.begin(), fibers.end(), current) - fibers.begin()) - self;
    current->slot = 0;
    std::memcpy(&current->slot, &value, sizeof(T));
    wait(AT_WARP_BARRIER, line);
    if (from >= 0 && from < 32 && base + from < fibers.size()) std::memcpy(&value, &fibers[base + from]->slot, sizeof(T));
    wait(AT_WARP_BARRIER, -line);
    return value;
}

// Let go those who wait at a barrier that everybody concerned has reached.
inline void release(size_t threads) {
    bool any = false;
    for (size_t warp = 0; warp < threads; warp += 32) {
        const size_t end = std::min(warp + 32, threads);
        int waiting = 0, others = 0, line = 0;
        for (size_t t = warp; t < end; ++t) {
            if (fibers[t]->state == DONE) continue;
            if (fibers[t]->state != AT_WARP_BARRIER) { ++others; continue; }
            if (waiting++ && fibers[t]->line != line) fail("lanes of a warp wait at different lines");
            line = fibers[t]->line;
        }
        if (!waiting || others) continue;
        for (size_t t = warp; t < end; ++t)
            if (fibers[t]->state == AT_WARP_BARRIER) fibers[t]->state = READY;
        any = true;
    }
    if (any) return;
    int line = 0;
    for (size_t t = 0; t < threads; ++t) {
        if (fibers[t]->state != AT_BLOCK_BARRIER) fail("a barrier that part of the block never reaches");
        if (line && fibers[t]->line != line)
            fail("threads of a block wait at barriers of lines " + std::to_string(line) + " and " +
                 std::to_string(fibers[t]->line));
        line = fibers[t]->line;
    }
    for (size_t t = 0; t < threads; ++t) fibers[t]->state = READY;
}

inline void run_block(std::mt19937& random, size_t threads) {
#if !defined(__SANITIZE_ADDRESS__)
    if (__start_shim_shared)
        for (char* p = __start_shim_shared; p < __stop_shim_shared; ++p) *p = (char)(random() | 0x80);
#endif
    for (size_t t = 0; t < threads; ++t) {
        Fiber* fiber = fibers[t];
        getcontext(&fiber->context);
        fiber->context.uc_stack.ss_sp = fiber->stack.data();
        fiber->context.uc_stack.ss_size = fiber->stack.size();
        fiber->context.uc_link = nullptr;
        makecontext(&fiber->context, run_fiber, 0);
        fiber->state = READY;
        fiber->thread.x = (unsigned)(t % blockDim.x);
        fiber->thread.y = (unsigned)(t / blockDim.x % blockDim.y);
        fiber->thread.z = (unsigned)(t / blockDim.x / blockDim.y);
    }
    std::vector<size_t> order(threads);
    for (size_t t = 0; t < threads; ++t) order[t] = t;
    for (;;) {
        std::shuffle(order.begin(), order.end(), random);
        bool ran = false, left = false;
        for (size_t t : order) {
            if (fibers[t]->state == READY) {
                enter(fibers[t]);
                ran = true;
            }
            left |= fibers[t]->state != DONE;
        }
        if (!left) return;
        if (!ran) release(threads);
    }
}

inline void launch(void (*kernel)(void**), dim3 grid, dim3 block, void** args, unsigned seed) {
    body = kernel;
    arguments = args;
    gridDim = grid;
    blockDim = block;
    const size_t threads = (size_t)block.x * block.y * block.z;
    if (threads == 0 || threads > 1024) fail("a block of " + std::to_string(threads) + " threads");
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535) fail("a grid out of range");
    while (fibers.size() < threads) fibers.push_back(new Fiber);
    std::mt19937 random(seed);
    const std::uint64_t blocks = (std::uint64_t)grid.x * grid.y * grid.z;
    std::vector<std::uint64_t> order(blocks);
    for (std::uint64_t b = 0; b < blocks; ++b) order[b] = b;
    std::shuffle(order.begin(), order.end(), random);
    for (std::uint64_t b : order) {
        blockIdx.x = (unsigned)(b % grid.x);
        blockIdx.y = (unsigned)(b / grid.x % grid.y);
        blockIdx.z = (unsigned)(b / grid.x / grid.y);
        run_block(random, threads);
    }
}

}  // namespace shim

#define __syncthreads() shim::wait(shim::AT_BLOCK_BARRIER, __LINE__)
#define __syncwarp(...) shim::wait(shim::AT_WARP_BARRIER, __LINE__)
#define __shfl_sync(mask, value, from) shim::shuffle(value, (from) & 31, __LINE__)
#define __shfl_up_sync(mask, value, delta) shim::shuffle(value, shim::lane() - (int)(delta), __LINE__)
#define __shfl_down_sync(mask, value, delta) shim::shuffle(value, shim::lane() + (int)(delta), __LINE__)
#define __shfl_xor_sync(mask, value, bits) shim::shuffle(value, shim::lane() ^ (bits), __LINE__)
