// Linked into the tests of product(), this makes oneDNN believe that the processor has no AVX-512.

#include <oneapi/dnnl/dnnl.hpp>

namespace {
[[maybe_unused]] const auto limited =
    dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);  // must come before any other call
}
