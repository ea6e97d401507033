#pragma once
// Causal self-attention in plain loops, one query at a time. Part of the reference backend.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "05_gpt/backend.hpp"

namespace gpt::reference {

/// The sizes of an attention, and where the rows of one head lie in qkv.
/// B sequences, T positions, H heads of D = C / H numbers each.
template <class T>
struct AttentionView {
  int64_t batch, positions, width, heads, head_width;
  int64_t sample_stride;  // qkv may be the front of a longer buffer
  T* qkv;

  AttentionView(const Tensor& qkv_tensor, int64_t head_count)
      : batch(qkv_tensor.size(0)),
        positions(qkv_tensor.size(1)),
        width(qkv_tensor.size(2) / 3),
        heads(head_count),
        head_width(width / head_count),
        sample_stride(qkv_tensor.strides()[0]),
        qkv(qkv_tensor.data<T>()) {
    GPT_CHECK(width * 3 == qkv_tensor.size(2) && head_width * heads == width, "qkv {} with {} heads",
              qkv_tensor.shape(), heads);
    GPT_CHECK(positions == 1 || (qkv_tensor.strides()[1] == 3 * width && qkv_tensor.strides()[2] == 1),
              "qkv with strides {}", qkv_tensor.strides());
  }

  T* query(int64_t b, int64_t h, int64_t t) const { return row(b, t) + h * head_width; }
  T* key(int64_t b, int64_t h, int64_t t) const { return row(b, t) + width + h * head_width; }
  T* value(int64_t b, int64_t h, int64_t t) const { return row(b, t) + 2 * width + h * head_width; }
  T scale() const { return T(1) / std::sqrt(static_cast<T>(head_width)); }

 private:
  T* row(int64_t b, int64_t t) const { return qkv + b * sample_stride + t * 3 * width; }
};

template <class T>
T dot(const T* a, const T* b, int64_t n) {
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
T dropout_factor(const Dropout& dropout, int64_t sample, int64_t i) {
  return dropout.active() ? static_cast<T>(dropout.factor(sample, i)) : T(1);
}

// [attention_forward]
/// y_t = Σ_{s ≤ t} p_ts · v_s,   p_ts = exp(score_ts) / Σ_{r ≤ t} exp(score_tr),   score_ts = q_t · k_s / √D
template <class T>
void attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                       int64_t first_query, const Dropout& dropout) {
  const AttentionView<T> a(qkv, heads);
  const int64_t queries = a.positions - first_query;
  GPT_CHECK_EQ(y.shape(), (Shape{a.batch, queries, a.width}));
  GPT_CHECK_EQ(lse.shape(), (Shape{a.batch, heads, queries}));
  std::vector<T> score(static_cast<size_t>(a.positions));
  for (int64_t b = 0; b < a.batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t t = first_query; t < a.positions; ++t) {
        const auto past = score.begin() + t + 1;  // causal: the query at t sees positions 0 … t
        for (int64_t s = 0; s <= t; ++s)
          score[s] = dot(a.query(b, h, t), a.key(b, h, s), a.head_width) * a.scale();
        // exp of a large score would overflow; subtracting the largest changes nothing in the ratio.
        const T largest = *std::max_element(score.begin(), past);
        T denominator = 0;
        for (int64_t s = 0; s <= t; ++s) denominator += std::exp(score[s] - largest);
        const T log_denominator = largest + std::log(denominator);
        lse.data<T>()[(b * heads + h) * queries + t - first_query] = log_denominator;

        T* out = y.data<T>() + (b * queries + t - first_query) * a.width + h * a.head_width;
        std::fill_n(out, a.head_width, T(0));
        for (int64_t s = 0; s <= t; ++s) {
          const T weight = std::exp(score[s] - log_denominator) *
                           dropout_factor<T>(dropout, b, (h * a.positions + t) * a.positions + s);
          for (int64_t i = 0; i < a.head_width; ++i) out[i] += weight * a.value(b, h, s)[i];
        }
      }
}
// [/attention_forward]

// [attention_backward]
/// With the upstream gradient dy_t and the mask's factors m_ts:
///   dv_s      = Σ_t m_ts p_ts dy_t
///   dscore_ts = p_ts (m_ts dy_t · v_s - dy_t · y_t)
///   dq_t      = Σ_s dscore_ts k_s / √D,   dk_s = Σ_t dscore_ts q_t / √D
template <class T>
void attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                        const Tensor& qkv, int64_t heads, const Dropout& dropout) {
  const AttentionView<T> a(qkv, heads), d(d_qkv, heads);
  d_qkv.fill(0.0);
  for (int64_t b = 0; b < a.batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t t = 0; t < a.positions; ++t) {
        const int64_t out = (b * a.positions + t) * a.width + h * a.head_width;
        const T* dy_t = dy.data<T>() + out;
        const T dy_y = dot(dy_t, y.data<T>() + out, a.head_width);
        const T log_denominator = lse.data<T>()[(b * heads + h) * a.positions + t];
        for (int64_t s = 0; s <= t; ++s) {
          const T score = dot(a.query(b, h, t), a.key(b, h, s), a.head_width) * a.scale();
          const T p = std::exp(score - log_denominator);
          const T m = dropout_factor<T>(dropout, b, (h * a.positions + t) * a.positions + s);
          const T d_score = p * (m * dot(dy_t, a.value(b, h, s), a.head_width) - dy_y) * a.scale();
          for (int64_t i = 0; i < a.head_width; ++i) {
            d.value(b, h, s)[i] += m * p * dy_t[i];
            d.query(b, h, t)[i] += d_score * a.key(b, h, s)[i];
            d.key(b, h, s)[i] += d_score * a.query(b, h, t)[i];
          }
        }
      }
}
// [/attention_backward]

}  // namespace gpt::reference
