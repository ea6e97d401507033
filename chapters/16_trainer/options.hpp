#pragma once
// From the command line to the choices of a run.

#include <nlohmann/json.hpp>

#include "16_trainer/config.hpp"
#include "16_trainer/timeline_file.hpp"
#include "common/argument_parser.hpp"

namespace gpt {

/// The options of `gpt train`, as they were given: nothing is filled in yet.
struct TrainOptions {
  std::string preset;       ///< empty: not given
  std::string config_file;  ///< empty: not given
  std::string out;          ///< empty: not given
  bool resume = false;
  TimelineOptions timeline;
  double collective_timeout = 60;  ///< seconds that a rank may keep the others waiting
  nlohmann::ordered_json given = nlohmann::ordered_json::object();  ///< the choices given on the command line
};

/// Declares the options of `gpt train` on `parser`; parsing fills `options`, which must outlive `parser`.
void add_train_options(ArgumentParser& parser, TrainOptions& options);

/// The choices of a new run: the command line wins over --config's file, the file over the preset. Checked.
TrainConfig new_config(const TrainOptions& options);

/// The choices of a resumed run: those of its config.json, and over them the file's and the command line's.
/// Throws UserError when one of fixed_choices() would change.
TrainConfig resumed_config(const TrainOptions& options, const std::filesystem::path& config_file);

}  // namespace gpt
