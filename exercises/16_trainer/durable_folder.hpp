#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gpt {

/// A disk, as far as a power cut is concerned: what was not synced may be gone afterwards, in whole or in
/// part.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual void make_folder(const std::string& path) = 0;
  virtual void write(const std::string& path, const std::string& contents) = 0;
  virtual void sync_file(const std::string& path) = 0;    ///< the contents of a file
  virtual void sync_folder(const std::string& path) = 0;  ///< the names in it
  virtual void rename(const std::string& from, const std::string& to) = 0;
};

/// Writes the files into the folder `parent`/`name` so that at every moment, power cuts included, there is
/// either no folder of that name or one with all files whole; and after the return it stays. `parent` is
/// there. Works beside, under the name "`name`.partial".
void write_durable_folder(Disk& disk, const std::string& parent, const std::string& name,
                          const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace gpt
