// Serves kernel launches over stdin and stdout: reads a launch with the content of the memory it names,
// runs it, and sends that memory back. Included after the .cu file; `shim_kernels` lists its kernels.
//
// Every buffer is an allocation of its own and of its exact size, so that the address sanitizer sees a read
// or write beyond it.
#pragma once

#include <type_traits>
#include <utility>

namespace shim {

inline void receive(void* to, size_t size) {
    if (size && std::fread(to, 1, size, stdin) != size) std::exit(0);
}
template <class T>
inline T receive() {
    T value;
    receive(&value, sizeof value);
    return value;
}
inline void send(const void* from, size_t size) { std::fwrite(from, 1, size, stdout); }

struct Kernel {
    const char* name;
    void (*invoke)(void**);
    std::vector<size_t> sizes;   // of the parameters
    std::vector<bool> pointers;  // whether they are addresses
};

template <auto Function>
struct Bound;
template <class... A, void (*Function)(A...)>
struct Bound<Function> {
    template <size_t... I>
    static void call(void** args, std::index_sequence<I...>) {
        Function(*(std::remove_cv_t<A>*)args[I]...);
    }
    static void invoke(void** args) { call(args, std::index_sequence_for<A...>{}); }
    static Kernel kernel(const char* name) { return {name, invoke, {sizeof(A)...}, {std::is_pointer_v<A>...}}; }
};

inline void serve_one(const std::vector<Kernel>& kernels, const std::string& name) {
    dim3 grid, block;
    for (unsigned* p : {&grid.x, &grid.y, &grid.z, &block.x, &block.y, &block.z}) *p = receive<std::uint32_t>();
    const unsigned seed = receive<std::uint32_t>();
    std::vector<std::pair<char*, size_t>> buffers(receive<std::uint32_t>());
    for (auto& buffer : buffers) {
        buffer.second = receive<std::uint64_t>();
        // 256-byte alignment as of device memory; the guard zone begins right behind the last byte
        void* memory = nullptr;
        if (posix_memalign(&memory, 256, buffer.second)) fail("out of memory");
        buffer.first = (char*)memory;
        receive(buffer.first, buffer.second);
    }
    std::vector<std::uint64_t> values(receive<std::uint32_t>());
    std::vector<void*> args(values.size());
    const auto kernel =
        std::find_if(kernels.begin(), kernels.end(), [&](const Kernel& k) { return name == k.name; });
    if (kernel == kernels.end()) fail("no kernel " + name);
    if (kernel->sizes.size() != values.size())
        fail(name + ": " + std::to_string(kernel->sizes.size()) + " parameters, " + std::to_string(values.size()) +
             " arguments");
    for (size_t k = 0; k < values.size(); ++k) {
        const auto buffer = receive<std::int32_t>();
        const auto size = receive<std::uint32_t>();
        const auto value = receive<std::uint64_t>();
        if (size != kernel->sizes[k] || (buffer >= 0) != kernel->pointers[k])
            fail(name + ": argument " + std::to_string(k) + " has not the type of its parameter");
        values[k] = buffer < 0 ? value : (std::uint64_t)(buffers[(size_t)buffer].first + value);
        args[k] = &values[k];
    }
    launch(kernel->invoke, grid, block, args.data(), seed);
    send("\1", 1);  // done; a crash sends nothing
    for (auto& buffer : buffers) {
        send(buffer.first, buffer.second);
        std::free(buffer.first);
    }
    std::fflush(stdout);
}

inline int serve(const std::vector<Kernel>& kernels) {
    for (;;) {
        std::string name(receive<std::uint32_t>(), ' ');
        receive(name.data(), name.size());
        serve_one(kernels, name);
    }
}

}  // namespace shim
