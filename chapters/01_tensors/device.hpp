#pragma once
// Where a tensor's bytes lie.

#include <cstdint>
#include <string_view>

namespace gpt {

enum class Device : uint8_t {
  cpu,
  cuda,  ///< memory of a GPU; only chapters 08 and up make such tensors
  simt,  ///< what chapter 06's machine takes for the memory of a GPU
};

constexpr std::string_view name_of(Device device) {
  return device == Device::cpu ? "cpu" : device == Device::cuda ? "cuda" : "simt";
}

}  // namespace gpt
