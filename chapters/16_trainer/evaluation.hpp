#pragma once
// How well a model predicts text that it was not trained on.

#include "04_text/tokens.hpp"
#include "05_gpt/gpt.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

struct Evaluation {
  double loss = 0;     ///< the mean cross-entropy of a token, in nats
  int64_t tokens = 0;  ///< that were predicted
};

/// The mean cross-entropy per token, in nats, over `tokens` cut into sequences of the model's context, `rows`
/// at a time. `batches` limits it to so many batches, spread evenly over the tokens and always the same; 0
/// takes all, so that each token but the first is predicted once. The batches are shared out over the ranks,
/// and every rank gets the result. Collective. Throws UserError for fewer than two tokens.
Evaluation evaluate(Gpt& model, const Tokens& tokens, int64_t rows, int64_t batches,
                    Communicator& communicator);

}  // namespace gpt
