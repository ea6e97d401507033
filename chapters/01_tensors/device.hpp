#pragma once
// Where a tensor's bytes lie.

#include <cstdint>
#include <string_view>

namespace gpt {

enum class Device : uint8_t {
  cpu,
  cuda,  ///< memory of a GPU; only chapters 08 and up make such tensors
};

constexpr std::string_view name_of(Device device) {
  return device == Device::cpu ? "cpu" : "cuda";
}

}  // namespace gpt
