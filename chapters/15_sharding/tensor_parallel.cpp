#include "15_sharding/tensor_parallel.hpp"

#include <cmath>
#include <cstring>

#include "01_tensors/elementwise.hpp"

namespace gpt {
namespace {

/// (…, C) as (N, C): a view.
Tensor rows(const Tensor& x) {
  return x.defined() ? x.reshape({x.elements() / x.size(-1), x.size(-1)}) : x;
}

bool only_holder(const Tensor& x) {
  return x.storage().use_count() == 1;
}

/// Calls add(gradient) with the tensor in which a parameter's gradient gathers.
template <class F>
void add_to_gradient(Backend& backend, const Variable& parameter, F&& add) {
  const auto write = [&](const Tensor& gradient, bool has_some) {
    if (!has_some) backend.fill(gradient, 0.0);
    add(gradient);
  };
  parameter.node()->gather(parameter.shape(), backend.sum_type(), write, backend.allocator());
}

}  // namespace

// [f_and_g]
Variable enter_parallel(Communicator& group, const Variable& x) {
  return record("enter_parallel", x.value(), {x}, [&group, node = x.node()](const Tensor& part) {
    const Tensor whole = only_holder(part) ? part : part.clone();
    group.all_reduce(whole, ReduceOp::sum);
    node->accumulate(whole);
  });
}

Variable leave_parallel(Communicator& group, const Variable& x) {
  group.all_reduce(x.value(), ReduceOp::sum);
  return record("leave_parallel", x.value(), {x},
                [node = x.node()](const Tensor& whole) { node->accumulate(whole); });
}
// [/f_and_g]

// [column]
Variable column_parallel_linear(Backend& backend, Communicator& group, const Variable& x,
                                const Variable& weight, const Variable& bias) {
  return linear(backend, enter_parallel(group, x), weight, bias);
}
// [/column]

namespace {

/// A rank's summand of a row-parallel layer: x · weightᵀ, and on rank 0 the bias and the residual. All ranks
/// have these, and all need their gradients, so backward treats all alike.
Variable linear_summand(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias,
                        const Variable& residual, bool adds) {
  Shape shape = x.shape();
  shape[-1] = weight.shape()[0];
  const Tensor y = backend.empty(shape), none;
  backend.linear_forward(rows(y), rows(x.value()), weight.value(), adds ? bias.value() : none,
                         adds ? rows(residual.value()) : none);
  return record("row_parallel_linear", y, {x, weight, bias, residual},
                [&backend, x, weight, bias, residual_node = residual.node()](const Tensor& dy) {
                  if (residual_node) residual_node->accumulate(dy);
                  add_to_gradient(backend, weight, [&](const Tensor& d_weight) {
                    add_to_gradient(backend, bias, [&](const Tensor& d_bias) {
                      backend.linear_backward_weight(d_weight, d_bias, rows(dy), rows(x.value()));
                    });
                  });
                  const auto send = [&](const Tensor& dx, bool add) {
                    backend.linear_backward_input(rows(dx), add, rows(dy), weight.value());
                  };
                  x.node()->gather(x.shape(), x.dtype(), send, backend.allocator());
                });
}

}  // namespace

// [row]
Variable row_parallel_linear(Backend& backend, Communicator& group, const Variable& x, const Variable& weight,
                             const Variable& bias, const Variable& residual) {
  return leave_parallel(group, linear_summand(backend, x, weight, bias, residual, group.rank() == 0));
}
// [/row]

namespace {

// [embedding]
/// The rows of the table that this rank has, and zeros for the tokens of others.
Variable embedding_summand(Backend& backend, const Tensor& tokens, const Variable& share, Span mine) {
  const Tensor x = backend.empty({tokens.size(0), tokens.size(1), share.shape()[1]});
  const Tensor out = rows(x), table = share.value();
  backend.fill(x, 0.0);
  for (int64_t n = 0; n < tokens.elements(); ++n) {
    const int64_t token = tokens.data<int32_t>()[n];
    if (token < mine.from || token >= mine.to) continue;
    const Tensor row = table.select(0, token - mine.from);
    std::memcpy(out.select(0, n).bytes_data(), row.bytes_data(), static_cast<size_t>(row.bytes()));
  }
  return record("vocabulary_parallel_embedding", x, {share},
                [&backend, ids = tokens.clone(), share, mine](const Tensor& dx) {
                  const Tensor in = rows(dx.to(backend.sum_type()));
                  add_to_gradient(backend, share, [&](const Tensor& d_share) {
                    for (int64_t n = 0; n < ids.elements(); ++n) {
                      const int64_t token = ids.data<int32_t>()[n];
                      if (token >= mine.from && token < mine.to)
                        add_to(d_share.select(0, token - mine.from), in.select(0, n));
                    }
                  });
                });
}
// [/embedding]

/// x[b,t] + position_table[first + t].
Variable add_positions(Backend& backend, const Variable& x, const Variable& table, int64_t first) {
  const Tensor y = x.value().clone(), positions = table.value().slice(0, first, first + x.shape()[1]);
  for (int64_t b = 0; b < y.size(0); ++b) backend.add(y.select(0, b), positions);
  return record("add_positions", y, {x, table}, [&backend, node = x.node(), table, first](const Tensor& dy) {
    GPT_CHECK(first == 0, "no gradient for an embedding from position {}", first);
    add_to_gradient(backend, table, [&](const Tensor& d_table) {
      const Tensor dy_sums = dy.to(backend.sum_type()), seen = d_table.slice(0, 0, dy.size(1));
      for (int64_t b = 0; b < dy.size(0); ++b) backend.add(seen, dy_sums.select(0, b));
    });
    node->accumulate(dy);
  });
}

}  // namespace

Variable vocabulary_parallel_embedding(Backend& backend, Communicator& group, const Tensor& tokens,
                                       const Variable& token_share, Span mine, const Variable& position_table,
                                       int64_t first_position) {
  GPT_CHECK(backend.device() == Device::cpu, "a shared model computes in memory of the host");
  const Variable summand = embedding_summand(backend, tokens, token_share, mine);
  return add_positions(backend, leave_parallel(group, summand), position_table, first_position);
}

// [cross_entropy]
Variable vocabulary_parallel_cross_entropy(Backend& backend, Communicator& group, const Variable& logits,
                                           Span mine, const Tensor& targets, double scale) {
  const Tensor z = rows(logits.value());
  const int64_t n = z.size(0);
  GPT_CHECK(targets.elements() == n && z.size(1) == mine.count(), "{} targets, logits {}", n, z.shape());
  const Tensor here(Shape{n}, DType::i32), all(Shape{n}, DType::i32);  // for forward, and for backward
  for (int64_t i = 0; i < n; ++i) {
    const int32_t target = targets.data<int32_t>()[i];
    const bool is_mine = target >= mine.from && target < mine.to;
    const auto column = static_cast<int32_t>(is_mine ? target - mine.from : mine.count());
    here.data<int32_t>()[i] = is_mine ? column : -1;
    all.data<int32_t>()[i] = target < 0 ? -1 : column;
  }
  const Tensor losses = backend.empty({n}, backend.sum_type()), lse = backend.empty({n}, backend.sum_type());
  backend.cross_entropy_forward(losses, lse, z, here);

  // lse of all = m + log Σ exp(lse of a rank - m), with the largest of them as m: then no exp overflows.
  const Tensor largest = lse.clone();
  group.all_reduce(largest, ReduceOp::max);
  const Tensor sum = map(lse, largest, [](auto own, auto m) { return std::exp(own - m); });
  group.all_reduce(sum, ReduceOp::sum);
  const Tensor lse_of_all = map(largest, sum, [](auto m, auto s) { return m + std::log(s); });

  double loss = 0;  // of the rows whose target is here: losses + lse of all - lse of this rank
  const Tensor beyond = (lse_of_all - lse).to(DType::f64), own = losses.to(DType::f64);
  for (int64_t i = 0; i < n; ++i)
    if (here.data<int32_t>()[i] >= 0) loss += own.data<double>()[i] + beyond.data<double>()[i];
  loss = scale * group.all_reduce(loss, ReduceOp::sum);

  return record("vocabulary_parallel_cross_entropy", Tensor::scalar(loss, backend.sum_type()), {logits},
                [&backend, z, lse_of_all, all, scale, node = logits.node(),
                 shape = logits.shape()](const Tensor& d_loss) {
                  const bool in_place = only_holder(z) && z.dtype() == backend.compute_type();
                  const Tensor d_logits =
                      in_place ? z : backend.empty_logits(z.shape(), backend.compute_type());
                  backend.cross_entropy_backward(d_logits, z, lse_of_all, all, scale * d_loss.item());
                  node->accumulate(d_logits.reshape(shape));
                });
}
// [/cross_entropy]

}  // namespace gpt
