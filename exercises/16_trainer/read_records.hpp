#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "16_trainer/tensorboard.hpp"  // masked_crc32c(), common/check.hpp's UserError

namespace gpt {

/// What an event file holds.
struct Records {
  std::vector<std::string> data;  ///< of the records that are whole, in order
  uint64_t bytes = 0;             ///< that they take; what follows is the beginning of a record, or nothing
};

/// Reads the records of an event file that another process may be writing: each is 8 bytes of length
/// (little-endian), 4 bytes with the masked CRC32C of these 8, the data, 4 bytes with the masked CRC32C of
/// the data. A last record that is not whole is no mistake; it is left for later. Throws UserError for a
/// record whose length or data do not pass their check; a length is not believed before it has.
Records read_records(std::string_view file);

}  // namespace gpt
