#include "common/argument_parser.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "common/check.hpp"

namespace gpt {

namespace {

/// Levenshtein's distance: the fewest insertions, deletions and replacements that turn `a` into `b`.
int edit_distance(const std::string& a, const std::string& b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

/// "" for a finite number above 0 (or from 0 on), else what is wrong with it: CLI11's own validators print
/// the largest double with its 309 digits, and let NaN pass.
std::string out_of_range(const std::string& text, bool with_zero) {
  double number = 0;
  const bool is_number = CLI::detail::lexical_cast(text, number);
  if (is_number && (number > 0 || (with_zero && number == 0)) && number <= 1e9) return "";
  return fmt::format("takes a number {} and at most 1e9, not {}", with_zero ? "from 0 on" : "above 0", text);
}

/// All option and subcommand names of `app` and of the subcommands that were chosen.
void collect_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
    if (app.got_subcommand(const_cast<CLI::App*>(command))) collect_names(*command, names);
  }
}

}  // namespace

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  int best_distance = std::max(2, static_cast<int>(word.size()) / 3) + 1;
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

ArgumentParser::ArgumentParser(const std::string& description, const std::string& name)
    : owned_(std::make_unique<CLI::App>(description, name)), app_(owned_.get()) {}

ArgumentParser::ArgumentParser(CLI::App* command) : app_(command) {}

ArgumentParser::~ArgumentParser() = default;

template <typename T>
ArgumentParser::Option ArgumentParser::add_option(const std::string& names, T& value,
                                                  const std::string& meaning) {
  return Option(app_->add_option(names, value, meaning));
}

template <typename T>
ArgumentParser::Option ArgumentParser::add_option_function(const std::string& names,
                                                           const std::function<void(const T&)>& take,
                                                           const std::string& meaning) {
  return Option(app_->add_option_function<T>(names, take, meaning));
}

ArgumentParser::Option ArgumentParser::add_flag(const std::string& names, bool& value,
                                                const std::string& meaning) {
  return Option(app_->add_flag(names, value, meaning));
}

ArgumentParser::Option ArgumentParser::add_flag_function(const std::string& names,
                                                         const std::function<void(int64_t)>& take_times,
                                                         const std::string& meaning) {
  return Option(app_->add_flag_function(names, take_times, meaning));
}

ArgumentParser& ArgumentParser::add_command(const std::string& name, const std::string& meaning) {
  app_->require_subcommand(0, 1);
  commands_.emplace_back(new ArgumentParser(app_->add_subcommand(name, meaning)));
  return *commands_.back();
}

std::string ArgumentParser::command() const {
  const std::vector<CLI::App*> given = app_->get_subcommands();
  return given.empty() ? "" : given.front()->get_name();
}

bool ArgumentParser::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::Success& help) {
    app_->exit(help);
    return false;
  } catch (const CLI::ExtrasError&) {
    std::vector<std::string> names;
    collect_names(*app_, names);
    std::string unknown = app_->remaining(true).empty() ? "?" : app_->remaining(true).front();
    unknown = unknown.substr(0, unknown.find('='));
    const std::string nearest = nearest_name(unknown, names);
    throw UserError(nearest.empty() ? fmt::format("unknown argument {}; --help lists what there is", unknown)
                                    : fmt::format("unknown argument {}; did you mean {}?", unknown, nearest));
  } catch (const CLI::ParseError& error) {
    throw UserError(error.what());
  }
}

using Option = ArgumentParser::Option;

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::in_range(int64_t least, int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::positive() {
  option_->check([](const std::string& text) { return out_of_range(text, false); }, "POSITIVE");
  return *this;
}

Option& Option::non_negative() {
  option_->check([](const std::string& text) { return out_of_range(text, true); }, "NONNEGATIVE");
  return *this;
}

Option& Option::one_of(std::initializer_list<const char*> words) {
  option_->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())));
  return *this;
}

Option& Option::separated_by(char delimiter) {
  option_->delimiter(delimiter);
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

// The types of values that the book's programs have.
template Option ArgumentParser::add_option(const std::string&, int&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, int64_t&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, uint64_t&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, double&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, std::string&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, std::filesystem::path&, const std::string&);
template Option ArgumentParser::add_option(const std::string&, std::vector<std::string>&, const std::string&);
template Option ArgumentParser::add_option_function(const std::string&,
                                                    const std::function<void(const int64_t&)>&,
                                                    const std::string&);
template Option ArgumentParser::add_option_function(const std::string&,
                                                    const std::function<void(const uint64_t&)>&,
                                                    const std::string&);
template Option ArgumentParser::add_option_function(const std::string&,
                                                    const std::function<void(const double&)>&,
                                                    const std::string&);
template Option ArgumentParser::add_option_function(const std::string&,
                                                    const std::function<void(const std::string&)>&,
                                                    const std::string&);

}  // namespace gpt
