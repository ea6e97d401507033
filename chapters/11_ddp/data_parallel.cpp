#include "11_ddp/data_parallel.hpp"

#include <chrono>

#include "11_ddp/replicas.hpp"

namespace gpt {
namespace {

std::unique_ptr<GradientReducer> default_reducer(Communicator& communicator,
                                                 const DataParallelOptions& options) {
  if (options.leaves > 0 && communicator.size() > 1) return std::make_unique<TreeReducer>(communicator);
  return std::make_unique<SumReducer>(communicator);
}

/// Where the ranks add up: the gradients themselves when that can be done `at_home`, where they lie; else a
/// tensor of their size on the host.
Tensor meeting_place(const Tensor& gradients, bool at_home) {
  if (at_home) return gradients;
  return Tensor(gradients.shape(), gradients.dtype(), gradients.allocator()->memory().staging());
}

}  // namespace

DataParallel::DataParallel(ParameterStore& parameters, Communicator& communicator,
                           DataParallelOptions options, std::unique_ptr<GradientReducer> reducer)
    : parameters_(parameters),
      communicator_(communicator),
      options_(options),
      plan_(options.bucket_ends.empty() ? plan_buckets(parameters, options.bucket_bytes)
                                        : plan_buckets(parameters, options.bucket_ends)),
      reducer_(reducer ? std::move(reducer) : default_reducer(communicator, options)),
      gradients_(meeting_place(parameters.gradients(),
                               parameters.gradients().device() == Device::cpu ||
                                   (options.leaves == 0 &&  // trees are added up on the host
                                    reducer_->takes(parameters.gradients().device())))),
      ready_times_(plan_.of_parameter.size()) {
  if (options_.leaves > 0) {
    GPT_CHECK(options_.leaves % communicator_.size() == 0, "{} leaves on {} ranks", options_.leaves,
              communicator_.size());
    tree_.emplace(gradients_, options_.leaves / communicator_.size());
  }
  reducer_->arrange(parameters_, plan_, gradients_);
  for (size_t i = 0; i < parameters_.parameters().size(); ++i)
    parameters_.parameters()[i].variable.node()->on_ready([this, i] { ready(i); });
}

DataParallel::~DataParallel() {
  for (const Parameter& parameter : parameters_.parameters()) parameter.variable.node()->on_ready(nullptr);
}

void DataParallel::set_bucket_bytes(int64_t bytes) {
  GPT_CHECK(!armed_ && first_, "other buckets in the middle of a step");
  options_.bucket_bytes = bytes;
  plan_ = plan_buckets(parameters_, bytes);
  reducer_->arrange(parameters_, plan_, gradients_);
}

void DataParallel::broadcast_parameters() {
  gpt::broadcast_parameters(parameters_, communicator_);
}

// [join]
int64_t DataParallel::begin_step(int64_t my_tokens) {
  GPT_CHECK(my_tokens >= 0, "{} tokens", my_tokens);
  // A double counts tokens exactly up to 2⁵³.
  return static_cast<int64_t>(communicator_.all_reduce(static_cast<double>(my_tokens), ReduceOp::sum));
}
// [/join]

// [hooks]
void DataParallel::prepare(bool last_micro_batch) {
  GPT_CHECK(!armed_, "prepare() after the last micro-batch: finish() comes first");
  if (tree_ && !first_) {  // the micro-batch before this one is whole
    if (staged()) gradients_.copy_from(parameters_.gradients());
    tree_->take();
    if (staged()) parameters_.gradients().copy_from(gradients_);  // which are zeros now
  }
  first_ = false;
  ready_times_.assign(plan_.of_parameter.size(), {});
  if (!last_micro_batch) return;
  GPT_CHECK(!tree_ || tree_->taken() == tree_->leaves() - 1, "micro-batch {} of {} is no last one",
            tree_ ? tree_->taken() + 1 : 0, tree_ ? tree_->leaves() : 0);
  armed_ = true;
  works_.clear();
  missing_.clear();
  for (const Bucket& bucket : plan_.buckets) missing_.push_back(bucket.parameters);
  seen_.assign(plan_.of_parameter.size(), false);
}

void DataParallel::ready(size_t parameter) {
  ready_times_[parameter] = std::chrono::steady_clock::now();
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
  const Tensor gradients = gradients_.slice(0, bucket.from, bucket.to);
  if (staged()) gradients.copy_from(parameters_.gradients().slice(0, bucket.from, bucket.to));
  if (tree_) tree_->complete(bucket.from, bucket.to);
  works_.push_back(reducer_->start(works_.size(), gradients));
}

void DataParallel::finish() {
  GPT_CHECK(armed_, "finish() without prepare(true)");
  armed_ = false;
  const auto start = std::chrono::steady_clock::now();
  while (works_.size() < plan_.buckets.size()) start_next();
  if (tree_) tree_->restart();
  first_ = true;
  bucket_intervals_.clear();
  for (const auto& work : works_) {
    work->wait();
    bucket_intervals_.push_back(work->interval());
  }
  if (staged()) parameters_.gradients().copy_from(gradients_);
  communication_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
// [/hooks]

void DataParallel::check_replicas(int64_t step) {
  gpt::check_replicas(parameters_, communicator_, step);
}

}  // namespace gpt
