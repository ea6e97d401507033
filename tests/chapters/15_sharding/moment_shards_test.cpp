// What some ranks wrote, any number of ranks can read.

#include "15_sharding/moment_shards.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "05_gpt/gpt.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

class MomentShards : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("gpt-moments-{}", getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<ShardedAdamW> shares(const Gpt& model, int ranks) {
    std::vector<ShardedAdamW> all;
    const Partition partition(layer_ends(model.parameters()), ranks, 16);
    for (int rank = 0; rank < ranks; ++rank)
      all.emplace_back(model.parameters(), model.backend(), partition, rank);
    return all;
  }

  fs::path folder_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend();
  Gpt model_{{.layers = 2, .heads = 1, .width = 24, .context = 5, .vocabulary = 11}, *backend_, 1};
};

TEST_F(MomentShards, ChangeTheirNumber) {
  for (const int writers : {1, 3, 4})
    for (const int readers : {1, 2, 4}) {
      SCOPED_TRACE(fmt::format("{} to {} ranks", writers, readers));
      std::vector<fs::path> files;
      for (const ShardedAdamW& share : shares(model_, writers)) {
        for (const auto& piece : share.pieces())
          for (int64_t i = 0; i < piece.part.elements(); ++i) {
            share.m().at<float>({piece.at + i}) = static_cast<float>(piece.part.from + i);
            share.v().at<float>({piece.at + i}) = -static_cast<float>(piece.part.from + i);
          }
        files.push_back(folder_ / fmt::format("{}", files.size()));
        write_moments(files.back(), model_.parameters(), share);
      }
      for (const ShardedAdamW& share : shares(model_, readers)) {
        int64_t elements = 0;
        for (const fs::path& file : files)
          elements += read_moments(SafetensorsFile(file), model_.parameters(),
                                   [&](char moment, int64_t offset, const Tensor& values) {
                                     take_moments(share, moment, offset, values);
                                   });
        EXPECT_EQ(elements, 2 * model_.parameters().parameter_count());
        for (const auto& piece : share.pieces())
          for (const Parameter& p : model_.parameters().parameters())
            for (int64_t i = std::max(piece.part.from, p.offset);
                 i < std::min(piece.part.to, p.offset + p.elements); ++i) {
              ASSERT_EQ(share.m().at<float>({piece.at + i - piece.part.from}), static_cast<float>(i));
              ASSERT_EQ(share.v().at<float>({piece.at + i - piece.part.from}), -static_cast<float>(i));
            }
      }
    }
}

TEST_F(MomentShards, OfAnotherModelAreRefused) {
  write_moments(folder_ / "share", model_.parameters(), shares(model_, 1)[0]);
  Gpt smaller({.layers = 1, .heads = 1, .width = 24, .context = 5, .vocabulary = 11}, *backend_, 1);
  const auto ignore = [](char, int64_t, const Tensor&) {};
  EXPECT_THROW(read_moments(SafetensorsFile(folder_ / "share"), smaller.parameters(), ignore), UserError);
  SafetensorsWriter odd;
  odd.add("m.wte.weight[0:", Tensor::zeros({4}));
  odd.write(folder_ / "odd");
  EXPECT_THROW(read_moments(SafetensorsFile(folder_ / "odd"), model_.parameters(), ignore), UserError);
}

}  // namespace
}  // namespace gpt
