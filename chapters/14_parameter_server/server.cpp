#include "14_parameter_server/server.hpp"

#include <algorithm>
#include <cstring>

#include "01_tensors/elementwise.hpp"

namespace gpt {

ParameterServer::ParameterServer(const ParameterStore& whole, ShardRange shard, ServerOptions options)
    : options_(std::move(options)),
      shard_(shard),
      store_(make_shard_store(whole, shard)),
      optimizer_(make_optimizer(options_.optimizer, store_, options_.numbers)),
      clocks_(options_.pace, options_.workers),
      heard_(static_cast<size_t>(options_.workers)),
      before_(store_.values().clone()) {
  GPT_CHECK(options_.block > 0, "blocks of {} elements", options_.block);
  GPT_CHECK(store_.values().dtype() == DType::f32, "a server holds f32, not {}", store_.values().dtype());
  block_versions_.resize(static_cast<size_t>((shard.elements() + options_.block - 1) / options_.block));
}

// [handle]
std::vector<Letter> ParameterServer::handle(const Message& message, double now) {
  const Header& header = message.header();
  try {
    check(message);
  } catch (const Error& error) {
    return {{header.worker, Message::refusal(header, error.what())}};
  }
  heard_[static_cast<size_t>(header.worker)] = now;
  switch (header.kind) {
    case Kind::pull:
      waiting_[header.worker] = header;
      break;
    case Kind::push:
      apply(header, message.payload());
      break;
    case Kind::leave:
      clocks_.remove(header.worker);
      break;
    default:
      break;
  }
  finish_synchronous_step();
  return answer_waiting(now);
}

std::vector<Letter> ParameterServer::expire(double now) {
  for (int worker = 0; worker < options_.workers; ++worker)
    if (clocks_.lives(worker) && !waiting_.contains(worker) &&
        now - heard_[static_cast<size_t>(worker)] > options_.lease) {
      clocks_.remove(worker);
      lost_.push_back(worker);
    }
  finish_synchronous_step();
  return answer_waiting(now);
}
// [/handle]

void ParameterServer::check(const Message& message) const {
  const Header& header = message.header();
  const int worker = header.worker;
  GPT_REQUIRE(worker >= 0 && worker < options_.workers, "there is no worker {}; there are {}", worker,
              options_.workers);
  GPT_REQUIRE(header.kind == Kind::pull || header.kind == Kind::push || header.kind == Kind::leave,
              "a server takes no message of kind {}", static_cast<int>(header.kind));
  GPT_REQUIRE(header.shard() == shard_, "this server has the elements {} to {}, not {} to {}", shard_.from,
              shard_.to, header.from, header.to);
  GPT_REQUIRE(clocks_.lives(worker),
              "worker {} counts no more: it has left, or was not heard of for too long", worker);
  const bool starts = header.kind == Kind::pull && header.clock == Header::unknown_clock;
  GPT_REQUIRE(starts || header.clock == clocks_.clock(worker), "worker {} has finished {} steps, not {}",
              worker, clocks_.clock(worker), header.clock);
  const int64_t oldest = header.kind == Kind::push ? 0 : -1;
  GPT_REQUIRE(header.version >= oldest && header.version <= version_,
              "worker {} has version {}, and there are {}", worker, header.version, version_);
  const size_t expected =
      header.kind == Kind::push ? static_cast<size_t>(shard_.elements()) * sizeof(float) : 0;
  GPT_REQUIRE(message.payload().size() == expected, "a message with {} bytes, where {} were expected",
              message.payload().size(), expected);
  if (header.kind != Kind::push) return;
  GPT_REQUIRE(!waiting_.contains(worker), "worker {} has pushed while it waits for parameters", worker);
  GPT_REQUIRE(clocks_.may_begin(worker), "worker {} has pushed a step that it could not have begun", worker);
}

// [apply]
void ParameterServer::apply(const Header& push, std::span<const std::byte> gradient) {
  clocks_.tick(push.worker);
  const auto stale = static_cast<size_t>(version_ - push.version);
  staleness_.resize(std::max(staleness_.size(), stale + 1));
  ++staleness_[stale];
  if (options_.pace.mode == Mode::synchronous) {
    const Tensor& mine = gradients_[push.worker] = Tensor({store_.size()});
    std::memcpy(mine.bytes_data(), gradient.data(), gradient.size());
    return;
  }
  float* g = store_.gradients().data<float>();
  std::memcpy(g, gradient.data(), gradient.size());
  const auto living = static_cast<float>(clocks_.living());
  for (int64_t i = 0; i < shard_.elements(); ++i) g[i] /= living;
  step(options_.rate(version_ / options_.workers));
}

void ParameterServer::finish_synchronous_step() {
  if (gradients_.empty()) return;
  for (int worker = 0; worker < options_.workers; ++worker)
    if (clocks_.lives(worker) && !gradients_.contains(worker)) return;
  const Tensor& sum = store_.gradients();
  sum.fill(0.0);
  for (const auto& [worker, gradient] : gradients_) {  // in order of worker, whoever came first
    float* total = sum.data<float>();
    const float* g = gradient.data<float>();
    for (int64_t i = 0; i < store_.size(); ++i) total[i] += g[i];
  }
  const auto parts = static_cast<float>(gradients_.size());
  for (float& g : sum.span<float>()) g /= parts;
  gradients_.clear();
  step(options_.rate(version_));
}
// [/apply]

// [step]
void ParameterServer::step(double rate) {
  before_.copy_from(store_.values());
  optimizer_->step(rate);
  ++version_;
  const float *old = before_.data<float>(), *now = store_.values().data<float>();
  for (size_t b = 0; b < block_versions_.size(); ++b) {
    const int64_t from = static_cast<int64_t>(b) * options_.block;
    const int64_t count = std::min(options_.block, shard_.elements() - from);
    if (std::memcmp(old + from, now + from, static_cast<size_t>(count) * sizeof(float)) != 0)
      block_versions_[b] = version_;
  }
}

Letter ParameterServer::answer(const Header& pull) const {
  std::vector<int32_t> changed;
  size_t elements = 0;
  for (size_t b = 0; b < block_versions_.size(); ++b) {
    if (block_versions_[b] <= pull.version) continue;
    changed.push_back(static_cast<int32_t>(b));
    const int64_t from = static_cast<int64_t>(b) * options_.block;
    elements += static_cast<size_t>(std::min(options_.block, shard_.elements() - from));
  }
  Header header = pull;
  header.kind = Kind::values;
  header.clock = clocks_.clock(pull.worker);
  header.version = version_;
  header.blocks = static_cast<int32_t>(changed.size());
  Message message(header, changed.size() * sizeof(int32_t) + elements * sizeof(float));
  std::byte* out = message.payload().data();
  if (changed.empty()) return {pull.worker, std::move(message)};
  std::memcpy(out, changed.data(), changed.size() * sizeof(int32_t));
  out += changed.size() * sizeof(int32_t);
  for (const int32_t b : changed) {
    const int64_t from = b * options_.block;
    const int64_t bytes = std::min(options_.block, shard_.elements() - from) * int64_t{sizeof(float)};
    std::memcpy(out, store_.values().data<float>() + from, static_cast<size_t>(bytes));
    out += bytes;
  }
  return {pull.worker, std::move(message)};
}
// [/step]

std::vector<Letter> ParameterServer::answer_waiting(double now) {
  std::vector<Letter> letters;
  for (auto waits = waiting_.begin(); waits != waiting_.end();) {
    const int worker = waits->first;
    if (!clocks_.lives(worker)) {
      waits = waiting_.erase(waits);
    } else if (clocks_.may_begin(worker)) {
      letters.push_back(answer(waits->second));
      heard_[static_cast<size_t>(worker)] = now;  // its lease begins when it can work
      waits = waiting_.erase(waits);
    } else {
      ++waits;
    }
  }
  return letters;
}

}  // namespace gpt
