#include "16_trainer/evaluation.hpp"

#include <algorithm>

#include "04_text/data_loader.hpp"

namespace gpt {

// [evaluate]
double evaluate(Gpt& model, const Tokens& tokens, int64_t rows, int64_t batches, Communicator& communicator) {
  const SequentialBatches all(tokens, model.config().context, rows);
  const int64_t used = batches > 0 ? std::min(batches, all.size()) : all.size();
  double sum = 0, count = 0;
  for (int64_t i = communicator.rank(); i < used; i += communicator.size()) {
    const Batch batch = all[i * all.size() / used];
    sum += model.loss(batch.inputs, batch.targets, 1.0, {}).value().item();
    count += static_cast<double>(batch.targets.elements());
  }
  return communicator.all_reduce(sum, ReduceOp::sum) / communicator.all_reduce(count, ReduceOp::sum);
}
// [/evaluate]

}  // namespace gpt
