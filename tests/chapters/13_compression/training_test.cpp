// Training with compressed gradients on threads.

#include <gtest/gtest.h>

#include "13_compression/make_compression.hpp"
#include "compressed_training.hpp"

namespace gpt {
namespace {

TEST(CompressedTraining, ReplicasStayEqual) {
  for (const int ranks : {1, 2, 3, 4}) run_threads(ranks, expect_replicas_stay_equal);
}

TEST(CompressedTraining, LearnsAsWithWholeGradients) {
  for (const int ranks : {1, 3, 4}) run_threads(ranks, expect_training_works);
}

TEST(Compressions, AWrongNameIsOneSentence) {
  for (const char* spec : {"", "zip", "int4", "int8:3", "BF16", "topk", "topk:", "topk:0", "topk:1.1",
                           "topk:x", "powersgd:0", "powersgd:2.5", "sign:1", "randomk:-1"})
    EXPECT_THROW(make_compression(spec), UserError);
  EXPECT_EQ(make_compression("none"), nullptr);
}

}  // namespace
}  // namespace gpt
