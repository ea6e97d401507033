#include "16_trainer/tensorboard.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "16_trainer/run_folder.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

/// The bytes of a number, the lowest first.
template <class T>
std::string bytes_of(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

// [protobuf]
/// Seven bits to a byte, the lowest first; the high bit says that more bytes follow.
std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(0x80 | (number & 0x7f));
  return bytes + static_cast<char>(number);
}

/// What stands before every value: its field's number and its kind.
enum Kind : uint64_t { variable = 0, eight_bytes = 1, with_length = 2, four_bytes = 5 };
std::string key(uint64_t field, Kind kind) {
  return varint(field << 3 | kind);
}

std::string text_field(uint64_t field, std::string_view text) {
  return key(field, with_length) + varint(text.size()) + std::string(text);
}
// [/protobuf]

double wall_clock() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string step_event(const StepMetrics& m, double wall_time) {
  std::vector<std::pair<std::string, float>> values{{"loss/training", m.train_loss},
                                                    {"optimizer/lr", m.lr},
                                                    {"optimizer/gradient_norm", m.grad_norm},
                                                    {"speed/tokens_per_second", m.tokens_per_second},
                                                    {"speed/step_ms", m.step_ms},
                                                    {"speed/waited_for_gradients_ms", m.comm_ms},
                                                    {"memory/tensors_mb", m.memory_mb}};
  if (m.val_loss) values.emplace_back("loss/validation", *m.val_loss);
  if (m.gpu.utilization) values.emplace_back("gpu/utilization_percent", *m.gpu.utilization);
  if (m.gpu.memory_mb) values.emplace_back("gpu/memory_mb", *m.gpu.memory_mb);
  if (m.wire_bytes > 0) values.emplace_back("communication/sent_mb", static_cast<double>(m.wire_bytes) / 1e6);
  return event_record(scalar_event(wall_time, m.step, values));
}

}  // namespace

// [crc32c]
uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table =
      [] {  // of each byte, divided by the polynomial 0x1edc6f41, its bits turned round
        std::array<uint32_t, 256> rest{};
        for (uint32_t byte = 0; byte < 256; ++byte) {
          rest[byte] = byte;
          for (int bit = 0; bit < 8; ++bit)
            rest[byte] = rest[byte] >> 1 ^ (rest[byte] & 1 ? 0x82f63b78u : 0u);
        }
        return rest;
      }();
  uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

std::string event_record(std::string_view data) {
  const std::string length = bytes_of<uint64_t>(data.size());
  return length + bytes_of(masked_crc32c(length)) + std::string(data) + bytes_of(masked_crc32c(data));
}
// [/crc32c]

std::string version_event(double wall_time) {
  return key(1, eight_bytes) + bytes_of(wall_time) + text_field(3, "brain.Event:2");
}

// [scalar_event]
std::string scalar_event(double wall_time, int64_t step,
                         std::span<const std::pair<std::string, float>> values) {
  std::string summary;
  for (const auto& [name, value] : values)
    summary += text_field(1, text_field(1, name) + key(2, four_bytes) + bytes_of(value));
  return key(1, eight_bytes) + bytes_of(wall_time) + key(2, variable) + varint(static_cast<uint64_t>(step)) +
         text_field(5, summary);
}
// [/scalar_event]

TensorBoardLog::TensorBoardLog(const std::filesystem::path& folder, const std::vector<StepMetrics>& steps) {
  make_folder(folder);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with("events.out.tfevents."))
      std::filesystem::remove(entry.path(), error);
  const double end = wall_clock();
  double begin = end;
  for (const StepMetrics& m : steps) begin -= m.step_ms / 1e3;
  path_ = folder / fmt::format("events.out.tfevents.{:.0f}.gpt", end);
  file_.reset(std::fopen(path_.c_str(), "we"));
  GPT_REQUIRE(file_, "cannot write {}: {}", path_.string(), std::strerror(errno));
  std::string records = event_record(version_event(begin));
  for (const StepMetrics& m : steps) records += step_event(m, begin += m.step_ms / 1e3);
  write(records);
}

void TensorBoardLog::append(const StepMetrics& metrics) {
  write(step_event(metrics, wall_clock()));
}

void TensorBoardLog::write(const std::string& records) {
  const bool written = std::fwrite(records.data(), 1, records.size(), file_.get()) == records.size() &&
                       std::fflush(file_.get()) == 0;
  GPT_REQUIRE(written, "cannot write {}: {}", path_.string(), std::strerror(errno));
}

}  // namespace gpt
