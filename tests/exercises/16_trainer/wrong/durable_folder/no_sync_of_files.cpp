// Says: it was renamed into place before it was synced
#include "exercises/16_trainer/durable_folder.hpp"

namespace gpt {

void write_durable_folder(Disk& disk, const std::string& parent, const std::string& name,
                          const std::vector<std::pair<std::string, std::string>>& files) {
  const std::string beside = parent + "/" + name + ".partial";
  disk.make_folder(beside);
  for (const auto& [file, contents] : files) {
    disk.write(beside + "/" + file, contents);
  }
  disk.sync_folder(beside);  // the files' names
  disk.rename(beside, parent + "/" + name);
  disk.sync_folder(parent);  // the folder's name
}

}  // namespace gpt
