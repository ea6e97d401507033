#include "15_sharding/moment_shards.hpp"

#include <algorithm>
#include <charconv>

#include "common/check.hpp"

namespace gpt {
namespace {

/// "m.NAME[from:to]" taken apart; nothing for another kind of name.
struct RunName {
  char moment = 0;
  std::string parameter;
  int64_t from = 0, to = 0;
};

bool parse(const std::string& text, RunName& run) {
  const size_t open = text.find('['), colon = text.find(':', open);
  if (open == std::string::npos || colon == std::string::npos || text.back() != ']' || open < 3) return false;
  if ((text[0] != 'm' && text[0] != 'v') || text[1] != '.') return false;
  run.moment = text[0];
  run.parameter = text.substr(2, open - 2);
  const auto number = [&](size_t begin, size_t end, int64_t& value) {
    const auto [at, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc() && at == text.data() + end;
  };
  return number(open + 1, colon, run.from) && number(colon + 1, text.size() - 1, run.to);
}

}  // namespace

void write_moments(const std::filesystem::path& file, const ParameterStore& store,
                   const ShardedAdamW& optimizer) {
  SafetensorsWriter writer;
  for (const ShardedAdamW::Piece& piece : optimizer.pieces())
    for (const Parameter& parameter : store.parameters()) {
      const int64_t from = std::max(piece.part.from, parameter.offset);
      const int64_t to = std::min(piece.part.to, parameter.offset + parameter.elements);
      if (from >= to) continue;
      const int64_t at = piece.at + from - piece.part.from;
      const std::string run =
          fmt::format("{}[{}:{}]", parameter.name, from - parameter.offset, to - parameter.offset);
      writer.add("m." + run, optimizer.m().slice(0, at, at + to - from));
      writer.add("v." + run, optimizer.v().slice(0, at, at + to - from));
    }
  writer.write(file);
}

int64_t read_moments(const SafetensorsFile& file, const ParameterStore& store, const TakeMoments& take) {
  int64_t elements = 0;
  for (const auto& [name, entry] : file.entries()) {
    RunName run;
    const bool fits = parse(name, run) && store.contains(run.parameter) && run.from >= 0 &&
                      run.from < run.to && run.to <= store.parameter(run.parameter).elements;
    GPT_REQUIRE(fits, "{} belongs to a model of another shape: there is no {}", file.path().string(), name);
    take(run.moment, store.parameter(run.parameter).offset + run.from,
         file.tensor(name, {run.to - run.from}));
    elements += run.to - run.from;
  }
  return elements;
}

// [take]
void take_moments(const ShardedAdamW& optimizer, char moment, int64_t offset, const Tensor& values) {
  const Tensor& mine = moment == 'm' ? optimizer.m() : optimizer.v();
  for (const ShardedAdamW::Piece& piece : optimizer.pieces()) {
    const int64_t from = std::max(piece.part.from, offset);
    const int64_t to = std::min(piece.part.to, offset + values.elements());
    if (from >= to) continue;
    const int64_t at = piece.at + from - piece.part.from;
    mine.slice(0, at, at + to - from).copy_from(values.slice(0, from - offset, to - offset));
  }
}
// [/take]

}  // namespace gpt
