#include "16_trainer/evaluation.hpp"

#include <algorithm>

#include "04_text/data_loader.hpp"
#include "11_ddp/tree.hpp"

namespace gpt {

// [evaluate]
Evaluation evaluate(Gpt& model, const Tokens& tokens, int64_t rows, int64_t batches,
                    Communicator& communicator) {
  const SequentialBatches all(tokens, model.config().context, rows);
  const int64_t used = batches > 0 ? std::min(batches, all.size()) : all.size();
  // Each batch has a place of its own, and all others add 0 to it: the sum of the places in order has the
  // same bits on any number of ranks.
  const Tensor sums = Tensor::zeros({used}, DType::f64), counts = Tensor::zeros({used}, DType::f64);
  for (int64_t i = communicator.rank(); i < used; i += communicator.size()) {
    const Batch batch = all[i * all.size() / used];
    sums.at<double>({i}) = model.loss(batch.inputs, batch.targets, 1.0, {}).value().item();
    counts.at<double>({i}) = static_cast<double>(batch.targets.elements());
  }
  communicator.all_reduce(sums, ReduceOp::sum);
  communicator.all_reduce(counts, ReduceOp::sum);
  const double predicted = tree_sum(counts.span<double>());
  return {tree_sum(sums.span<double>()) / predicted, static_cast<int64_t>(predicted)};
}
// [/evaluate]

}  // namespace gpt
