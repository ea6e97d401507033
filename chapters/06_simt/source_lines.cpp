#include "06_simt/source_lines.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>

namespace gpt::simt::detail {
namespace {

/// 'text' for the shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

struct ClosePipe {
  void operator()(std::FILE* pipe) const { pclose(pipe); }
};

}  // namespace

std::vector<std::string> source_lines(const std::vector<const void*>& return_addresses) {
  std::vector<std::string> lines(return_addresses.size(), "?");
  std::map<std::string, std::vector<size_t>> by_file;  // program or library → which of the addresses
  std::vector<uintptr_t> offsets(return_addresses.size());
  for (size_t i = 0; i < return_addresses.size(); ++i) {
    Dl_info info;
    if (!dladdr(return_addresses[i], &info)) continue;
    // One byte back is inside the call, whose line is the one that is wanted.
    offsets[i] =
        reinterpret_cast<uintptr_t>(return_addresses[i]) - 1 - reinterpret_cast<uintptr_t>(info.dli_fbase);
    by_file[info.dli_fname].push_back(i);
  }
  for (const auto& [file, members] : by_file) {
    std::string command = "addr2line -e " + quoted(file);
    for (const size_t i : members) command += fmt::format(" {:#x}", offsets[i]);
    const std::unique_ptr<std::FILE, ClosePipe> pipe(popen((command + " 2>/dev/null").c_str(), "r"));
    char line[4096];
    for (const size_t i : members) {
      if (!pipe || !std::fgets(line, sizeof line, pipe.get())) break;
      const std::string text(line);  // "/path/tile.cu:42 (discriminator 2)"
      const std::string path = text.substr(0, text.find_first_of(" \n"));
      lines[i] = path.substr(path.rfind('/') + 1);
    }
  }
  return lines;
}

}  // namespace gpt::simt::detail
