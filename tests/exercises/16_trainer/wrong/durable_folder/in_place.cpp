// Says: the folder has its name before it has all its files
#include "exercises/16_trainer/durable_folder.hpp"

namespace gpt {

void write_durable_folder(Disk& disk, const std::string& parent, const std::string& name,
                          const std::vector<std::pair<std::string, std::string>>& files) {
  const std::string beside = parent + "/" + name + ".partial";
  disk.make_folder(beside);
  disk.rename(beside, parent + "/" + name);
  for (const auto& [file, contents] : files) {
    disk.write(parent + "/" + name + "/" + file, contents);
    disk.sync_file(parent + "/" + name + "/" + file);
  }
  disk.sync_folder(parent + "/" + name);  // the files' names
  disk.sync_folder(parent);               // the folder's name
}

}  // namespace gpt
