#pragma once
// Products with matrices of a few rows.

#include <cstdint>
#include <span>

namespace gpt {

// [thin]
/// What PowerSGD does with a matrix M (n, m) and with the rows of its thin ones, p (r, n) and q (r, m). All
/// spans lie in the memory of the workshop that made it. Sums of a product are taken in an order of each
/// memory's own: the same bits on all ranks that compute in the same one, nearly the same elsewhere.
class ThinMatrices {
 public:
  virtual ~ThinMatrices() = default;
  /// p = q·Mᵀ
  virtual void multiply(std::span<float> p, std::span<const float> matrix, std::span<const float> q,
                        int64_t r) const = 0;
  /// q = p·M
  virtual void multiply_across(std::span<float> q, std::span<const float> matrix, std::span<const float> p,
                               int64_t r) const = 0;
  /// M += factor · pᵀ·q
  virtual void add_product(std::span<float> matrix, float factor, std::span<const float> p,
                           std::span<const float> q, int64_t r) const = 0;
  /// Makes the rows of p orthonormal, by Gram and Schmidt's method, twice over each row, since once leaves a
  /// rest where rows are nearly dependent. A row that depends on those before becomes 0.
  virtual void orthonormalise(std::span<float> p, int64_t r) const = 0;
  /// Those rows of q become the rows of `from` that are not zero.
  virtual void copy_unless_zero(std::span<float> q, std::span<const float> from, int64_t r) const = 0;
};
// [/thin]

/// Those of the host.
class HostThinMatrices final : public ThinMatrices {
 public:
  void multiply(std::span<float> p, std::span<const float> matrix, std::span<const float> q,
                int64_t r) const override;
  void multiply_across(std::span<float> q, std::span<const float> matrix, std::span<const float> p,
                       int64_t r) const override;
  void add_product(std::span<float> matrix, float factor, std::span<const float> p, std::span<const float> q,
                   int64_t r) const override;
  void orthonormalise(std::span<float> p, int64_t r) const override;
  void copy_unless_zero(std::span<float> q, std::span<const float> from, int64_t r) const override;
};

}  // namespace gpt
