#include "16_trainer/launch_hosts.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <string_view>

#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

constexpr int most_slots = 1024;

/// A number of ranks, or 0 where `text` is none.
int slots_of(std::string_view text) {
  int slots = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  return error == std::errc() && end == text.data() + text.size() && slots <= most_slots ? std::max(0, slots)
                                                                                         : 0;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

/// Host names agree in their first part: "b" is "b.example.org".
bool same_host(const std::string& a, const std::string& b) {
  return a.substr(0, a.find('.')) == b.substr(0, b.find('.'));
}

}  // namespace

LaunchHosts::LaunchHosts(int ranks) : here_(true), hosts_{{.name = "localhost", .slots = ranks}} {}

LaunchHosts LaunchHosts::of_list(const std::string& list, int per_host) {
  LaunchHosts result;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) {
    const size_t colon = word.find(':');
    const std::string name = word.substr(0, colon);
    const bool alone = colon == std::string::npos;
    const int slots = alone ? std::max(1, per_host) : slots_of(std::string_view(word).substr(colon + 1));
    GPT_REQUIRE(is_name(name) && slots > 0, "--hosts takes NAME:RANKS,NAME:RANKS, and {} is neither", word);
    GPT_REQUIRE(alone || per_host == 0,
                "{} says how many ranks run there, and so does --ranks-per-host {}: leave out one of them",
                word, per_host);
    for (const LaunchHost& host : result.hosts_)
      GPT_REQUIRE(host.name != name, "--hosts names {} twice: give it all its ranks at once", name);
    result.hosts_.push_back({.name = name, .slots = slots});
  }
  GPT_REQUIRE(!result.hosts_.empty(), "--hosts names no host");
  return result;
}

LaunchHosts LaunchHosts::of_file(const std::filesystem::path& file, int per_host) {
  std::istringstream lines(read_file(file));
  std::string list;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, word, slots;
    if (!(words >> name) || name.front() == '#') continue;
    while (words >> word)
      if (word.starts_with("slots=")) slots = ":" + word.substr(6);
    list += fmt::format("{}{}{}", list.empty() ? "" : ",", name, slots);
  }
  GPT_REQUIRE(!list.empty(), "the hostfile {} names no host", file.string());
  return of_list(list, per_host);
}

int LaunchHosts::slots() const {
  int sum = 0;
  for (const LaunchHost& host : hosts_) sum += host.slots;
  return sum;
}

int LaunchHosts::left() const {
  int sum = 0;
  for (const LaunchHost& host : hosts_) sum += host.left();
  return sum;
}

int LaunchHosts::replaceable() const {
  int sum = 0;
  for (const LaunchHost& host : hosts_) sum += host.reachable ? host.slots : 0;
  return sum;
}

// [lose_rank]
void LaunchHosts::lose_rank(int rank, const std::string& name) {
  int first = 0;  // rank of the job's first process on the host
  for (LaunchHost& host : hosts_) {
    const bool by_number = rank >= first && rank < first + host.left();
    first += host.left();
    const bool known = !here_ && std::any_of(hosts_.begin(), hosts_.end(),
                                             [&](const LaunchHost& h) { return same_host(h.name, name); });
    if (known ? !same_host(host.name, name) : !by_number) continue;
    host.lost = std::min(host.slots, host.lost + 1);
    return;
  }
}
// [/lose_rank]

void LaunchHosts::lose_host(const std::string& name) {
  for (LaunchHost& host : hosts_)
    if (!here_ && same_host(host.name, name)) host.reachable = false;
}

void LaunchHosts::replace_ranks() {
  for (LaunchHost& host : hosts_) host.lost = 0;
}

std::string LaunchHosts::list() const {
  std::string text;
  for (const LaunchHost& host : hosts_)
    if (host.left() > 0) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", host.name, host.left());
  return text;
}

}  // namespace gpt
