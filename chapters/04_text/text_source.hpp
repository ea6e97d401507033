#pragma once
// Where text comes from: a file, or all the text files of a folder.

#include <filesystem>
#include <string>
#include <vector>

namespace gpt {

/// A text, and where it was found.
struct TextSource {
  std::string text;                            ///< valid UTF-8 without NUL bytes, not empty
  std::vector<std::filesystem::path> files;    ///< in the order in which they were joined
  std::vector<std::filesystem::path> skipped;  ///< binary and empty files of the folder, left out
};

/// Reads a file; or all regular files in a folder and the folders below it, sorted by path, each ended by a
/// line feed, with one more between two files. Hidden files and folders (".git") are passed over; so are, in
/// a folder, empty files and binary ones, which stand in `skipped`. `extensions` such as {".md", ".txt"}
/// restricts a folder to these kinds. Throws UserError for a path that is missing, holds no text, or is not
/// UTF-8 (with the offset of the first bad byte).
TextSource read_text(const std::filesystem::path& path, const std::vector<std::string>& extensions = {});

}  // namespace gpt
