#include "exercises/16_trainer/durable_folder.hpp"

#include "exercises/todo.hpp"

namespace gpt {

void write_durable_folder(Disk& disk, const std::string& parent, const std::string& name,
                          const std::vector<std::pair<std::string, std::string>>& files) {
  todo("write beside, sync, rename, sync: which syncs, and where?");
}

}  // namespace gpt
