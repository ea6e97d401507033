#pragma once
// Many workers, one model: average the gradients before every step, or the parameters now and then.

#include <functional>

#include "03_optimizers/parameter_store.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

/// `tensor` (f32 or f64) becomes its average over the ranks, with the same bits on all. Right for gradients
/// of means over equally many samples.
void average(Communicator& communicator, const Tensor& tensor);

/// `tensor` becomes the average in which rank r counts n_r / Σ n, where n_r is the `samples` that rank r
/// passes. If each tensor is a mean over the rank's own samples, the result is the mean over all samples. A
/// rank without samples passes 0 and any finite tensor. Throws Error on all ranks when nobody has any.
void average(Communicator& communicator, const Tensor& tensor, double samples);

/// All gradients of a model, in one message: they lie in one buffer.
void average_gradients(Communicator& communicator, const ParameterStore& parameters, double samples = 1.0);

/// All parameters of a model, likewise; the compute copy follows.
void average_parameters(Communicator& communicator, const ParameterStore& parameters, double samples = 1.0);

/// One round of local SGD (Zinkevich et al., 2010; McMahan et al., 2017; Stich, 2019): every rank takes
/// `local_steps` steps on its own data, by calling step(0), step(1), …, then the parameters are averaged. As
/// many rounds as steps, of one step each, are gradient averaging, as far as plain gradient descent goes; one
/// round for the whole training is model averaging.
void local_sgd_round(Communicator& communicator, const ParameterStore& parameters, int64_t local_steps,
                     const std::function<void(int64_t)>& step, double samples = 1.0);

}  // namespace gpt
