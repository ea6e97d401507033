#pragma once
// Command lines: options declared one by one, and answers to those that are misspelt.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace gpt {

/// The options of a program or of one of its commands. CLI11 does the work; its header takes a compiler five
/// seconds, so it stands in argument_parser.cpp alone. Declare everything, call parse(), then read the
/// variables.
class ArgumentParser {
 public:
  /// One option, to say more of it.
  class Option {
   public:
    explicit Option(CLI::Option* option) : option_(option) {}
    Option& required();
    Option& in_range(int64_t least, int64_t most);
    Option& positive();
    Option& non_negative();
    Option& one_of(std::initializer_list<const char*> words);
    Option& separated_by(char delimiter);
    Option& show_default();

   private:
    CLI::Option* option_;
  };

  explicit ArgumentParser(const std::string& description = "", const std::string& name = "");
  ~ArgumentParser();
  ArgumentParser(const ArgumentParser&) = delete;
  ArgumentParser& operator=(const ArgumentParser&) = delete;

  /// An option whose value is stored in `value`, which must live as long as this: a bool, int, int64_t,
  /// uint64_t, double, std::string, std::filesystem::path, or std::vector<std::string>. A name without dashes
  /// is a positional argument.
  template <typename T>
  Option add_option(const std::string& names, T& value, const std::string& meaning = "");
  /// An option whose value is passed on: an int64_t, uint64_t, double or std::string.
  template <typename T>
  Option add_option_function(const std::string& names, const std::function<void(const T&)>& take,
                             const std::string& meaning);
  /// An option without a value.
  Option add_flag(const std::string& names, bool& value, const std::string& meaning);
  Option add_flag_function(const std::string& names, const std::function<void(int64_t)>& take_times,
                           const std::string& meaning);
  /// A command, such as `train` in `gpt train`: at most one can be given.
  ArgumentParser& add_command(const std::string& name, const std::string& meaning);

  /// Returns true when the program should go on; false when help was asked for and printed. Throws UserError
  /// for a wrong command line; an unknown option is answered with the nearest known one.
  bool parse(int argc, const char* const* argv);
  /// The command that was given; "" without one.
  std::string command() const;

 private:
  explicit ArgumentParser(CLI::App* command);

  std::unique_ptr<CLI::App> owned_;  // a command's belongs to the whole program's
  CLI::App* app_;
  std::vector<std::unique_ptr<ArgumentParser>> commands_;
};

/// The candidate with the smallest edit distance to `word`, or "" when none is near enough to be meant.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace gpt
