#include "12_nccl/bootstrap.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "10_collectives/mpi_session.hpp"
#include "common/check.hpp"
#include "common/file.hpp"
#include "common/timing.hpp"

namespace gpt {

// [mpi]
std::string share_over_mpi(const std::string& word, MPI_Comm comm) {
  int rank = 0;
  MPI_CHECK(MPI_Comm_rank(comm, &rank));
  auto bytes = static_cast<int64_t>(word.size());
  MPI_CHECK(MPI_Bcast(&bytes, 1, MPI_INT64_T, 0, comm));
  std::string heard(static_cast<size_t>(bytes), ' ');
  if (rank == 0) heard = word;
  MPI_CHECK(MPI_Bcast(heard.data(), static_cast<int>(bytes), MPI_BYTE, 0, comm));
  return heard;
}
// [/mpi]

// [file]
namespace {

namespace fs = std::filesystem;

/// The file's contents; "" while there is none.
std::string contents(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return "";
  try {
    return read_file(path);
  } catch (const UserError&) {  // taken away between the two
    return "";
  }
}

fs::path file_of(int rank, const fs::path& path) {
  return fmt::format("{}.{}", path.string(), rank);
}

/// Removes a file at the end, however that comes.
struct Removed {
  fs::path path;
  ~Removed() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

void pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

/// Rank 0: writes the word for those who are there, again whenever one has drawn another number, until all
/// have taken their own files away.
void answer(const std::string& word, const fs::path& path, const Place& place) {
  const Removed whole{path};
  std::vector<std::string> numbers(static_cast<size_t>(place.size)), written;
  std::vector<bool> gone(numbers.size(), false);
  const Stopwatch watch;
  while (true) {
    std::vector<int> missing;
    for (int rank = 1; rank < place.size; ++rank) {
      const auto r = static_cast<size_t>(rank);
      const std::string number = contents(file_of(rank, path));
      gone[r] = number.empty() && !written.empty() && !numbers[r].empty();
      if (!number.empty()) numbers[r] = number;
      if (!gone[r]) missing.push_back(rank);
    }
    if (missing.empty()) return;
    const bool all_there = std::find(numbers.begin() + 1, numbers.end(), "") == numbers.end();
    if (all_there && numbers != written) {
      write_file_atomically(path, fmt::format("{}\n{}", fmt::join(numbers, " "), word));
      written = numbers;
    }
    GPT_REQUIRE(watch.seconds() < place.deadline, "rank {} of {} did not come to {} within {:g} s",
                fmt::join(missing, ", "), place.size, path.string(), place.deadline);
    pause();
  }
}

}  // namespace

std::string share_through_file(const std::string& word, const fs::path& path, const Place& place) {
  if (place.rank == 0) {
    if (place.size > 1) answer(word, path, place);
    return word;
  }
  std::random_device random;
  const std::string number = fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
  const Removed mine{file_of(place.rank, path)};
  write_file_atomically(mine.path, number);
  const Stopwatch watch;
  while (true) {
    const std::string file = contents(path);
    const size_t end = file.find('\n');
    if (end != std::string::npos && file.substr(0, end).find(number) != std::string::npos)
      return file.substr(end + 1);
    GPT_REQUIRE(
        watch.seconds() < place.deadline, "rank {} of {} heard nothing of rank 0 through {} within {:g} s{}",
        place.rank, place.size, path.string(), place.deadline,
        file.empty() ? "" : ": the file that lies there is of another job, or not all ranks have come");
    pause();
  }
}
// [/file]

std::string share(const std::string& way, const std::string& word, const Place& place) {
  if (way == "mpi") return share_over_mpi(word, MPI_COMM_WORLD);
  if (way.starts_with("tcp:")) return share_over_tcp(word, way.substr(4), place);
  if (way.starts_with("file:") && way.size() > 5) return share_through_file(word, way.substr(5), place);
  throw UserError(fmt::format("ranks meet by mpi, tcp:HOST:PORT or file:PATH, not '{}'", way));
}

}  // namespace gpt
