#include "10_collectives/judge.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace gpt {
namespace {

constexpr size_t calls_remembered = 4096;  // in each lane
constexpr double hearing_seconds = 0.5;    // to hear all sides of a difference
constexpr size_t lines_at_most = 8;

/// "rank 2", "ranks 0, 1 and 3".
std::string names_of(const std::vector<int>& ranks) {
  if (ranks.size() == 1) return fmt::format("rank {}", ranks[0]);
  const size_t shown = ranks.size() > lines_at_most ? lines_at_most - 1 : ranks.size() - 1;
  const std::vector<int> first(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(shown));
  return fmt::format("ranks {} and {}", fmt::join(first, ", "),
                     shown + 1 == ranks.size() ? std::to_string(ranks.back())
                                               : fmt::format("{} more", ranks.size() - shown));
}

std::string name_of(const Wait& wait) {
  Lane lane;
  lane.group = wait.group, lane.kind = wait.kind;
  return fmt::format("{}, {}", lane.name_of(wait.number), wait.call.text());
}

std::string name_of(const RankReport& report) {
  return fmt::format("rank {} on {} (pid {})", report.rank, report.host, report.pid);
}

bool same_meeting(const Wait& a, const Wait& b) {
  return a.group == b.group && a.kind == b.kind && a.number == b.number;
}

}  // namespace

Judge::Judge(int ranks, double deadline) : deadline_(deadline), ranks_(static_cast<size_t>(ranks)) {
  for (int rank = 0; rank < ranks; ++rank) {
    ranks_[static_cast<size_t>(rank)].report.rank = rank;
    members_[""].insert(rank);
  }
}

void Judge::hear(const RankReport& report, double now) {
  Rank& rank = ranks_.at(static_cast<size_t>(report.rank));
  rank.report = report;
  rank.known = true;
  rank.heard = now;
  for (const Lane& lane : report.lanes) {
    rank.last[{lane.group, lane.kind}] = lane.last;
    members_[lane.group].insert(report.rank);
    if (lane.kind != Lane::Kind::messages) compare(lane, report.rank, now);
  }
}

// [compare]
void Judge::compare(const Lane& lane, int rank, double now) {
  auto& known = known_[{lane.group, lane.kind}];
  for (const NumberedCall& call : lane.calls) {
    const auto [first, fresh] = known.try_emplace(call.number, rank, call);
    const auto& [other, its_call] = first->second;
    if (its_call.history != call.history && !difference_) {
      difference_ = {lane, call.number, now, {{other, its_call}}};
      for (const Rank& one : ranks_)
        for (const Lane& its_lane : one.report.lanes) hear_side(its_lane, one.report.rank);
    }
  }
  hear_side(lane, rank);
  while (known.size() > calls_remembered) known.erase(known.begin());
}

void Judge::hear_side(const Lane& lane, int rank) {
  if (!difference_ || lane.group != difference_->lane.group || lane.kind != difference_->lane.kind) return;
  for (const NumberedCall& call : lane.calls)
    if (call.number == difference_->number) difference_->calls[rank] = call;
}
// [/compare]

bool Judge::all_have_left() const {
  return !difference_ && std::all_of(ranks_.begin(), ranks_.end(), [](const Rank& rank) {
    return rank.report.state != RankReport::State::running;
  });
}

bool Judge::silent(int rank, double now) const {
  return now - ranks_[static_cast<size_t>(rank)].heard > std::min(deadline_ / 2, 5.0);
}

bool Judge::is_spare(int rank) const {
  return rank >= spare_.first && rank < spare_.second && ranks_[0].report.state == RankReport::State::running;
}

Judge::Meeting Judge::meeting_of(const Wait& wait) const {
  Meeting meeting{wait, {}, {}, 0, 0.0};
  int size = 0;
  for (const int member : members_.at(wait.group)) {
    const Rank& rank = ranks_[static_cast<size_t>(member)];
    const auto last = rank.last.find({wait.group, wait.kind});
    for (const Lane& lane : rank.report.lanes)
      if (lane.group == wait.group) size = lane.size;
    if (last == rank.last.end() || last->second < wait.number) {
      meeting.missing.push_back(member);
    } else if (rank.report.wait && same_meeting(*rank.report.wait, wait)) {
      meeting.waiting.push_back(member);
      meeting.waited = std::max(meeting.waited, rank.report.waited);
    }
  }
  meeting.unknown = std::max(0, size - static_cast<int>(members_.at(wait.group).size()));
  if (wait.kind == Lane::Kind::messages) {  // it is for one other rank
    meeting.missing.clear();
    meeting.unknown = 0;
    if (wait.group.empty()) meeting.missing.push_back(wait.call.peer);
  }
  return meeting;
}

// [verdict]
std::string Judge::verdict(double now) const {
  if (difference_) {
    const bool all_heard = static_cast<int>(difference_->calls.size()) == difference_->lane.size;
    if (all_heard || now - difference_->noted > hearing_seconds) return difference();
  }
  if (const std::string sentence = left(); !sentence.empty()) return sentence;
  return stalled(now);
}
// [/verdict]

std::string Judge::difference() const {
  const auto& [lane, number, noted, calls] = *difference_;
  struct Opinion {
    Call call;
    uint64_t history = 0;
    std::vector<int> ranks;
  };
  std::vector<Opinion> opinions;
  for (const auto& [rank, call] : calls) {
    auto same = std::find_if(opinions.begin(), opinions.end(),
                             [&, c = &call](const Opinion& o) { return o.history == c->history; });
    if (same == opinions.end()) same = opinions.insert(same, {call.call, call.history, {}});
    same->ranks.push_back(rank);
  }
  // Most ranks are believed; on a tie the lowest.
  std::stable_sort(opinions.begin(), opinions.end(),
                   [](const Opinion& a, const Opinion& b) { return a.ranks.size() > b.ranks.size(); });
  const Opinion &most = opinions[0], &odd = opinions[1];
  const auto calls_of = [](const Opinion& o) { return o.ranks.size() == 1 ? "calls" : "call"; };
  if (odd.call == most.call)
    return fmt::format("{} called other collectives than {} before {}", names_of(odd.ranks),
                       names_of(most.ranks), lane.name_of(number));
  return fmt::format("{} {} {} as {}, where {} {} {}", names_of(odd.ranks), calls_of(odd), odd.call.text(),
                     lane.name_of(number), names_of(most.ranks), calls_of(most), most.call.text());
}

std::string Judge::left() const {
  for (const Rank& waiting : ranks_) {
    if (!waiting.report.wait || waiting.report.wait->kind == Lane::Kind::messages) continue;
    const Meeting meeting = meeting_of(*waiting.report.wait);
    for (const int missing : meeting.missing) {
      const Rank& rank = ranks_[static_cast<size_t>(missing)];
      if (rank.report.state != RankReport::State::left) continue;
      const auto last = rank.last.find({meeting.call.group, meeting.call.kind});
      const uint64_t number = last == rank.last.end() ? 0 : last->second;
      Lane lane;
      lane.group = meeting.call.group, lane.kind = meeting.call.kind;
      return fmt::format("rank {} has left after {} ({}), while {} {} for it in {}", missing,
                         lane.name_of(number), rank.report.where, names_of(meeting.waiting),
                         meeting.waiting.size() == 1 ? "waits" : "wait", name_of(meeting.call));
    }
  }
  return "";
}

// [stalled]
std::string Judge::stalled(double now) const {
  const Rank* longest = nullptr;
  bool unheard = false;
  for (const Rank& rank : ranks_) {
    if (rank.report.wait && (!longest || rank.report.waited > longest->report.waited)) longest = &rank;
    unheard |= now - rank.heard > deadline_ && !is_spare(rank.report.rank);
  }
  bool late = !patient_ && longest && longest->report.waited > deadline_;
  if (!late && !unheard) return "";
  // [/stalled]

  late |= longest && longest->report.waited > deadline_ / 2;  // for the lost one, most likely
  if (const std::string circle = deadlock(now); !circle.empty()) return circle;
  std::string sentence;
  std::optional<Meeting> meeting;
  std::set<int> about;
  if (late) {
    meeting = meeting_of(*longest->report.wait);
    sentence = fmt::format("{} {} waited {:.1f} s in {}; the deadline is {:g} s", names_of(meeting->waiting),
                           meeting->waiting.size() == 1 ? "has" : "have", meeting->waited,
                           name_of(meeting->call), deadline_);
    about.insert(meeting->missing.begin(), meeting->missing.end());
    // A rank that is missing may wait for another in its turn: the cause is one that waits for nobody.
    const bool turn = std::any_of(about.begin(), about.end(), [&](int rank) {
      return ranks_[static_cast<size_t>(rank)].report.wait.has_value();
    });
    for (const Rank& rank : ranks_)
      if (turn && !rank.report.wait) about.insert(rank.report.rank);
  } else {
    sentence = fmt::format("a rank is lost; the deadline is {:g} s", deadline_);
  }
  for (const Rank& rank : ranks_)
    if (silent(rank.report.rank, now)) about.insert(rank.report.rank);

  size_t lines = 0;
  for (const int rank : about)
    if (++lines <= lines_at_most) sentence += "\n  " + describe(rank, meeting ? &*meeting : nullptr, now);
  if (lines > lines_at_most) sentence += fmt::format("\n  and {} more ranks", lines - lines_at_most);
  if (meeting && meeting->unknown > 0)
    sentence += fmt::format("\n  {} of the {} ranks of the group have never called anything in it",
                            meeting->unknown, meeting->unknown + members_.at(meeting->call.group).size());
  else if (about.empty())
    sentence += "\n  all ranks are there, but it does not finish: is the network between them down, or slow?";
  return sentence;
}

std::string Judge::deadlock(double now) const {
  std::vector<Meeting> meetings;
  for (const Rank& rank : ranks_) {
    if (!rank.report.wait || silent(rank.report.rank, now)) return "";
    const Wait& wait = *rank.report.wait;
    if (std::any_of(meetings.begin(), meetings.end(), [&](auto& m) { return same_meeting(m.call, wait); }))
      continue;
    meetings.push_back(meeting_of(wait));
    if (meetings.back().missing.empty()) return "";
  }
  std::stable_sort(meetings.begin(), meetings.end(),
                   [](const Meeting& a, const Meeting& b) { return a.waiting.size() < b.waiting.size(); });
  std::string sentence = fmt::format("all ranks have waited for each other for {:g} s", deadline_);
  for (const Meeting& meeting : meetings) {
    Lane lane;
    lane.group = meeting.call.group, lane.kind = meeting.call.kind;
    sentence += fmt::format("{} {} {} {} as {}", &meeting == &meetings[0] ? ":" : ",",
                            names_of(meeting.waiting), meeting.waiting.size() == 1 ? "calls" : "call",
                            meeting.call.call.text(), lane.name_of(meeting.call.number));
  }
  return sentence;
}

std::string Judge::describe(int number, const Meeting* meeting, double now) const {
  const Rank& rank = ranks_[static_cast<size_t>(number)];
  const RankReport& report = rank.report;
  if (!rank.known) return fmt::format("rank {} has never been heard of", number);
  if (silent(number, now))
    return fmt::format("{} has not been heard of for {:.1f} s; its last word: {}", name_of(report),
                       now - rank.heard, report.where);
  const bool missing = meeting && std::find(meeting->missing.begin(), meeting->missing.end(), number) !=
                                      meeting->missing.end();
  std::string text = fmt::format("{} {}: {}", name_of(report),
                                 report.state == RankReport::State::failed ? "has failed"
                                 : report.state == RankReport::State::left ? "has left"
                                 : missing                                 ? "has not arrived"
                                                                           : "waits for nobody",
                                 report.where);
  if (report.wait)
    text += fmt::format("; it has waited {:.1f} s in {}", report.waited, name_of(*report.wait));
  return text;
}

}  // namespace gpt
