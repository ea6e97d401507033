#pragma once
// AdamW over the whole arena: a few long slices instead of a hundred small tensors.

#include <vector>

#include "03_optimizers/parameter_store.hpp"
#include "05_gpt/backend.hpp"

namespace gpt {

/// AdamW's memory, parallel to the arena, and one step of it by the backend. Neighbouring parameters that
/// agree on weight decay are one slice.
class AdamW {
 public:
  /// The store is allocated and, like the backend, outlives the optimizer.
  AdamW(const ParameterStore& store, Backend& backend);

  /// Improves all parameters from their gradients. Weight decay holds for those that want it
  /// (Parameter::decay); the bf16 copy, where there is one, is written in the same pass.
  void step(const AdamWStep& step) const;

  const Tensor& m() const { return m_; }  ///< (store.size()) the running means of the gradients
  const Tensor& v() const { return v_; }  ///< (store.size()) the running means of their squares

 private:
  struct Slice {
    int64_t begin, end;
    bool decay;
  };
  const ParameterStore* store_;
  Backend* backend_;
  std::vector<Slice> slices_;
  Tensor m_, v_;
};

}  // namespace gpt
