#pragma once
// The commands of `gpt`. Each declares its options and gives back what runs them.

#include <functional>
#include <string>

#include "09_averaging/communicator.hpp"
#include "16_trainer/trained_model.hpp"
#include "common/program.hpp"

namespace gpt {

/// Runs a command whose options have been parsed; returns its exit code.
using Command = std::function<int(Communicator&)>;

/// --run, --checkpoint and --tokenizer, which several commands share.
void add_model_options(CLI::App& app, ModelChoice& model);

Command add_train(CLI::App& app);
Command add_launch(CLI::App& app);
Command add_sample(CLI::App& app);
Command add_eval(CLI::App& app);
Command add_tokenize(CLI::App& app);
Command add_check(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_report(CLI::App& app);
Command add_watch(CLI::App& app);
Command add_convert(CLI::App& app);

}  // namespace gpt
