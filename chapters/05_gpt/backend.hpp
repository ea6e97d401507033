#pragma once
// The dozen operations that a GPT needs, forward and backward. A model is written once against this
// interface; a device joins by implementing it.

#include <functional>
#include <memory>
#include <string_view>

#include "01_tensors/tensor.hpp"
#include "05_gpt/dropout.hpp"

namespace gpt {

/// AdamW's numbers for one step (Kingma and Ba, 2015; Loshchilov and Hutter, 2019).
struct AdamWStep {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  double gradient_scale = 1.0;  ///< every gradient is multiplied by it first: the clipping factor
  int64_t step = 1;             ///< counts from 1, for the bias correction
};

/// Orders that a device has been given once and keeps (chapter 08).
class OrderList {
 public:
  virtual ~OrderList() = default;
  /// Gives them all again. They read and write the memory that they did, and know the numbers that they knew.
  virtual void run() = 0;
  virtual int64_t size() const = 0;
};

/// Operations on tensors of one device. Sizes: B sequences, T positions, C width, H heads, V vocabulary, N =
/// B·T rows. "Activations" are of the backend's compute type (f32, or bf16 with sums in f32; f64 for the
/// reference); norm weights, biases, statistics, losses and all gradients of parameters are f32 (f64 for the
/// reference). Outputs are allocated by the caller and must not overlap inputs unless a comment allows it.
/// Parameter gradients (d_weight, d_bias, …) are always added to; where an output takes `add`, false
/// overwrites and true adds. All tensors are contiguous unless said otherwise; logits and their gradients are
/// what empty_logits() gives.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// Of the memory in which the tensors of this backend lie.
  virtual std::shared_ptr<Allocator> allocator() const { return host_allocator(); }
  Device device() const { return allocator()->device(); }
  /// The type of activations and matrices.
  virtual DType compute_type() const = 0;
  /// The type of parameter gradients, statistics and losses: f32, or f64 where compute_type() is.
  DType sum_type() const { return compute_type() == DType::f64 ? DType::f64 : DType::f32; }
  /// An uninitialised tensor in the memory of the device.
  Tensor empty(const Shape& shape, DType dtype) const { return Tensor(shape, dtype, allocator()); }
  Tensor empty(const Shape& shape) const { return empty(shape, compute_type()); }
  /// How many elements the rows of logits lie apart: V, or more where products want each row to begin at a
  /// round address.
  virtual int64_t logits_stride(int64_t vocabulary) const { return vocabulary; }
  /// For logits, or their gradient: (…, V). With a stride of more than V a view of longer rows.
  Tensor empty_logits(Shape shape, DType dtype) const {
    const int64_t vocabulary = shape[-1];
    shape[-1] = logits_stride(vocabulary);
    return empty(shape, dtype).slice(shape.rank() - 1, 0, vocabulary);
  }
  /// A small tensor of the host, such as a batch of tokens, in the memory of the device: itself where that is
  /// the host's. The host's copy may be changed on return.
  virtual Tensor upload(const Tensor& tensor) { return tensor.on(allocator()); }

  /// x[b,t] = token_table[tokens[b,t]] + position_table[first_position + t].
  /// tokens: (B, T) i32, token_table: (V, C), position_table: (context, C), x: (B, T, C).
  virtual void embedding_forward(const Tensor& x, const Tensor& tokens, const Tensor& token_table,
                                 const Tensor& position_table, int64_t first_position) = 0;
  /// Adds to the tables' gradients, in an order that does not depend on the number of threads.
  virtual void embedding_backward(const Tensor& d_token_table, const Tensor& d_position_table,
                                  const Tensor& dx, const Tensor& tokens) = 0;

  /// y = (x - mean) · rstd · weight + bias over the last dimension, rstd = 1 / sqrt(variance + 1e-5)
  /// (Ba, Kiros and Hinton, 2016). x, y: (N, C), weight, bias: (C), mean, rstd: (N).
  virtual void layernorm_forward(const Tensor& y, const Tensor& mean, const Tensor& rstd, const Tensor& x,
                                 const Tensor& weight, const Tensor& bias) = 0;
  virtual void layernorm_backward(const Tensor& dx, bool add, const Tensor& d_weight, const Tensor& d_bias,
                                  const Tensor& dy, const Tensor& x, const Tensor& weight, const Tensor& mean,
                                  const Tensor& rstd) = 0;

  /// y = x · weightᵀ + bias + residual. x: (N, I), weight: (O, I), bias: (O) or undefined, residual: (N, O)
  /// or undefined, y: (N, O), of the compute type or f32.
  virtual void linear_forward(const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const Tensor& residual) = 0;
  /// dx (+)= dy · weight; undefined when not wanted.
  virtual void linear_backward_input(const Tensor& dx, bool add, const Tensor& dy, const Tensor& weight) = 0;
  /// d_weight += dyᵀ · x, d_bias += sum of the rows of dy; d_bias is undefined where there is no bias.
  virtual void linear_backward_weight(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                                      const Tensor& x) = 0;

  /// Causal self-attention (Vaswani et al., 2017): query t sees the positions 0 … t.
  /// qkv: (B, T, 3C) holds query, key and value side by side, each as H heads of C / H. Only the queries from
  /// position `first_query` on are computed: y: (B, T - first_query, C). Scores are scaled by 1 / sqrt(C /
  /// H); dropout falls on the softmax's weights, element (h · T + t) · T + s of a sample. lse: (B, H, T -
  /// first_query), the logarithm of each softmax's denominator, is what the backward pass needs to compute
  /// the weights again. qkv may be a view of the first T positions of a longer buffer: its stride over B is
  /// free, as a KV cache needs.
  virtual void attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                 int64_t first_query, const Dropout& dropout) = 0;
  /// d_qkv = … with first_query = 0. y and dy: (B, T, C).
  virtual void attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                                  const Tensor& qkv, int64_t heads, const Dropout& dropout) = 0;

  /// y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))), GPT-2's form of Hendrycks and Gimpel (2016).
  virtual void gelu_forward(const Tensor& y, const Tensor& x) = 0;
  /// dx = dy · gelu'(x). dx may be dy.
  virtual void gelu_backward(const Tensor& dx, const Tensor& dy, const Tensor& x) = 0;

  /// y = residual + dropout(x); residual may be undefined, y may be x. x: (B, …).
  virtual void dropout_forward(const Tensor& y, const Tensor& x, const Tensor& residual,
                               const Dropout& dropout) = 0;
  /// dx = dropout(dy). dx may be dy.
  virtual void dropout_backward(const Tensor& dx, const Tensor& dy, const Dropout& dropout) = 0;

  /// losses[n] = lse[n] - logits[n, targets[n]], lse[n] = log of the sum of exp(logits[n]): softmax and
  /// cross-entropy in one. A negative target marks a row without a loss. logits: (N, V), targets: (N) i32,
  /// losses, lse: (N).
  virtual void cross_entropy_forward(const Tensor& losses, const Tensor& lse, const Tensor& logits,
                                     const Tensor& targets) = 0;
  /// d_logits = scale · (softmax(logits) - one_hot(target)), 0 for rows without a loss. d_logits may be
  /// logits. A target of V or more is that of a row with a loss whose token is none of these: where the
  /// vocabulary is split over ranks (chapter 15).
  virtual void cross_entropy_backward(const Tensor& d_logits, const Tensor& logits, const Tensor& lse,
                                      const Tensor& targets, double scale) = 0;

  /// The sum of all elements of a tensor of the sum type, in a fixed order.
  virtual double sum(const Tensor& x) = 0;
  /// result = factor · sum(x), where nobody has to wait for it. result: (), in the memory of the device.
  virtual void sum_to(const Tensor& result, const Tensor& x, double factor) {
    result.copy_from(Tensor::scalar(factor * sum(x), result.dtype()));
  }
  /// The sum of squares, in a fixed order: the square of the global norm.
  virtual double sum_of_squares(const Tensor& x) = 0;
  virtual void fill(const Tensor& x, double value) = 0;
  virtual void cast(const Tensor& to, const Tensor& from) = 0;
  /// a += b.
  virtual void add(const Tensor& a, const Tensor& b) = 0;

  /// One step of AdamW on a slice of the arena: g = gradient_scale · gradient; m = β₁m + (1-β₁)g; v = β₂v +
  /// (1-β₂)g²; value -= lr · (m̂ / (√v̂ + ε) + weight_decay · value). Also writes the bf16 copy where
  /// `compute_copy` is defined.
  virtual void adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
                     const Tensor& compute_copy, const AdamWStep& step) = 0;

  /// Waits until everything asked for so far is done. Host code may then read results.
  virtual void synchronize() {}
  /// Keeps what `orders` asks of the device, without doing it. They must ask for nothing that the host would
  /// have to wait for, and must have been done once, right before. nullptr where there is no such thing.
  virtual std::unique_ptr<OrderList> capture(const std::function<void()>& /*orders*/) { return nullptr; }
};

/// Plain loops, the formula as it is written, in f32 or f64: the oracle for every other backend.
std::unique_ptr<Backend> make_reference_backend(DType compute_type = DType::f64);

/// The trainer's backend for processors: oneDNN, vector loops and OpenMP threads, in f32 or bf16.
std::unique_ptr<Backend> make_cpu_backend(DType compute_type = DType::f32);

}  // namespace gpt
