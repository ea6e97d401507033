#include "14_parameter_server/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace gpt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Message, ArrivesAsItWasSent) {
  Message sent({.kind = Kind::push, .worker = 3, .clock = 7, .version = 5, .from = 16, .to = 32}, 8);
  std::memset(sent.payload().data(), 1, 8);
  const Message came(sent.bytes());
  EXPECT_EQ(came.header().kind, Kind::push);
  EXPECT_EQ(came.header().worker, 3);
  EXPECT_EQ(came.header().clock, 7);
  EXPECT_EQ(came.header().version, 5);
  EXPECT_EQ(came.header().shard(), (ShardRange{16, 32}));
  EXPECT_EQ(came.payload().size(), 8u);
  EXPECT_EQ(came.bytes(), sent.bytes());
}

TEST(Message, WhatIsNoneIsRefused) {
  EXPECT_THAT([] { Message(std::vector<std::byte>(47)); },
              ThrowsMessage<Error>(HasSubstr("a message of 47 bytes, less than a header")));
  EXPECT_THAT([] { Message(std::vector<std::byte>(60)); },
              ThrowsMessage<Error>(HasSubstr("a message that begins with 0x0")));
}

TEST(Shards, CoverEverythingInEqualParts) {
  for (const int64_t elements : {16, 48, 160, 1000, 4096}) {
    for (int servers = 1; servers <= (elements + 15) / 16 && servers <= 7; ++servers) {
      const std::vector<ShardRange> shards = cut_into_shards(elements, servers);
      ASSERT_EQ(shards.size(), static_cast<size_t>(servers));
      EXPECT_EQ(shards.front().from, 0);
      EXPECT_EQ(shards.back().to, elements);
      for (size_t s = 0; s < shards.size(); ++s) {
        EXPECT_EQ(shards[s].from % 16, 0);
        EXPECT_GT(shards[s].elements(), 0);
        EXPECT_EQ(shards[s].from, s > 0 ? shards[s - 1].to : 0);
        EXPECT_LT(std::abs(shards[s].elements() - elements / servers), 32);
      }
    }
  }
  EXPECT_THROW(cut_into_shards(32, 3), UserError);
}

}  // namespace
}  // namespace gpt
