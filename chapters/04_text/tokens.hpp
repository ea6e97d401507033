#pragma once
// A long row of tokens, wherever it lies.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "04_text/token_file.hpp"
#include "common/check.hpp"

namespace gpt {

/// A row of tokens in memory or in a mapped file; copies and slices share it. Immutable.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(std::vector<int32_t> tokens) {
    auto kept = std::make_shared<const std::vector<int32_t>>(std::move(tokens));
    first_ = reinterpret_cast<const std::byte*>(kept->data());
    size_ = static_cast<int64_t>(kept->size());
    owner_ = std::move(kept);
  }
  explicit Tokens(TokenFile file) {
    auto kept = std::make_shared<const TokenFile>(std::move(file));
    first_ = kept->payload().data();
    bytes_per_token_ = kept->header().bytes_per_token;
    size_ = kept->size();
    owner_ = std::move(kept);
  }

  int64_t size() const { return size_; }

  /// The `count` tokens from `begin` on, without copying them.
  Tokens slice(int64_t begin, int64_t count) const {
    GPT_CHECK(begin >= 0 && count >= 0 && begin + count <= size_, "{} tokens from {} on, of {}", count, begin,
              size_);
    Tokens part = *this;
    part.first_ += begin * bytes_per_token_;
    part.size_ = count;
    return part;
  }

  /// Writes the `count` tokens from `begin` on to `out`.
  void copy(int64_t begin, int64_t count, int32_t* out) const {
    GPT_CHECK(begin >= 0 && count >= 0 && begin + count <= size_, "{} tokens from {} on, of {}", count, begin,
              size_);
    if (count == 0) return;
    const std::byte* from = first_ + begin * bytes_per_token_;
    if (bytes_per_token_ == 4) {
      std::memcpy(out, from, static_cast<size_t>(count) * 4);
    } else {
      std::copy_n(reinterpret_cast<const uint16_t*>(from), count, out);
    }
  }

 private:
  std::shared_ptr<const void> owner_;
  const std::byte* first_ = nullptr;
  int64_t bytes_per_token_ = 4;
  int64_t size_ = 0;
};

}  // namespace gpt
