#pragma once
// Everything that can be chosen about a run, with a name, a default and a meaning: said once, here.

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "05_gpt/gpt.hpp"
#include "08_gpu_training/device_choice.hpp"

namespace gpt {

/// The choices of one run. The names in config.json are these with an underscore, those of the options with a
/// dash: micro_batch, --micro-batch.
struct TrainConfig {
  // [defaults]
  std::string preset = "book";
  std::string data;  ///< file or folder of text, or a token file; empty: the book itself
  std::string tokenizer = "byte";
  double validation = 0.1;

  int64_t layers = 4;
  int64_t heads = 4;
  int64_t width = 128;
  int64_t context = 64;
  double dropout = 0.0;

  int64_t batch = 12;
  int64_t micro_batch = 0;  ///< 0: the whole share of a rank at once
  int64_t steps = 1000;

  double lr = 1e-3;
  double min_lr = 1e-4;
  int64_t warmup = 100;
  std::string schedule = "cosine";
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip = 1.0;  ///< 0: no clipping
  std::string precision = "f32";
  std::string device = "auto";
  std::string cuda_graph = "off";

  int64_t eval_every = 100;
  int64_t eval_batches = 0;
  int64_t checkpoint_every = 100;
  int64_t keep = 2;
  int64_t sample_every = 0;
  int64_t sample_length = 400;
  uint64_t seed = 1337;

  int64_t threads = 0;             ///< OpenMP threads of each rank; 0: the processors of this host shared out
  std::string bucket_mb = "auto";  ///< or a number
  std::string comm = "auto";       ///< mpi, nccl, or what all_reduce takes
  std::string all_reduce = "auto";  ///< or the name of an algorithm of chapter 10
  std::string compress = "none";    ///< or what make_compression() of chapter 13 knows
  int64_t compress_warmup = 200;
  int64_t zero = 0;       ///< the stage of ZeRO (chapter 15); 0: every rank keeps everything
  int64_t tp = 1;         ///< ranks that share a model (tensor parallelism, chapter 15)
  int64_t local_sgd = 0;  ///< steps that each rank takes by itself; 0: gradients are averaged in every step
  int64_t servers = 0;    ///< ranks that own the parameters (chapter 14); 0: every rank has them all
  bool async = false;     ///< their workers do not wait for each other …
  int64_t stale = 0;      ///< … or those who are so many steps ahead do
  std::string overlap = "on";
  bool reproducible = false;
  int64_t leaves = 8;
  int64_t check_every = 0;  ///< 0: whenever the model is evaluated
  // [/defaults]

  bool operator==(const TrainConfig&) const = default;

  /// Throws UserError, one sentence, for numbers that are impossible or contradict each other.
  void validate() const;
  /// The shape of the model, given the tokenizer's vocabulary.
  GptConfig model(int64_t vocabulary) const;
  /// --threads; but with --reproducible 1 unless told, because the matrix products may add in another order
  /// on another number of threads.
  int64_t wanted_threads() const { return reproducible && threads == 0 ? 1 : threads; }
  /// --bucket-mb in bytes; nothing for auto.
  std::optional<int64_t> bucket_bytes() const;
  /// Of one rank.
  DeviceChoice device_choice(int rank) const { return {device, precision, rank}; }
  DType compute_type() const { return precision == "bf16" ? DType::bf16 : DType::f32; }
};

/// Calls visit(name, member, meaning) for every choice, in the order in which people think of them.
template <class Config, class Visit>
void for_each_choice(Config& c, Visit&& visit) {
  visit("data", c.data, "text file, folder of texts, or token file (default: the book itself)");
  visit("tokenizer", c.tokenizer, "byte, char, bpe:N (train one with N tokens), or a tokenizer's file");
  visit("validation", c.validation, "fraction of the text, at its end, kept for validation");
  visit("layers", c.layers, "transformer blocks");
  visit("heads", c.heads, "attention heads per block");
  visit("width", c.width, "numbers per position, a multiple of the heads");
  visit("context", c.context, "tokens that the model sees at once");
  visit("dropout", c.dropout, "fraction of activations dropped in training");
  visit("batch", c.batch, "sequences per step, over all ranks");
  visit("micro_batch", c.micro_batch, "sequences a rank computes at once (0: its whole share)");
  visit("steps", c.steps, "optimizer steps");
  visit("lr", c.lr, "largest learning rate");
  visit("min_lr", c.min_lr, "learning rate at the end");
  visit("warmup", c.warmup, "steps of linear warm-up");
  visit("schedule", c.schedule, "cosine, linear, step or constant");
  visit("beta1", c.beta1, "AdamW: decay of the mean gradient");
  visit("beta2", c.beta2, "AdamW: decay of the mean square");
  visit("epsilon", c.epsilon, "AdamW: added to the root of the mean square");
  visit("weight_decay", c.weight_decay, "AdamW: pull of the matrices towards zero");
  visit("clip", c.clip, "largest global norm of the gradient (0: none)");
  visit("precision", c.precision, "f32, bf16, or tf32: f32 whose products a GPU rounds");
  visit("device", c.device, "cuda, cpu, simt (chapter 06), or auto: cuda where there is a GPU");
  visit("cuda_graph", c.cuda_graph, "on: a GPU keeps the orders of a pass, and gets them all at once");
  visit("eval_every", c.eval_every, "steps between validations");
  visit("eval_batches", c.eval_batches, "batches per validation (0: the whole split)");
  visit("checkpoint_every", c.checkpoint_every, "steps between checkpoints");
  visit("keep", c.keep, "checkpoints kept, besides the best");
  visit("sample_every", c.sample_every, "steps between samples (0: only at the end)");
  visit("sample_length", c.sample_length, "tokens of a sample");
  visit("seed", c.seed, "of the first weights, the order of the data and the dropout");
  visit("threads", c.threads, "threads of each rank (0: the processors shared out)");
  visit("bucket_mb", c.bucket_mb,
        "megabytes of gradients averaged at a time, or auto (chosen by measurement)");
  visit("comm", c.comm, "mpi, nccl (chapter 12), or auto: nccl where every rank has a GPU of its own");
  visit("all_reduce", c.all_reduce,
        "auto (the fastest here), ring, shared-memory, library, ... (chapter 10)");
  visit("compress", c.compress,
        "send gradients as bf16, fp16, int8, sign, topk:R, randomk:R or powersgd:N (chapter 13)");
  visit("compress_warmup", c.compress_warmup,
        "steps with whole gradients before sign, topk, randomk, powersgd");
  visit("zero", c.zero, "what ranks share out: 1 optimizer, 2 and gradients, 3 and parameters (chapter 15)");
  visit("local_sgd", c.local_sgd, "steps each rank takes alone before parameters are averaged (0: none)");
  visit("tp", c.tp, "ranks of a host that share each model; such groups divide the batch (chapter 15)");
  visit("servers", c.servers, "ranks that serve parameters to the others (0: none; chapter 14)");
  visit("async", c.async, "with --servers: each gradient is a step when it comes, and nobody waits");
  visit("stale", c.stale, "with --servers: the same, but nobody is more than so many steps ahead");
  visit("overlap", c.overlap, "on: average gradients while the backward pass runs; off: after it");
  visit("reproducible", c.reproducible, "the same bits on 1, 2, 4, … ranks: sums in a fixed tree");
  visit("leaves", c.leaves, "with --reproducible: micro-batches of a step, over all ranks");
  visit("check_every", c.check_every, "steps between checks that all ranks agree (0: at validations)");
}

/// The names of choices that make a run what it is: a resumed run cannot change them.
const std::vector<std::string>& fixed_choices();

nlohmann::ordered_json to_json(const TrainConfig& config);
/// Overwrites the choices that `json` names. Throws UserError for an unknown name (with the nearest known
/// one) and for a value of another type; `where` is what the sentence calls the source.
void apply_json(TrainConfig& config, const nlohmann::ordered_json& json, const std::string& where);
/// Reads a file of choices, as config.json is one. Throws UserError.
nlohmann::ordered_json read_json_file(const std::filesystem::path& path);

}  // namespace gpt
