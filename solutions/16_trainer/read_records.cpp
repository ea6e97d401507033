#include "exercises/16_trainer/read_records.hpp"

#include <cstring>

#include "common/check.hpp"

namespace gpt {
namespace {

constexpr size_t head = 12, tail = 4;  // bytes before and after the data

template <class T>
T number_at(std::string_view bytes, size_t place) {
  T number;
  std::memcpy(&number, bytes.data() + place, sizeof number);
  return number;
}

}  // namespace

Records read_records(std::string_view file) {
  Records records;
  while (true) {
    const std::string_view rest = file.substr(records.bytes);
    if (rest.size() < head) return records;
    GPT_REQUIRE(number_at<uint32_t>(rest, 8) == masked_crc32c(rest.substr(0, 8)),
                "the length of the record at byte {} is damaged", records.bytes);
    const auto length = number_at<uint64_t>(rest, 0);
    if (rest.size() - head < tail || rest.size() - head - tail < length) return records;
    const std::string_view data = rest.substr(head, length);
    GPT_REQUIRE(number_at<uint32_t>(rest, head + length) == masked_crc32c(data),
                "the record at byte {} is damaged", records.bytes);
    records.data.emplace_back(data);
    records.bytes += head + length + tail;
  }
}

}  // namespace gpt
