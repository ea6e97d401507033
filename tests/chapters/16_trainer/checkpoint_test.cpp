// Checkpoints: what was saved comes back, damage is seen, and old ones go.
#include "16_trainer/checkpoint.hpp"

#include <gmock/gmock.h>

#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr GptConfig tiny{.layers = 1, .heads = 2, .width = 4, .context = 3, .vocabulary = 5};

struct State {
  explicit State(uint64_t seed, const GptConfig& config = tiny)
      : backend(make_reference_backend(DType::f32)),
        model(config, *backend, seed),
        optimizer(model.parameters(), *backend) {
    for (const Parameter& p : model.parameters().parameters())  // padding stays 0
      for (int64_t i = 0; i < p.elements; ++i) {
        optimizer.m().data<float>()[p.offset + i] =
            static_cast<float>(seed * 1000 + static_cast<uint64_t>(i));
        optimizer.v().data<float>()[p.offset + i] = 0.5f * static_cast<float>(i + p.offset);
      }
  }
  std::unique_ptr<Backend> backend;
  Gpt model;
  AdamW optimizer;
};

std::vector<float> copy(const Tensor& tensor) {
  return {tensor.data<float>(), tensor.data<float>() + tensor.elements()};
}

TrainState state_at(int64_t step, std::optional<double> val_loss = {}) {
  return {step, 1.25, val_loss, "fingerprint", {{"preset", "book"}}};
}

std::vector<std::string> names(const fs::path& folder) {
  std::vector<std::string> result;
  for (const fs::path& path : list_checkpoints(folder)) result.push_back(path.filename().string());
  return result;
}

TEST(Checkpoint, WhatWasSavedComesBackBitForBit) {
  const fs::path folder = scratch_folder();
  const State saved(1);
  const fs::path checkpoint = save_checkpoint(folder, state_at(7, 2.5), saved.model, saved.optimizer);
  EXPECT_EQ(checkpoint.filename(), "step-000007");

  const TrainState state = verify_checkpoint(checkpoint);
  EXPECT_EQ(state.step, 7);
  EXPECT_EQ(state.val_loss, 2.5);
  EXPECT_EQ(state.data, "fingerprint");
  State loaded(2);
  load_model(checkpoint, loaded.model);
  load_optimizer(checkpoint, loaded.model, loaded.optimizer);
  EXPECT_EQ(copy(loaded.model.parameters().values()), copy(saved.model.parameters().values()));
  EXPECT_EQ(copy(loaded.optimizer.m()), copy(saved.optimizer.m()));
  EXPECT_EQ(copy(loaded.optimizer.v()), copy(saved.optimizer.v()));
}

TEST(Checkpoint, EveryTruncationAndEveryFlippedByteIsSeen) {
  const State saved(1);
  const fs::path checkpoint = save_checkpoint(scratch_folder(), state_at(7), saved.model, saved.optimizer);
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    const std::string whole = read_file(checkpoint / name);
    for (size_t at = 0; at + 1 < whole.size(); at += whole.size() < 2000 ? 1 : 37) {
      if (at + 2 < whole.size()) {  // without its last line feed state.json still says all
        write_quickly(checkpoint / name, whole.substr(0, at));
        EXPECT_THROW(verify_checkpoint(checkpoint), UserError) << name << " cut at " << at;
      }
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
      write_quickly(checkpoint / name, flipped);
      const bool is_space = whole[at] == ' ' || whole[at] == '\n';
      if (std::string(name) == "state.json" && is_space) continue;  // says the same
      EXPECT_THROW(verify_checkpoint(checkpoint), UserError) << name << " flipped at " << at;
    }
    write_quickly(checkpoint / name, whole);
    verify_checkpoint(checkpoint);
    fs::rename(checkpoint / name, checkpoint / "elsewhere");
    EXPECT_THROW(verify_checkpoint(checkpoint), UserError) << name << " missing";
    fs::rename(checkpoint / "elsewhere", checkpoint / name);
  }
}

TEST(Checkpoint, OneOfAnotherShapeIsRefused) {
  const State saved(1);
  const fs::path checkpoint = save_checkpoint(scratch_folder(), state_at(7), saved.model, saved.optimizer);
  State wider(1, {.layers = 1, .heads = 2, .width = 6, .context = 3, .vocabulary = 5});
  EXPECT_THAT(complaint([&] { load_model(checkpoint, wider.model); }), HasSubstr("another shape"));
  EXPECT_THROW(load_optimizer(checkpoint, wider.model, wider.optimizer), UserError);
}

TEST(Checkpoint, TheNewestAndTheBestStay) {
  const fs::path folder = scratch_folder();
  const State s(1);
  for (const auto& [step, loss] :
       std::vector<std::pair<int64_t, double>>{{1, 3.0}, {2, 1.0}, {3, 2.0}, {4, 2.5}, {10, 9.0}})
    save_checkpoint(folder, state_at(step, loss), s.model, s.optimizer);
  remove_old_checkpoints(folder, 2);
  EXPECT_THAT(names(folder), ElementsAre("step-000002", "step-000004", "step-000010"));
  remove_old_checkpoints(folder, 1);
  EXPECT_THAT(names(folder), ElementsAre("step-000002", "step-000010"));
}

TEST(Checkpoint, WhatAKilledProcessLeftIsNoCheckpoint) {
  const fs::path folder = scratch_folder();
  const State s(1);
  save_checkpoint(folder, state_at(1), s.model, s.optimizer);
  fs::create_directories(folder / ".partial-step-000002");
  write_quickly(folder / ".partial-step-000002" / "model.safetensors", "half");
  EXPECT_THAT(names(folder), ElementsAre("step-000001"));
  remove_leftovers(folder);
  EXPECT_FALSE(fs::exists(folder / ".partial-step-000002"));
  EXPECT_THAT(names(folder), ElementsAre("step-000001"));
}

TEST(Checkpoint, AFolderThatCannotBeWrittenIsOneSentence) {
  const State s(1);
  complaint([&] { save_checkpoint("/proc/no/such/folder", state_at(1), s.model, s.optimizer); });
}

}  // namespace
}  // namespace gpt
