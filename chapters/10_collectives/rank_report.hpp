#pragma once
// What each rank tells rank 0 about itself, several times a second.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "10_collectives/collective_log.hpp"

namespace gpt {

/// How a rank is, and what it has asked of the others.
struct RankReport {
  enum class State : uint8_t {
    running,
    left,    ///< it will take part in no collective any more
    failed,  ///< the same, because of an exception
  };
  int rank = 0;
  State state = State::running;
  int pid = 0;
  std::string host;
  std::string where;         ///< Trace::where()
  std::vector<Lane> lanes;   ///< those used last
  std::optional<Wait> wait;  ///< the call in which it is held up …
  double waited = 0;         ///< … and for how many seconds
  std::string failure;       ///< what a collective that failed said
};

// [wire]
/// Lanes and calls that travel: a report stays below the 4 KiB that Open MPI sends at once, without asking.
constexpr size_t lanes_reported = 6, calls_reported = 12;

/// A report as bytes. Of equal length always; long texts are cut, at a whole character.
std::vector<std::byte> to_bytes(const RankReport& report);
RankReport report_from_bytes(const std::vector<std::byte>& bytes);
/// The length.
size_t report_bytes();
// [/wire]

}  // namespace gpt
