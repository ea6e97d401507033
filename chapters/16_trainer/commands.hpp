#pragma once
// The commands of `gpt`. Each declares its options and gives back what runs them.

#include <functional>
#include <string>

#include "09_averaging/communicator.hpp"
#include "16_trainer/trained_model.hpp"
#include "common/argument_parser.hpp"
#include "common/program.hpp"

namespace gpt {

/// Runs a command whose options have been parsed; returns its exit code.
using Command = std::function<int(Communicator&)>;

/// --run, --checkpoint and --tokenizer, which several commands share.
void add_model_options(ArgumentParser& parser, ModelChoice& model);

Command add_train(ArgumentParser& parser);
Command add_launch(ArgumentParser& parser);
Command add_sample(ArgumentParser& parser);
Command add_eval(ArgumentParser& parser);
Command add_tokenize(ArgumentParser& parser);
Command add_check(ArgumentParser& parser);
Command add_bench(ArgumentParser& parser);
Command add_report(ArgumentParser& parser);
Command add_watch(ArgumentParser& parser);
Command add_convert(ArgumentParser& parser);

}  // namespace gpt
