#pragma once
// How ranks meet that have nothing yet but their numbers: rank 0 has a word, and all the others must hear it.

#include <mpi.h>

#include <filesystem>
#include <string>

namespace gpt {

/// Which rank this process is, of how many, and for how many seconds it waits for the others.
struct Place {
  int rank = 0, size = 1;
  double deadline = 60;
};

// [ways]
// Each returns rank 0's `word` on all ranks; what the others pass is not looked at. Collective. All but the
// first throw UserError, one sentence that names who is missing, when the deadline passes.

/// Where MPI runs already: one broadcast.
std::string share_over_mpi(const std::string& word, MPI_Comm comm);

/// `address` is "host:port": rank 0 listens at that port, whatever its host is called there; the others call
/// until somebody answers.
std::string share_over_tcp(const std::string& word, const std::string& address, const Place& place);

/// `path` is a file in a folder that all ranks see. Rank r > 0 writes a number drawn by lot beside it, into
/// path.r; rank 0 writes the word with all these numbers. A rank believes a file only if its own number is in
/// it: so a file that an earlier job left behind is never believed. Nothing is left behind when all goes
/// well.
std::string share_through_file(const std::string& word, const std::filesystem::path& path,
                               const Place& place);
// [/ways]

/// One of the three, as an option names it: "mpi" (over MPI_COMM_WORLD), "tcp:HOST:PORT" or "file:PATH".
/// Throws UserError for anything else.
std::string share(const std::string& way, const std::string& word, const Place& place);

}  // namespace gpt
