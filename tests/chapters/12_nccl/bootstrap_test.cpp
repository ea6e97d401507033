// Ranks that meet without a communicator: here threads of one process.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "12_nccl/bootstrap.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// What one rank heard, or the sentence it ended with.
struct Heard {
  std::string word, complaint;
};

using Meeting = std::function<std::string(const std::string& word, const Place& place)>;

/// Runs the ranks of `present` as threads, out of `size`.
std::vector<Heard> meet(const std::vector<int>& present, int size, double deadline, const Meeting& meeting) {
  std::vector<Heard> heard(present.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < present.size(); ++i)
    threads.emplace_back([&, i] {
      const int rank = present[i];
      try {
        heard[i].word = meeting(rank == 0 ? std::string("a\0word", 6) : "not this", {rank, size, deadline});
      } catch (const UserError& error) {
        heard[i].complaint = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  return heard;
}

constexpr double patient = 100, impatient = 0.3;

/// A door at a port that nobody else has; it opens when it listens.
class Door {
 public:
  Door() : file_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t length = sizeof any;
    EXPECT_EQ(::bind(file_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::getsockname(file_, reinterpret_cast<sockaddr*>(&any), &length), 0);
    port_ = ntohs(any.sin_port);
  }
  ~Door() { close(); }
  void listen() const { EXPECT_EQ(::listen(file_, 5), 0); }
  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }

 private:
  int file_, port_ = 0;
};

std::string free_address() {
  return Door().address();
}

Meeting tcp(const std::string& address) {
  return
      [address](const std::string& word, const Place& place) { return share_over_tcp(word, address, place); };
}

class Folder : public testing::Test {
 protected:
  Folder() : path_(fs::temp_directory_path() / fmt::format("gpt-meeting-{}", ::getpid())) {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  ~Folder() override { fs::remove_all(path_); }
  Meeting file() const {
    return [path = path_ / "id"](const std::string& word, const Place& place) {
      return share_through_file(word, path, place);
    };
  }
  const fs::path path_;
};
using MeetingInAFile = Folder;

TEST(MeetingOverTcp, AllRanksHearRank0) {
  for (const int size : {1, 2, 3, 5}) {
    std::vector<int> all;
    for (int rank = 0; rank < size; ++rank) all.push_back(rank);
    for (const Heard& one : meet(all, size, patient, tcp(free_address())))
      EXPECT_EQ(one.word, std::string("a\0word", 6)) << one.complaint;
  }
}

TEST(MeetingOverTcp, TheOthersWaitForRank0ToComeLate) {
  const std::string address = free_address();
  // Rank 1 begins while somebody else has the port, and lets callers stand.
  std::vector<Heard> early(1);
  std::thread rank1([&] { early = meet({1}, 2, patient, tcp(address)); });
  const std::vector<Heard> late = meet({0}, 2, patient, tcp(address));
  rank1.join();
  EXPECT_EQ(early[0].word, late[0].word) << early[0].complaint;
}

TEST(MeetingOverTcp, AMissingRankIsNamedOnAllThatAreThere) {
  const std::vector<Heard> heard = meet({0, 2}, 4, impatient, tcp(free_address()));
  EXPECT_THAT(heard[0].complaint, testing::AllOf(HasSubstr(" of 4 did not come"), HasSubstr("0.3 s")));
  // On a busy machine rank 2 may come when rank 0 has given up.
  EXPECT_THAT(heard[0].complaint, testing::AnyOf(HasSubstr("rank 1, 3 of"), HasSubstr("rank 1, 2, 3 of")));
  EXPECT_THAT(heard[1].complaint,
              testing::AnyOf(testing::Eq(heard[0].complaint), HasSubstr("rank 2 of 4 found no rank 0")));
}

TEST(MeetingOverTcp, WithoutRank0TheOthersSayWhereTheyLooked) {
  const std::string address = free_address();
  EXPECT_EQ(meet({1}, 2, impatient, tcp(address))[0].complaint,
            "rank 1 of 2 found no rank 0 at " + address + " within 0.3 s");
}

TEST(MeetingOverTcp, APortInUseIsSaid) {
  const Door taken;
  taken.listen();
  EXPECT_THAT(
      meet({0}, 2, impatient, tcp(taken.address()))[0].complaint,
      HasSubstr(fmt::format("rank 0 cannot listen at port {}: Address already in use", taken.port())));
}

TEST(MeetingOverTcp, TwoJobsOrTwoRanksOfOneNumberAreToldApart) {
  for (const Heard& one : meet({0, 1, 1}, 3, patient, tcp(free_address())))
    EXPECT_EQ(one.complaint, "two processes call themselves rank 1");
  const std::string address = free_address();
  std::vector<Heard> other(1);
  std::thread stranger([&] { other = meet({1}, 3, patient, tcp(address)); });
  const std::vector<Heard> mine = meet({0}, 2, patient, tcp(address));
  stranger.join();
  EXPECT_EQ(mine[0].complaint, "rank 1 of 3 came to a meeting of 2 ranks");
  EXPECT_EQ(other[0].complaint, mine[0].complaint);
}

TEST(MeetingOverTcp, AWrongAddressIsOneSentence) {
  for (const char* wrong : {"host", "host:", ":80", "host:0", "host:70000", "host:80x"})
    EXPECT_THAT(meet({0}, 2, impatient, tcp(wrong))[0].complaint, HasSubstr("an address is HOST:PORT"))
        << wrong;
}

TEST_F(MeetingInAFile, AllRanksHearRank0AndNothingStays) {
  for (const int size : {1, 2, 3, 5}) {
    std::vector<int> all;
    for (int rank = 0; rank < size; ++rank) all.push_back(rank);
    for (const Heard& one : meet(all, size, patient, file()))
      EXPECT_EQ(one.word, std::string("a\0word", 6)) << one.complaint;
    EXPECT_TRUE(fs::is_empty(path_));
  }
}

TEST_F(MeetingInAFile, FilesOfADeadJobAreNotBelieved) {
  write_file_atomically(path_ / "id", "0123456789abcdef01234567\nan old word");
  EXPECT_THAT(meet({1}, 2, impatient, file())[0].complaint, HasSubstr("is of another job"));
  EXPECT_EQ(read_file(path_ / "id"), "0123456789abcdef01234567\nan old word");
  // Numbers that were left behind do not count as ranks that are there, …
  write_file_atomically(path_ / "id.1", "000000000000000000000000");
  EXPECT_THAT(meet({0}, 2, impatient, file())[0].complaint, HasSubstr("rank 1 of 2 did not come"));
  // … and those who are there replace them.
  write_file_atomically(path_ / "id", " \nan old word");
  write_file_atomically(path_ / "id.1", "000000000000000000000000");
  for (const Heard& one : meet({0, 1, 2}, 3, patient, file()))
    EXPECT_EQ(one.word, std::string("a\0word", 6)) << one.complaint;
}

TEST_F(MeetingInAFile, AMissingRankIsNamed) {
  const std::vector<Heard> heard = meet({0, 2}, 3, impatient, file());
  EXPECT_THAT(heard[0].complaint, HasSubstr("of 3 did not come to " + (path_ / "id").string()));
  EXPECT_THAT(heard[0].complaint, HasSubstr("rank 1"));
  EXPECT_THAT(heard[1].complaint, HasSubstr("rank 2 of 3 heard nothing of rank 0"));
  EXPECT_TRUE(fs::is_empty(path_));
}

TEST(Share, KnowsThreeWays) {
  const auto complaint = [](const std::string& way) {
    return meet({0}, 1, impatient,
                [&](const std::string& word, const Place& place) { return share(way, word, place); })[0]
        .complaint;
  };
  for (const char* wrong : {"", "udp:host:1", "file:", "tcp"})
    EXPECT_EQ(complaint(wrong),
              fmt::format("ranks meet by mpi, tcp:HOST:PORT or file:PATH, not '{}'", wrong));
  EXPECT_EQ(complaint("tcp:host:1"), "");
  EXPECT_EQ(complaint("file:/somewhere"), "");
}

}  // namespace
}  // namespace gpt
