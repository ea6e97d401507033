#pragma once
// Event files for TensorBoard, beside metrics.jsonl: the same numbers in the format that it reads.
//
// A file is a row of records, each of them (TensorFlow, tensorflow/core/lib/io/record_writer.h)
//
//   8 bytes   length of the data, little-endian
//   4 bytes   masked CRC32C of these 8 bytes
//   data      one Event, as a protocol buffer (tensorflow/core/util/event.proto)
//   4 bytes   masked CRC32C of the data

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "16_trainer/metrics.hpp"

namespace gpt {

/// Castagnoli's cyclic redundancy check (RFC 3720, appendix B.4): crc32c("123456789") = 0xe3069283.
uint32_t crc32c(std::string_view bytes);
/// Turned and shifted, because a CRC of bytes that hold CRCs is weak: rotated right by 15, plus 0xa282ead8.
uint32_t masked_crc32c(std::string_view bytes);

/// `data` with its length and its two checks.
std::string event_record(std::string_view data);

/// The Event with which a file begins: it says version 2 of the format.
std::string version_event(double wall_time);
/// An Event with numbers under their names. `wall_time` in seconds since 1970.
std::string scalar_event(double wall_time, int64_t step,
                         std::span<const std::pair<std::string, float>> values);

/// The event file of a run.
class TensorBoardLog {
 public:
  /// Removes the event files in `folder`, which is made where it is not there, and writes a new one of
  /// `steps`: so a run that was resumed shows no step twice. The times of these steps are counted back from
  /// now by their lengths. Throws UserError.
  TensorBoardLog(const std::filesystem::path& folder, const std::vector<StepMetrics>& steps);

  /// Throws UserError.
  void append(const StepMetrics& metrics);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void write(const std::string& records);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace gpt
