#pragma once
// Can the job go on? Rank 0's answer, from what all ranks report.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "10_collectives/rank_report.hpp"

namespace gpt {

/// Finds three things: ranks that call different collectives where they should call the same; a rank that
/// has left while others wait for it; and a rank that keeps others waiting, or has not been heard of, for
/// longer than a deadline. Times are seconds on one clock of the caller's.
class Judge {
 public:
  Judge(int ranks, double deadline);

  void hear(const RankReport& report, double now);
  /// While patient, it lets ranks wait for as long as all are heard of.
  void be_patient(bool patient) { patient_ = patient; }
  /// The ranks from first to last - 1 may fall silent while rank 0 runs; at the end it needs them all.
  void can_spare(int first, int last) { spare_ = {first, last}; }

  /// Why the job cannot go on: a sentence, and a line for each rank that it is about. "" while it can.
  std::string verdict(double now) const;

  /// Have all ranks left, one way or the other, and is there nothing to be said about them?
  bool all_have_left() const;

 private:
  using LaneKey = std::pair<std::string, Lane::Kind>;
  struct Rank {
    RankReport report;
    bool known = false;  // has it ever been heard of?
    double heard = 0;    // when, for the last time
    std::map<LaneKey, uint64_t> last;
  };
  /// Calls of the same number that are not the same.
  struct Difference {
    Lane lane;
    uint64_t number = 0;
    double noted = 0;
    std::map<int, NumberedCall> calls;  // by rank
  };
  /// A collective, and who has called it.
  struct Meeting {
    Wait call;
    std::vector<int> waiting, missing;
    int unknown = 0;  // ranks of its group that nobody has named
    double waited = 0;
  };

  void compare(const Lane& lane, int rank, double now);
  void hear_side(const Lane& lane, int rank);  ///< what a rank called where the difference is
  bool silent(int rank, double now) const;
  bool is_spare(int rank) const;
  Meeting meeting_of(const Wait& wait) const;
  std::string difference() const;
  std::string left() const;
  std::string stalled(double now) const;
  std::string deadlock(double now) const;
  std::string describe(int rank, const Meeting* meeting, double now) const;

  double deadline_;
  bool patient_ = false;
  std::pair<int, int> spare_{0, 0};
  std::vector<Rank> ranks_;
  std::map<std::string, std::set<int>> members_;                               // of groups
  std::map<LaneKey, std::map<uint64_t, std::pair<int, NumberedCall>>> known_;  // the first word on each call
  std::optional<Difference> difference_;                                       // the first one found
};

}  // namespace gpt
