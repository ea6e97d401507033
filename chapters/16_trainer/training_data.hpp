#pragma once
// From what the user names to the tokens that the ranks train on.

#include <memory>
#include <string>

#include "04_text/tokenizer.hpp"
#include "04_text/tokens.hpp"
#include "16_trainer/config.hpp"
#include "16_trainer/run_folder.hpp"

namespace gpt {

/// What a run reads.
struct TrainingData {
  std::unique_ptr<Tokenizer> tokenizer;
  Tokens training;
  Tokens validation;
  std::string fingerprint;  ///< of both rows of tokens and of the tokenizer
};

/// A tokenizer as the option names it: "byte", "char", "bpe:N", or a file or folder of one. A character
/// tokenizer learns the characters of the whole text, BPE its merges from the part for training. Throws
/// UserError.
std::unique_ptr<Tokenizer> make_tokenizer(const std::string& wish, std::string_view whole_text,
                                          std::string_view training_text);

/// Looks at the data that the configuration names, without writing anything: a later mistake in it would
/// leave half a run. Throws UserError for what is missing, empty, no text, or shorter than the context.
class DataSource {
 public:
  explicit DataSource(const TrainConfig& config);
  /// "the book itself", or the path.
  const std::string& name() const { return name_; }
  /// Writes tokenizer.json and data/{train,validation}.tok of the run, each file whole or not at all.
  void write(const RunFolder& run) const;

 private:
  std::string name_;
  std::unique_ptr<Tokenizer> tokenizer_;
  Tokens training_, validation_;
};

/// Maps what DataSource::write() wrote, and checks every byte. Throws UserError.
TrainingData open_training_data(const RunFolder& run);

}  // namespace gpt
