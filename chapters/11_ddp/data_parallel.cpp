#include "11_ddp/data_parallel.hpp"

#include <chrono>

#include "11_ddp/replicas.hpp"

namespace gpt {

DataParallel::DataParallel(ParameterStore& parameters, Communicator& communicator,
                           DataParallelOptions options, std::unique_ptr<GradientReducer> reducer)
    : parameters_(parameters),
      communicator_(communicator),
      options_(options),
      reducer_(reducer ? std::move(reducer) : std::make_unique<SumReducer>(communicator)),
      plan_(plan_buckets(parameters, options.bucket_bytes)) {
  for (size_t i = 0; i < parameters_.parameters().size(); ++i)
    parameters_.parameters()[i].variable.node()->on_ready([this, i] { ready(i); });
}

DataParallel::~DataParallel() {
  for (const Parameter& parameter : parameters_.parameters()) parameter.variable.node()->on_ready(nullptr);
}

void DataParallel::broadcast_parameters() {
  communicator_.broadcast(parameters_.values(), 0);
  parameters_.refresh_compute_copy();
}

// [hooks]
void DataParallel::prepare(bool last_micro_batch) {
  GPT_CHECK(!armed_, "prepare() after the last micro-batch: finish() comes first");
  ready_times_.assign(plan_.of_parameter.size(), {});
  if (!last_micro_batch) return;
  armed_ = true;
  works_.clear();
  missing_.clear();
  for (const Bucket& bucket : plan_.buckets) missing_.push_back(bucket.parameters);
  seen_.assign(plan_.of_parameter.size(), false);
}

void DataParallel::ready(size_t parameter) {
  if (parameter < ready_times_.size()) ready_times_[parameter] = std::chrono::steady_clock::now();
  if (!armed_ || !options_.overlap) return;
  GPT_CHECK(!seen_[parameter], "parameter {} became ready twice: one backward pass per prepare()",
            parameters_.parameters()[parameter].name);
  seen_[parameter] = true;
  const BucketPlan::Range range = plan_.of_parameter[parameter];
  for (int b = range.first; b <= range.last; ++b) --missing_[static_cast<size_t>(b)];
  while (works_.size() < plan_.buckets.size() && missing_[works_.size()] == 0) start_next();
}

void DataParallel::start_next() {
  const Bucket& bucket = plan_.buckets[works_.size()];
  works_.push_back(reducer_->start(works_.size(), parameters_.gradients().slice(0, bucket.from, bucket.to)));
}

void DataParallel::finish() {
  GPT_CHECK(armed_, "finish() without prepare(true)");
  armed_ = false;
  const auto start = std::chrono::steady_clock::now();
  while (works_.size() < plan_.buckets.size()) start_next();
  bucket_intervals_.clear();
  for (const std::unique_ptr<Work>& work : works_) {
    work->wait();
    bucket_intervals_.push_back(work->interval());
  }
  communication_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
// [/hooks]

void DataParallel::check_replicas(int64_t step) {
  gpt::check_replicas(parameters_, communicator_, step);
}

}  // namespace gpt
