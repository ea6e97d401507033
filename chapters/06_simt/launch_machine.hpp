#pragma once
// Launching a kernel on the SIMT machine. Included by simt.hpp.

#include "06_simt/arithmetic.hpp"
#include "06_simt/collectives.hpp"
#include "06_simt/machine.hpp"
#include "06_simt/runtime.hpp"

namespace gpt::simt::inline FOR_KERNEL_SPACE {

// [launch]
/// Runs Kernel(args...) in every thread of the grid. Returns when it is done; throws Error for a mistake of
/// the kernel. While the stream is captured, keeps the launch and a copy of its arguments instead.
template <auto Kernel, class... Args>
void launch(const LaunchConfig& config, Args... args) {
  const auto call = [=]() __attribute__((no_sanitize("thread"))) {
    Kernel(args...);
  };
  const detail::Body body = [](const void* arguments) __attribute__((no_sanitize("thread"))) {
    (*static_cast<const decltype(call)*>(arguments))();
  };
#ifdef SIMT_CHECKED  // see checker.hpp
  detail::run_checked(config, detail::kernel_name(__PRETTY_FUNCTION__), body, &call, sizeof call);
#else
  detail::run(config, detail::kernel_name(__PRETTY_FUNCTION__), body, &call, sizeof call);
#endif
}
// [/launch]

}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
