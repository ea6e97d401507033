#pragma once

#include "09_averaging/communicator.hpp"

namespace gpt {

/// The gradients of a layer y = x · weightᵀ.
struct LayerGradients {
  Tensor x, weight;
};

// A layer whose outputs are shared out to p ranks. x: (N, I) is the same on all ranks; weight: (O / p, I) is
// this rank's.

/// y: (N, O / p), this rank's outputs.
Tensor column_forward(Communicator& group, const Tensor& x, const Tensor& weight);
/// dy: (N, O / p). The gradient of x must be that of the whole layer, on every rank.
LayerGradients column_backward(Communicator& group, const Tensor& dy, const Tensor& x, const Tensor& weight);

// A layer whose inputs are shared out. x: (N, I / p) and weight: (O, I / p) are this rank's.

/// y: (N, O), that of the whole layer, on every rank.
Tensor row_forward(Communicator& group, const Tensor& x, const Tensor& weight);
/// dy: (N, O) is the same on all ranks.
LayerGradients row_backward(Communicator& group, const Tensor& dy, const Tensor& x, const Tensor& weight);

}  // namespace gpt
