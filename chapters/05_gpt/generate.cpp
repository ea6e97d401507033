#include "05_gpt/generate.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {
namespace {

/// tokens as (1, T).
Tensor one_row(std::span<const int32_t> tokens) {
  const auto n = static_cast<int64_t>(tokens.size());
  return Tensor::from(std::vector<int32_t>(tokens.begin(), tokens.end()), {1, n});
}

}  // namespace

void Sampling::validate() const {
  GPT_REQUIRE(temperature >= 0.0 && std::isfinite(temperature), "the temperature is 0 or more, not {}",
              temperature);
  GPT_REQUIRE(top_k >= 0, "top-k keeps 1 token or more (0 = all), not {}", top_k);
  GPT_REQUIRE(top_p > 0.0 && top_p <= 1.0, "top-p is a probability above 0 and at most 1, not {}", top_p);
}

// [token_chances]
std::vector<TokenChance> token_chances(const Tensor& logits, const Sampling& sampling) {
  GPT_CHECK(logits.rank() == 1, "one row of logits, not {}", logits.shape());
  const Tensor z = logits.host().to(DType::f64).contiguous();
  std::vector<TokenChance> chances;
  for (int32_t token = 0; token < z.elements(); ++token)
    chances.push_back({token, z.data<double>()[token]});  // logits at first, probabilities soon
  const auto more_probable = [](const TokenChance& a, const TokenChance& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
  };

  const bool only_best = sampling.temperature == 0.0;
  const auto all = static_cast<int64_t>(chances.size());
  const int64_t kept = only_best ? 1 : sampling.top_k > 0 ? std::min(sampling.top_k, all) : all;
  if (kept < all || sampling.top_p < 1.0) {
    std::partial_sort(chances.begin(), chances.begin() + kept, chances.end(), more_probable);
    chances.resize(static_cast<size_t>(kept));
  }
  if (only_best) return {{chances.front().token, 1.0}};

  const auto scale_to_one = [&] {
    double sum = 0.0;
    for (const TokenChance& chance : chances) sum += chance.probability;
    for (TokenChance& chance : chances) chance.probability /= sum;
  };
  const double largest = std::max_element(chances.begin(), chances.end(), [](auto& a, auto& b) {
                           return a.probability < b.probability;
                         })->probability;
  for (TokenChance& chance : chances)
    chance.probability = std::exp((chance.probability - largest) / sampling.temperature);
  scale_to_one();

  if (sampling.top_p < 1.0) {
    double reached = 0.0;
    size_t nucleus = 0;
    while (nucleus < chances.size() && reached < sampling.top_p) reached += chances[nucleus++].probability;
    chances.resize(nucleus);
    scale_to_one();
  }
  return chances;
}
// [/token_chances]

// [sample_token]
int32_t sample_token(const Tensor& logits, const Sampling& sampling, uint64_t position) {
  const std::vector<TokenChance> chances = token_chances(logits, sampling);
  const double u = RandomStream(sampling.seed, RandomUse::sampling).uniform(position);
  double reached = 0.0;
  for (const TokenChance& chance : chances) {
    reached += chance.probability;
    if (u < reached) return chance.token;
  }
  return chances.back().token;  // the probabilities summed to a little less than 1
}
// [/sample_token]

// [generate]
std::vector<int32_t> generate(Gpt& model, std::span<const int32_t> prompt, int64_t count,
                              const Sampling& sampling, const std::function<void(int32_t)>& watch) {
  sampling.validate();
  GPT_REQUIRE(!prompt.empty(), "a text can only be continued from one token or more");
  const int64_t context = model.config().context;
  const auto keep_last = [](std::vector<int32_t>& tokens, int64_t n) {
    if (static_cast<int64_t>(tokens.size()) > n) tokens.erase(tokens.begin(), tokens.end() - n);
  };

  std::vector<int32_t> window(prompt.begin(), prompt.end()), result;
  keep_last(window, context);
  KvCache cache = model.make_cache(1);
  std::span<const int32_t> unseen = window;  // the end of the window, which is not in the cache yet
  while (static_cast<int64_t>(result.size()) < count) {
    const Tensor logits = model.next_logits(one_row(unseen), cache);
    const int32_t token = sample_token(logits.select(0, 0), sampling, result.size());
    result.push_back(token);
    if (watch) watch(token);

    window.push_back(token);
    unseen = std::span(window).last(1);
    if (cache.length == context) {
      keep_last(window, std::max<int64_t>(1, context / 2));
      cache.length = 0;
      unseen = window;
    }
  }
  return result;
}
// [/generate]

}  // namespace gpt
