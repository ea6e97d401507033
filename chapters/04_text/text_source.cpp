#include "04_text/text_source.hpp"

#include <algorithm>

#include "04_text/utf8.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

void require_text(const std::string& contents, const fs::path& path) {
  GPT_REQUIRE(!contents.empty(), "{} is empty", path.string());
  const size_t nul = contents.find('\0');
  GPT_REQUIRE(nul == std::string::npos, "{} is no text: it has a NUL byte at offset {}", path.string(), nul);
  const auto bad = first_invalid_utf8(contents);
  GPT_REQUIRE(!bad, "{} is not UTF-8: the byte {:#04x} at offset {} begins no character", path.string(),
              static_cast<uint8_t>(contents[*bad]), *bad);
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with(".");
}

std::vector<fs::path> files_below(const fs::path& folder, const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    if (is_hidden(entry->path())) {
      if (entry->is_directory()) entry.disable_recursion_pending();
      continue;
    }
    const bool wanted = extensions.empty() || std::count(extensions.begin(), extensions.end(),
                                                         entry->path().extension().string()) > 0;
    if (wanted && entry->is_regular_file()) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TextSource read_folder(const fs::path& folder, const std::vector<std::string>& extensions) {
  TextSource source;
  for (const fs::path& file : files_below(folder, extensions)) {
    const std::string contents = read_file(file);
    if (contents.empty() || contents.find('\0') != std::string::npos) {
      source.skipped.push_back(file);
      continue;
    }
    require_text(contents, file);
    if (!source.text.empty()) source.text += '\n';
    source.text += contents;
    if (!contents.ends_with('\n')) source.text += '\n';
    source.files.push_back(file);
  }
  GPT_REQUIRE(!source.files.empty(), "there is no text file in the folder {}", folder.string());
  return source;
}

}  // namespace

TextSource read_text(const fs::path& path, const std::vector<std::string>& extensions) {
  try {
    if (fs::is_directory(path)) return read_folder(path, extensions);
  } catch (const fs::filesystem_error& error) {
    throw UserError(fmt::format("cannot read {}: {}", error.path1().string(), error.code().message()));
  }
  TextSource source{read_file(path), {path}, {}};
  require_text(source.text, path);
  return source;
}

}  // namespace gpt
