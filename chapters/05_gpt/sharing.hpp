#pragma once
// Where a model can be shared out to several ranks, and what happens there when it is not.

#include <string>
#include <utility>

#include "03_optimizers/parameter_store.hpp"
#include "05_gpt/gpt_operations.hpp"

namespace gpt {

/// One parameter of the whole model.
struct WholeParameter {
  std::string name;
  Shape shape;
  Initializer initialize;
  int64_t layer;    ///< -1 for the tables, `layers` for the last norm
  uint64_t number;  ///< in order of use; it is that of its stream of random numbers
};

// [sharing]
/// What Gpt asks about a model that many ranks compute together, each with some of the heads, of the MLP's
/// columns and of the vocabulary. The answers here are those of one rank that has everything; chapter 15
/// overrides them. All are called by all ranks in the same order.
class Sharing {
 public:
  virtual ~Sharing() = default;
  virtual int rank() const { return 0; }
  virtual int ranks() const { return 1; }

  /// Declares this rank's share of a parameter. `seed`: of the first values, which the store would draw.
  virtual void declare(ParameterStore& store, const WholeParameter& whole, uint64_t /*seed*/) const {
    store.declare(whole.name, whole.shape, whole.initialize);
  }
  /// x, which every rank has whole, before a layer of which each computes some of the outputs.
  virtual Variable whole_to_parts(const Variable& x) const { return x; }
  /// The layer that makes a whole of the parts, of which each rank has some as its inputs.
  virtual Variable parts_to_whole(Backend& backend, const Variable& x, const Variable& weight,
                                  const Variable& bias, const Variable& residual) const {
    return linear(backend, x, weight, bias, residual);
  }
  /// The two ends of the model, where the token table is: as in gpt_operations.hpp.
  virtual Variable embedding(Backend& backend, const Tensor& tokens, const Variable& token_table,
                             const Variable& position_table, int64_t first_position) const {
    return gpt::embedding(backend, tokens, token_table, position_table, first_position);
  }
  virtual Variable cross_entropy(Backend& backend, const Variable& logits, const Tensor& targets,
                                 double scale) const {
    return gpt::cross_entropy(backend, logits, targets, scale);
  }
  /// The logits of all tokens, of those that each rank has. (B, V / ranks) → (B, V).
  virtual Tensor all_logits(Backend& /*backend*/, const Tensor& logits) const { return logits; }
};
// [/sharing]

}  // namespace gpt
