#include "16_trainer/agreement.hpp"

#include "11_ddp/handshake.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/together.hpp"
#include "common/file.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

void require(const std::vector<Agreement>& agreements, Communicator& communicator) {
  const std::string sentence = find_disagreement(agreements, communicator);
  if (!sentence.empty()) throw FailedTogether(communicator.rank() == 0 ? sentence : "", exit_user_error);
}

}  // namespace

// [same_start]
void require_same_start(const Preparation& preparation, Communicator& communicator) {
  std::vector<Agreement> agreements;
  // Another build may round otherwise, and the replicas would drift apart.
  agreements.push_back({"program", fmt::format("{:016x}", checksum(MappedFile("/proc/self/exe").bytes()))});
  const nlohmann::ordered_json choices = to_json(preparation.config);
  for (const auto& [name, value] : choices.items()) agreements.push_back({name, value.dump()});
  agreements.push_back({"text", preparation.data.fingerprint});
  agreements.push_back({"resume", preparation.resumed ? "yes" : "no"});
  require(agreements, communicator);
}

void require_same_plan(const BucketPlan& plan, Communicator& communicator) {
  std::string buckets;
  for (const Bucket& bucket : plan.buckets) buckets += fmt::format("{}-{} ", bucket.from, bucket.to);
  require({{"bucket plan", buckets}, {"way of averaging", std::string(communicator.name())}}, communicator);
}
// [/same_start]

std::unique_ptr<Backend> make_backend_together(DeviceChoice choice, Communicator& communicator) {
  choice.rank = place_on_host(communicator).rank;  // a GPU of this host
  std::unique_ptr<Backend> backend;
  together(communicator, [&] { backend = make_backend(choice); });
  require({{"device", std::string(backend->name())}}, communicator);
  return backend;
}

}  // namespace gpt
