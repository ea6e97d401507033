// A server that is replaced by what it had saved goes on as if nothing had happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/file.hpp"
#include "server_group.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int workers = 3;
const std::vector<int64_t> widths{2, 12, 2};

ServerOptions options_of(std::string_view pace) {
  return {.workers = workers,
          .pace = parse_pace(pace),
          .optimizer = "adamw",
          .rate = constant_schedule(0.05),
          .block = 16};
}

class State : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("server-{}", ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const { return folder_ / "state"; }

  /// Workers take turns at one server until each has taken eight steps. After `replaced` messages the server
  /// is saved, thrown away and loaded; whoever waited asks again.
  std::vector<float> train(std::string_view pace, int64_t replaced) const {
    const SpiralTask task(workers, widths);
    const ShardRange all{0, task.store(0).size()};
    const SpiralTask untouched(1, widths);
    auto server = std::make_unique<ParameterServer>(untouched.store(0), all, options_of(pace));
    std::vector<ParameterClient> clients;
    for (int w = 0; w < workers; ++w) clients.emplace_back(task.store(w), std::vector{all}, w, 16, w == 1);
    std::vector<bool> asked(workers), ready(workers);
    int64_t messages = 0;
    const auto tell = [&](const Message& message) {
      for (const Letter& letter : server->handle(message, 0)) {
        clients[static_cast<size_t>(letter.to)].accept(0, letter.message);
        asked[static_cast<size_t>(letter.to)] = false;
        ready[static_cast<size_t>(letter.to)] = true;
      }
      if (++messages != replaced) return;
      server->save(file());
      server = std::make_unique<ParameterServer>(untouched.store(0), all, options_of(pace));
      server->load(file());
      asked.assign(workers, false);
    };
    for (uint64_t turn = 0; !server->done(); ++turn) {
      const auto w = RandomStream(3, RandomUse::example).below(turn, workers);
      ParameterClient& client = clients[w];
      if (!server->clocks().lives(static_cast<int>(w)) || asked[w]) continue;
      if (ready[w]) {
        task.gradient(static_cast<int>(w), client.clock());
        ready[w] = false;
        tell(client.push(0));
      } else if (client.clock() == 8) {
        tell(client.leave(0));
      } else {
        asked[w] = true;
        const Message pull = client.pull(0);
        tell(pull);
      }
    }
    const auto values = server->values().span<float>();
    return {values.begin(), values.end()};
  }

  std::filesystem::path folder_;
};

TEST_F(State, AReplacedServerGivesTheSameParametersBitForBit) {
  for (const char* pace : {"sync", "stale:1", "async"}) {
    const std::vector<float> undisturbed = train(pace, -1);
    for (int64_t replaced = 1; replaced <= 50; replaced += 7)
      EXPECT_EQ(train(pace, replaced), undisturbed) << pace << ", after message " << replaced;
  }
}

TEST_F(State, OfAnotherServerIsRefused) {
  const SpiralTask task(1, widths);
  const ShardRange all{0, task.store(0).size()};
  ParameterServer server(task.store(0), all, options_of("sync"));
  server.save(file());
  const auto load_into = [&](ServerOptions options, ShardRange shard) {
    ParameterServer(task.store(0), shard, std::move(options)).load(file());
  };
  EXPECT_NO_THROW(load_into(options_of("sync"), all));
  ServerOptions other = options_of("sync");
  other.workers = 2;
  const auto refused =
      ThrowsMessage<UserError>(HasSubstr("with another shard, pace, optimizer or number of workers"));
  EXPECT_THAT([&] { load_into(other, all); }, refused);
  other = options_of("sync");
  other.optimizer = "adam";
  EXPECT_THAT([&] { load_into(other, all); }, refused);
  EXPECT_THAT([&] { load_into(options_of("async"), all); }, refused);
  EXPECT_THAT([&] { load_into(options_of("sync"), {0, 16}); }, refused);

  std::string bytes = read_file(file());
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomically(file(), bytes);
  EXPECT_THAT([&] { load_into(options_of("sync"), all); }, ThrowsMessage<UserError>(HasSubstr("is damaged")));
  write_file_atomically(file(), "short");
  EXPECT_THAT([&] { load_into(options_of("sync"), all); },
              ThrowsMessage<UserError>(HasSubstr("is not the state of a server")));
}

}  // namespace
}  // namespace gpt
