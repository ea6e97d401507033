#include "05_gpt/gpt_operations.hpp"

#include <limits>

namespace gpt {
namespace {

/// (…, C) as (N, C): a view.
Tensor rows(const Tensor& x) {
  return x.defined() ? x.reshape({x.elements() / x.size(-1), x.size(-1)}) : x;
}

/// The shape of x with another size of the last dimension.
Shape with_width(Shape shape, int64_t width) {
  shape[-1] = width;
  return shape;
}

/// True when this handle is the only one on its elements, so that they may be overwritten.
bool only_holder(const Tensor& x) {
  return x.storage().use_count() == 1;
}

/// Token ids where the backend needs them, checked while the host can still see them.
Tensor upload_ids(Backend& backend, const Tensor& ids, int32_t lowest, int64_t vocabulary) {
  if (ids.device() == Device::cpu) check_ids(ids, lowest, vocabulary);
  return backend.upload(ids);
}

/// Where the gradient of a parameter gathers, set to zeros when nothing has arrived yet. A parameter that
/// wants none gets a tensor that nobody will read.
Tensor gradient_of(Backend& backend, const Variable& parameter) {
  Tensor gradient;
  const auto start = [&](const Tensor& destination, bool add) {
    if (!add) backend.fill(destination, 0.0);
    gradient = destination;
  };
  if (parameter.requires_gradient())
    parameter.node()->gather(parameter.shape(), backend.sum_type(), start, backend.allocator());
  else
    start(backend.empty(parameter.shape(), backend.sum_type()), false);
  return gradient;
}

}  // namespace

void check_ids(const Tensor& ids, int32_t lowest, int64_t vocabulary) {
  for (const int32_t id : ids.span<int32_t>())
    GPT_CHECK(id >= lowest && id < vocabulary, "token {} with a vocabulary of {}", id, vocabulary);
}

Variable embedding(Backend& backend, const Tensor& tokens, const Variable& token_table,
                   const Variable& position_table, int64_t first_position) {
  const Tensor x = backend.empty({tokens.size(0), tokens.size(1), token_table.shape()[1]});
  const Tensor ids = upload_ids(backend, tokens, 0, token_table.shape()[0]);
  backend.embedding_forward(x, ids, token_table.value(), position_table.value(), first_position);
  return record("embedding", x, {token_table, position_table},
                [&backend, ids, token_table, position_table, first_position](const Tensor& dx) {
                  GPT_CHECK(first_position == 0, "no gradient for an embedding from position {}",
                            first_position);
                  backend.embedding_backward(gradient_of(backend, token_table),
                                             gradient_of(backend, position_table), dx, ids);
                });
}

// [layernorm]
Variable layernorm(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias) {
  const Tensor y = backend.empty(x.shape());
  const int64_t n = x.value().elements() / x.shape()[-1];
  const Tensor mean = backend.empty({n}, backend.sum_type()), rstd = backend.empty({n}, backend.sum_type());
  backend.layernorm_forward(rows(y), mean, rstd, rows(x.value()), weight.value(), bias.value());
  return record("layernorm", y, {x, weight, bias}, [&backend, x, weight, bias, mean, rstd](const Tensor& dy) {
    const Tensor d_weight = gradient_of(backend, weight), d_bias = gradient_of(backend, bias);
    GPT_CHECK(x.requires_gradient(), "layernorm of a constant has no gradient here");
    const auto send = [&](const Tensor& dx, bool add) {
      backend.layernorm_backward(rows(dx), add, d_weight, d_bias, rows(dy), rows(x.value()), weight.value(),
                                 mean, rstd);
    };
    x.node()->gather(x.shape(), x.dtype(), send, backend.allocator());
  });
}
// [/layernorm]

namespace {

// [linear]
Variable linear_into(Backend& backend, const Tensor& y, const Variable& x, const Variable& weight,
                     const Variable& bias, const Variable& residual) {
  backend.linear_forward(rows(y), rows(x.value()), weight.value(), bias.value(), rows(residual.value()));
  return record("linear", y, {x, weight, bias, residual},
                [&backend, x, weight, bias, residual_node = residual.node()](const Tensor& dy) {
                  if (residual_node)
                    residual_node->accumulate(dy);  // y = … + residual: passed on, not copied
                  const bool has_bias = bias.value().defined();
                  if (weight.requires_gradient() || bias.requires_gradient())
                    backend.linear_backward_weight(gradient_of(backend, weight),
                                                   has_bias ? gradient_of(backend, bias) : Tensor(), rows(dy),
                                                   rows(x.value()));
                  const auto send = [&](const Tensor& dx, bool add) {
                    backend.linear_backward_input(rows(dx), add, rows(dy), weight.value());
                  };
                  if (x.requires_gradient())
                    x.node()->gather(x.shape(), x.dtype(), send, backend.allocator());
                });
}
// [/linear]

}  // namespace

Variable linear(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias,
                const Variable& residual) {
  const Tensor y = backend.empty(with_width(x.shape(), weight.shape()[0]));
  return linear_into(backend, y, x, weight, bias, residual);
}

Variable unembedding(Backend& backend, const Variable& x, const Variable& table) {
  const Tensor logits = backend.empty_logits(with_width(x.shape(), table.shape()[0]), backend.sum_type());
  return linear_into(backend, logits, x, table, {}, {});
}

// [attention]
Variable attention(Backend& backend, const Variable& qkv, int64_t heads, const Dropout& dropout) {
  const int64_t batch = qkv.shape()[0], positions = qkv.shape()[1];
  const Tensor y = backend.empty(with_width(qkv.shape(), qkv.shape()[2] / 3));
  const Tensor lse = backend.empty({batch, heads, positions}, backend.sum_type());
  backend.attention_forward(y, lse, qkv.value(), heads, 0, dropout);
  return record("attention", y, {qkv}, [&backend, qkv, y, lse, heads, dropout](const Tensor& dy) {
    const Tensor d_qkv = backend.empty(qkv.shape());
    backend.attention_backward(d_qkv, dy, y, lse, qkv.value(), heads, dropout);
    qkv.node()->accumulate(d_qkv);
  });
}
// [/attention]

Variable gelu(Backend& backend, const Variable& x) {
  const Tensor y = backend.empty(x.shape());
  backend.gelu_forward(y, x.value());
  return record("gelu", y, {x}, [&backend, x](const Tensor& dy) {
    const Tensor dx = only_holder(dy) ? dy : backend.empty(x.shape());
    backend.gelu_backward(dx, dy, x.value());
    x.node()->accumulate(dx);
  });
}

Variable dropout(Backend& backend, const Variable& x, const Variable& residual, const Dropout& dropout) {
  const Tensor y = backend.empty(x.shape());
  backend.dropout_forward(y, x.value(), residual.value(), dropout);
  return record("dropout", y, {x, residual},
                [&backend, dropout, x_node = x.node(), residual_node = residual.node()](const Tensor& dy) {
                  if (residual_node) residual_node->accumulate(dy);
                  if (!x_node) return;
                  const Tensor dx = only_holder(dy) ? dy : backend.empty(dy.shape());
                  backend.dropout_backward(dx, dy, dropout);
                  x_node->accumulate(dx);
                });
}

// [cross_entropy]
Variable cross_entropy(Backend& backend, const Variable& logits, const Tensor& targets, double scale) {
  const Tensor z = rows(logits.value());
  const Tensor flat_targets = upload_ids(backend, targets.reshape({targets.elements()}),
                                         std::numeric_limits<int32_t>::min(), z.size(1));
  const Tensor losses = backend.empty({z.size(0)}, backend.sum_type());
  const Tensor lse = backend.empty({z.size(0)}, backend.sum_type());
  backend.cross_entropy_forward(losses, lse, z, flat_targets);
  const Tensor loss = backend.empty({}, backend.sum_type());
  backend.sum_to(loss, losses, scale);
  return record("cross_entropy", loss, {logits},
                [&backend, z, lse, flat_targets, scale, node = logits.node(),
                 shape = logits.shape()](const Tensor& d_loss) {
                  const bool in_place = only_holder(z) && z.dtype() == backend.compute_type();
                  const Tensor d_logits =
                      in_place ? z : backend.empty_logits(z.shape(), backend.compute_type());
                  backend.cross_entropy_backward(d_logits, z, lse, flat_targets, scale * d_loss.item());
                  node->accumulate(d_logits.reshape(shape));
                });
}
// [/cross_entropy]

}  // namespace gpt
