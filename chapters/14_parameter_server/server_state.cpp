// A server's state as a file.

#include <cstring>

#include "14_parameter_server/server.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

constexpr uint64_t magic_number = 0x3130726576726573;  // "server01"

void put(std::string& out, const void* data, int64_t bytes) {
  out.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
}
void put(std::string& out, int64_t value) {
  put(out, &value, sizeof value);
}
void put(std::string& out, const std::vector<int64_t>& values) {
  put(out, static_cast<int64_t>(values.size()));
  for (const int64_t value : values) put(out, value);
}
void put(std::string& out, const Tensor& tensor) {
  put(out, tensor.bytes_data(), tensor.bytes());
}

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  void take(void* data, int64_t bytes) {
    GPT_REQUIRE(static_cast<size_t>(bytes) <= in_.size(), "the state of a server ends too early");
    std::memcpy(data, in_.data(), static_cast<size_t>(bytes));
    in_.remove_prefix(static_cast<size_t>(bytes));
  }
  int64_t number() {
    int64_t value = 0;
    take(&value, sizeof value);
    return value;
  }
  std::vector<int64_t> numbers() {
    const int64_t count = number();
    GPT_REQUIRE(count >= 0 && static_cast<size_t>(count) <= in_.size() / sizeof(int64_t),
                "the state of a server ends too early");
    std::vector<int64_t> values(static_cast<size_t>(count));
    for (int64_t& value : values) value = number();
    return values;
  }
  void take(const Tensor& tensor) { take(tensor.bytes_data(), tensor.bytes()); }
  bool empty() const { return in_.empty(); }

 private:
  std::string_view in_;
};

}  // namespace

// [save]
std::string ParameterServer::state() const {
  std::string out;
  put(out, static_cast<int64_t>(magic_number));
  // What must agree with the server that reads it …
  put(out,
      {shard_.from, shard_.to, options_.workers, options_.block, static_cast<int64_t>(options_.pace.mode)});
  put(out, static_cast<int64_t>(checksum(optimizer_->name())));
  // … and what it takes over.
  std::vector<int64_t> clocks, lives, pending;
  for (int worker = 0; worker < options_.workers; ++worker) {
    clocks.push_back(clocks_.clock(worker));
    lives.push_back(clocks_.lives(worker));
  }
  for (const auto& [worker, gradient] : gradients_) pending.push_back(worker);
  put(out, {version_, optimizer_->steps()});
  for (const auto& list : {clocks, lives, pending, block_versions_, staleness_}) put(out, list);
  for (const auto& [worker, gradient] : gradients_) put(out, gradient);
  put(out, store_.values());
  for (const NamedTensor& buffer : optimizer_->state()) put(out, buffer.value);
  put(out, static_cast<int64_t>(checksum(out)));
  return out;
}

void ParameterServer::save(const std::filesystem::path& path) const {
  write_file_atomically(path, state());
}
// [/save]

void ParameterServer::load(const std::filesystem::path& path) {
  const std::string file = read_file(path);
  constexpr size_t sum_bytes = sizeof(int64_t);
  GPT_REQUIRE(file.size() > sum_bytes, "{} is not the state of a server", path.string());
  const std::string_view content = std::string_view(file).substr(0, file.size() - sum_bytes);
  Reader sum(std::string_view(file).substr(content.size())), in(content);
  GPT_REQUIRE(in.number() == static_cast<int64_t>(magic_number), "{} is not the state of a server",
              path.string());
  GPT_REQUIRE(sum.number() == static_cast<int64_t>(checksum(content)), "{} is damaged", path.string());
  const std::vector<int64_t> mine{shard_.from, shard_.to, options_.workers, options_.block,
                                  static_cast<int64_t>(options_.pace.mode)};
  GPT_REQUIRE(in.numbers() == mine && in.number() == static_cast<int64_t>(checksum(optimizer_->name())),
              "{} is the state of a server with another shard, pace, optimizer or number of workers",
              path.string());
  const std::vector<int64_t> counts = in.numbers(), clocks = in.numbers(), lives = in.numbers();
  const std::vector<int64_t> pending = in.numbers();
  block_versions_ = in.numbers();
  staleness_ = in.numbers();
  version_ = counts.at(0);
  optimizer_->set_steps(counts.at(1));
  clocks_.restore(clocks, std::vector<bool>(lives.begin(), lives.end()));
  gradients_.clear();
  for (const int64_t worker : pending)
    in.take(gradients_[static_cast<int>(worker)] = Tensor({store_.size()}));
  in.take(store_.values());
  for (const NamedTensor& buffer : optimizer_->state()) in.take(buffer.value);
  GPT_CHECK(in.empty(), "bytes left in {}", path.string());
  waiting_.clear();
}

}  // namespace gpt
