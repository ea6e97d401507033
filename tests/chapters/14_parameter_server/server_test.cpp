#include "14_parameter_server/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "03_optimizers/initialisation.hpp"
#include "14_parameter_server/client.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;

/// 40 parameters: a matrix of 4 × 8, which decays, and a vector of 8, which does not; 32 + 16 elements.
ParameterStore small_store() {
  ParameterStore store;
  store.declare("vector", {8}, initial::normal(1.0));
  store.declare("matrix", {4, 8}, initial::normal(1.0));
  store.allocate(1);
  return store;
}

/// A worker with a store of its own, at one server of everything.
struct TestWorker {
  ParameterStore store = small_store();
  ParameterClient client;
  explicit TestWorker(int number, bool incremental = false)
      : client(store, {{0, store.size()}}, number, 16, incremental) {}
  Message push(double gradient) {
    store.gradients().fill(gradient);
    return client.push(0);
  }
};

ServerOptions options_of(int workers, std::string_view pace) {
  return {.workers = workers, .pace = parse_pace(pace), .rate = constant_schedule(0.5), .block = 16};
}

/// What the server says to a message, which is one letter to the sender.
Message only(const std::vector<Letter>& letters) {
  EXPECT_EQ(letters.size(), 1u);
  return letters.at(0).message;
}

TEST(ShardStore, AnOptimizerDoesOnShardsWhatItDoesOnTheWhole) {
  for (const char* name : {"gd", "momentum", "adamw"}) {
    const OptimizerOptions numbers{.weight_decay = 0.1};
    const ParameterStore first = small_store();
    for (const ShardRange range : {ShardRange{0, 16}, {16, 48}, {0, 48}}) {
      const ParameterStore shard = make_shard_store(first, range);
      ASSERT_EQ(shard.size(), range.elements());
      const auto on_shard = make_optimizer(name, shard, numbers);
      const ParameterStore again = small_store();
      const auto on_whole = make_optimizer(name, again, numbers);
      for (int step = 0; step < 3; ++step) {
        for (int64_t i = 0; i < again.size(); ++i)
          again.gradients().at<float>({i}) = 0.1f * static_cast<float>(i * (step + 1) % 7 - 3);
        shard.gradients().copy_from(again.gradients().slice(0, range.from, range.to));
        on_whole->step(0.1);
        on_shard->step(0.1);
      }
      for (const Parameter& p : again.parameters())
        for (int64_t i = std::max(p.offset, range.from); i < std::min(p.offset + p.elements, range.to); ++i)
          ASSERT_EQ(shard.values().at<float>({i - range.from}), again.values().at<float>({i})) << name << i;
    }
  }
}

TEST(Server, SynchronousTrainingTakesTheMeanOfAll) {
  TestWorker a(0), b(1);
  ParameterServer server(a.store, {0, 48}, options_of(2, "sync"));
  a.client.accept(0, only(server.handle(a.client.pull(0), 0)));
  b.client.accept(0, only(server.handle(b.client.pull(0), 0)));
  const float first = server.values().at<float>({0});
  EXPECT_TRUE(server.handle(a.push(1.0), 0).empty());
  EXPECT_TRUE(server.handle(a.client.pull(0), 0).empty()) << "a pull is answered when the step is done";
  EXPECT_EQ(server.version(), 0);
  EXPECT_EQ(server.handle(b.push(3.0), 0).size(), 1u) << "… and then at once";
  EXPECT_EQ(server.version(), 1);
  EXPECT_EQ(server.values().at<float>({0}), first - 0.5f * 2.0f);
}

TEST(Server, AsynchronousTrainingTakesEachForItsShare) {
  TestWorker a(0), b(1);
  ParameterServer server(a.store, {0, 48}, options_of(2, "async"));
  const float first = server.values().at<float>({0});
  a.client.accept(0, only(server.handle(a.client.pull(0), 0)));
  b.client.accept(0, only(server.handle(b.client.pull(0), 0)));
  server.handle(a.push(1.0), 0);
  EXPECT_EQ(server.values().at<float>({0}), first - 0.5f * 0.5f);
  a.client.accept(0, only(server.handle(a.client.pull(0), 0)));
  server.handle(a.push(1.0), 0);
  server.handle(b.push(3.0), 0);
  EXPECT_EQ(server.values().at<float>({0}), first - 0.25f - 0.25f - 0.75f);
  EXPECT_THAT(server.staleness(), testing::ElementsAre(2, 0, 1)) << "b's gradient came two updates late";
}

TEST(Server, ABoundMakesTheFastWait) {
  TestWorker a(0), b(1);
  ParameterServer server(a.store, {0, 48}, options_of(2, "stale:1"));
  b.client.accept(0, only(server.handle(b.client.pull(0), 0)));
  for (int step = 0; step < 2; ++step) {
    a.client.accept(0, only(server.handle(a.client.pull(0), 0)));
    server.handle(a.push(1.0), 0);
  }
  EXPECT_TRUE(server.handle(a.client.pull(0), 0).empty()) << "two ahead of b";
  const std::vector<Letter> letters = server.handle(b.push(1.0), 0);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].to, 0);
}

TEST(Server, WhoLeavesOrDiesHoldsNobody) {
  for (const bool dies : {false, true}) {
    TestWorker a(0), b(1), c(2);
    ServerOptions options = options_of(3, "sync");
    options.lease = 10;
    ParameterServer server(a.store, {0, 48}, options);
    for (TestWorker* worker : {&a, &b, &c})
      worker->client.accept(0, only(server.handle(worker->client.pull(0), 1)));
    const float first = server.values().at<float>({0});
    server.handle(a.push(1.0), 2);
    server.handle(a.client.pull(0), 2);
    server.handle(b.push(3.0), 9);
    EXPECT_TRUE(server.expire(11).empty()) << "c was answered at 1: its lease ends at 11";
    const std::vector<Letter> letters = dies ? server.expire(11.5) : server.handle(c.client.leave(0), 11);
    ASSERT_EQ(letters.size(), 1u) << "a has waited since 2, and lives";
    EXPECT_EQ(letters[0].to, 0);
    EXPECT_EQ(server.values().at<float>({0}), first - 0.5f * 2.0f) << "the mean of the two that are left";
    EXPECT_EQ(server.clocks().living(), 2);
    EXPECT_EQ(server.lost(), dies ? std::vector{2} : std::vector<int>{}) << "who leaves is not lost";
    EXPECT_EQ(only(server.handle(c.push(1.0), 12)).text(),
              "worker 2 counts no more: it has left, or was not heard of for too long");
    server.handle(a.client.leave(0), 12);
    EXPECT_FALSE(server.done());
    server.handle(b.client.leave(0), 12);
    EXPECT_TRUE(server.done());
  }
}

TEST(Server, AnIncrementalPullBringsWhatHasChanged) {
  TestWorker full(0), some(1, /*incremental=*/true);
  ParameterServer server(full.store, {0, 48}, options_of(2, "async"));
  for (TestWorker* worker : {&full, &some})
    worker->client.accept(0, only(server.handle(worker->client.pull(0), 0)));
  some.store.gradients().fill(0.0);
  some.store.gradients().at<float>({20}) = 1.0f;  // in block 1 of 3
  server.handle(some.client.push(0), 0);
  const Message answer = only(server.handle(some.client.pull(0), 0));
  EXPECT_EQ(answer.header().blocks, 1);
  EXPECT_EQ(answer.payload().size(), 4u + 16 * 4);
  some.client.accept(0, answer);
  EXPECT_EQ(some.store.values().at<float>({20}), server.values().at<float>({20}));
  EXPECT_EQ(only(server.handle(some.client.pull(0), 0)).header().blocks, 0);
  EXPECT_EQ(only(server.handle(full.client.pull(0), 0)).header().blocks, 3);
}

TEST(Server, RefusesWhatIsWrongAndStaysAsItWas) {
  TestWorker a(0);
  ParameterServer server(a.store, {0, 48}, options_of(2, "stale:0"));
  a.client.accept(0, only(server.handle(a.client.pull(0), 0)));
  const Header good{.kind = Kind::push, .worker = 0, .clock = 0, .version = 0, .from = 0, .to = 48};
  const auto refusal = [&](Header header, size_t bytes) {
    const Message answer = only(server.handle(Message(header, bytes), 0));
    EXPECT_EQ(answer.header().kind, Kind::refused);
    return answer.text();
  };
  Header h = good;
  EXPECT_EQ(refusal(h, 100), "a message with 100 bytes, where 192 were expected");
  h.worker = 2;
  EXPECT_EQ(refusal(h, 192), "there is no worker 2; there are 2");
  h = good;
  h.kind = Kind::values;
  EXPECT_EQ(refusal(h, 192), "a server takes no message of kind 2");
  h = good;
  h.to = 32;
  EXPECT_EQ(refusal(h, 192), "this server has the elements 0 to 48, not 0 to 32");
  h = good;
  h.clock = 1;
  EXPECT_EQ(refusal(h, 192), "worker 0 has finished 0 steps, not 1");
  h = good;
  h.version = 1;
  EXPECT_EQ(refusal(h, 192), "worker 0 has version 1, and there are 0");
  EXPECT_EQ(server.version(), 0);
  EXPECT_EQ(server.clocks().clock(0), 0);
  EXPECT_TRUE(server.handle(Message(good, 192), 0).empty());
  h = good;
  h.clock = 1;
  h.version = 1;
  EXPECT_EQ(refusal(h, 192), "worker 0 has pushed a step that it could not have begun");
}

TEST(Client, RefusesWhatDoesNotFit) {
  TestWorker a(0);
  ParameterServer server(a.store, {0, 48}, options_of(1, "async"));
  const Message good = only(server.handle(a.client.pull(0), 0));
  const auto error = [&](const Message& message) -> std::string {
    try {
      a.client.accept(0, message);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error(Message::refusal(good.header(), "because")), HasSubstr("server 0 refused: because"));
  Header h = good.header();
  h.from = 16;
  EXPECT_THAT(error(Message(h)), HasSubstr("should send the values of 0 to 48"));
  h = good.header();
  h.blocks = -1;
  EXPECT_THAT(error(Message(h)), HasSubstr("-1 blocks in 0 bytes"));
  h.blocks = 1;
  Message none(h, 4 + 16 * 4);
  none.payload()[0] = std::byte{3};
  EXPECT_THAT(error(none), HasSubstr("block 3 of a shard of 48"));
  h.blocks = 0;
  EXPECT_THAT(error(Message(h, 4)), HasSubstr("4 bytes too many"));
  EXPECT_EQ(error(good), "");
}

}  // namespace
}  // namespace gpt
