#include "04_text/data_loader.hpp"

#include <vector>

#include "01_tensors/philox.hpp"
#include "04_text/permutation.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

/// Rows of `length` tokens; row b begins at begins[b].
Batch gather(const Tokens& tokens, const std::vector<int64_t>& begins, int64_t length,
             uint64_t first_sample) {
  const Shape shape{static_cast<int64_t>(begins.size()), length};
  Batch batch{Tensor(shape, DType::i32), Tensor(shape, DType::i32), first_sample};
  auto* inputs = batch.inputs.data<int32_t>();
  auto* targets = batch.targets.data<int32_t>();
  for (int64_t begin : begins) {
    tokens.copy(begin, length, inputs);
    tokens.copy(begin + 1, length, targets);  // the same, one token further on
    inputs += length;
    targets += length;
  }
  return batch;
}

constexpr uint64_t offset_draw = uint64_t{1} << 63;  // the permutation draws below this position

}  // namespace

Share share_of(int64_t total, int rank, int ranks) {
  GPT_CHECK(total >= 0 && rank >= 0 && rank < ranks, "{} rows for rank {} of {}", total, rank, ranks);
  const int64_t first = total * rank / ranks, last = total * (rank + 1) / ranks;
  return {first, last - first};
}

DataLoader::DataLoader(Tokens tokens, int64_t context, int64_t global_batch, uint64_t seed)
    : tokens_(std::move(tokens)), context_(context), global_batch_(global_batch), seed_(seed) {
  GPT_CHECK(context > 0 && global_batch > 0, "a context of {} and a batch of {}", context, global_batch);
  GPT_REQUIRE(tokens_.size() > context, "the text has only {} tokens, but a context of {} needs at least {}",
              tokens_.size(), context, context + 1);
  offsets_ = std::min(context, tokens_.size() - context);
  windows_ = (tokens_.size() - offsets_) / context;  // this many fit behind every offset
}

// [window_begin]
int64_t DataLoader::window_begin(uint64_t sample) const {
  const auto windows = static_cast<uint64_t>(windows_);
  const uint64_t epoch = sample / windows;
  const auto position = static_cast<int64_t>(sample % windows);
  const RandomStream random(seed_, RandomUse::data_order, epoch);
  const auto offset = static_cast<int64_t>(random.below(offset_draw, static_cast<uint64_t>(offsets_)));
  return offset + context_ * Permutation(windows_, seed_, epoch)(position);
}
// [/window_begin]

// [batch]
Batch DataLoader::batch(int64_t step, int64_t first, int64_t count) const {
  GPT_CHECK(step >= 0 && first >= 0 && count >= 0 && first + count <= global_batch_,
            "rows {} to {} of step {}'s {} rows", first, first + count, step, global_batch_);
  const auto first_sample = static_cast<uint64_t>(step * global_batch_ + first);
  std::vector<int64_t> begins;
  for (int64_t row = 0; row < count; ++row)
    begins.push_back(window_begin(first_sample + static_cast<uint64_t>(row)));
  return gather(tokens_, begins, context_, first_sample);
}
// [/batch]

SequentialBatches::SequentialBatches(Tokens tokens, int64_t context, int64_t rows)
    : tokens_(std::move(tokens)), context_(context), rows_(rows) {
  GPT_CHECK(context > 0 && rows > 0, "a context of {} and {} rows", context, rows);
  GPT_REQUIRE(tokens_.size() >= 2, "an evaluation needs at least two tokens, and there are {}",
              tokens_.size());
}

int64_t SequentialBatches::size() const {
  const int64_t full_rows = targets() / context_;
  return (full_rows + rows_ - 1) / rows_ + (targets() % context_ > 0 ? 1 : 0);
}

Batch SequentialBatches::operator[](int64_t index) const {
  GPT_CHECK(index >= 0 && index < size(), "batch {} of {}", index, size());
  const int64_t full_rows = targets() / context_;
  const int64_t first = index * rows_;
  if (first >= full_rows)  // what is left
    return gather(tokens_, {full_rows * context_}, targets() % context_, static_cast<uint64_t>(full_rows));
  std::vector<int64_t> begins;
  for (int64_t row = first; row < std::min(first + rows_, full_rows); ++row) begins.push_back(row * context_);
  return gather(tokens_, begins, context_, static_cast<uint64_t>(first));
}

}  // namespace gpt
