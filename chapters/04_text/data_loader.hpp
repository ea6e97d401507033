#pragma once
// From a row of tokens to batches. B: sequences in a batch, T: context, the tokens that the model sees at
// once.

#include <cstdint>

#include "01_tensors/tensor.hpp"
#include "04_text/tokens.hpp"

namespace gpt {

/// Some sequences with what should come next: targets[b][t] is the token after inputs[b][t] in the text.
struct Batch {
  Tensor inputs;              ///< (B, T) i32
  Tensor targets;             ///< (B, T) i32
  uint64_t first_sample = 0;  ///< sample number of row 0; row b is sample first_sample + b
};

/// The rows [first, first + count) of a global batch that one rank takes.
struct Share {
  int64_t first = 0;
  int64_t count = 0;
};

/// Rank `rank`'s share of `total` rows among `ranks`: sizes differ by at most one; with fewer rows than ranks
/// some are 0.
Share share_of(int64_t total, int rank, int ranks);

/// The training data as an endless sequence of samples, a function of the tokens and the seed alone.
///
/// Epoch e cuts the tokens into windows of T + 1, each beginning on the last token of the one before, the
/// first at a random offset, and takes each window once, in random order. Sample s is window (s mod W) of
/// epoch ⌊s / W⌋ in that order, where W is the number of windows; global batch k holds samples kG to
/// (k + 1)G - 1. Nobody keeps a position: any rank can make any part of any batch, so the samples of a batch
/// do not depend on the number of ranks, and a run can resume anywhere. Fewer than 2T - 1 tokens at the two
/// ends sit out an epoch; the offset changes which.
class DataLoader {
 public:
  /// context: T > 0. global_batch: G > 0, sequences per step over all ranks. Throws UserError for fewer than
  /// T + 1 tokens.
  DataLoader(Tokens tokens, int64_t context, int64_t global_batch, uint64_t seed);

  int64_t context() const { return context_; }
  int64_t global_batch() const { return global_batch_; }
  int64_t windows_per_epoch() const { return windows_; }

  /// Where in the tokens the window of a sample begins.
  int64_t window_begin(uint64_t sample) const;

  /// Rows [first, first + count) of global batch `step`, within 0 … G; count may be 0.
  Batch batch(int64_t step, int64_t first, int64_t count) const;
  Batch batch(int64_t step) const { return batch(step, 0, global_batch_); }

 private:
  Tokens tokens_;
  int64_t context_;
  int64_t global_batch_;
  uint64_t seed_;
  int64_t offsets_;  // the windows of an epoch begin at an offset in [0, offsets_)
  int64_t windows_;
};

/// All tokens in order, for an exact evaluation: each token but the first is a target exactly once. The last
/// batch of full sequences may have fewer rows; what is left after it comes as one sequence of R < T tokens,
/// in tensors of shape (1, R). Weight each batch's mean loss by its number of targets.
class SequentialBatches {
 public:
  /// context: T > 0; rows: B > 0. Throws UserError for fewer than two tokens.
  SequentialBatches(Tokens tokens, int64_t context, int64_t rows);

  int64_t size() const;                                   ///< number of batches
  int64_t targets() const { return tokens_.size() - 1; }  ///< targets in all of them
  Batch operator[](int64_t index) const;

 private:
  Tokens tokens_;
  int64_t context_;
  int64_t rows_;
};

}  // namespace gpt
