#include "exercises/16_trainer/durable_folder.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace gpt {
namespace {

struct PowerCut {};

/// Two pictures of the same disk: what a program sees, and what is left after a power cut in the worst case.
class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(int operations_until_the_cut) : left_(operations_until_the_cut) {}

  void make_folder(const std::string& path) override {
    step();
    folders_.insert(path);
  }
  void write(const std::string& path, const std::string& contents) override {
    step();
    ASSERT_TRUE(folders_.count(path.substr(0, path.rfind('/'))))
        << "the folder of " << path << " is not there";
    files_[path] = {contents, false, false};
  }
  void sync_file(const std::string& path) override {
    step();
    ASSERT_TRUE(files_.count(path)) << path << " is synced, but not there";
    files_[path].synced = true;
  }
  void sync_folder(const std::string& path) override {
    step();
    for (auto& [name, file] : files_)
      if (name.substr(0, name.rfind('/')) == path) file.name_synced = true;
    if (path == "run") settled_ = named_;
  }
  void rename(const std::string& from, const std::string& to) override {
    step();
    ASSERT_TRUE(folders_.erase(from)) << from << " is renamed, but not there";
    folders_.insert(to);
    std::map<std::string, File> moved;
    for (const auto& [name, file] : files_)
      moved[name.starts_with(from + "/") ? to + name.substr(from.size()) : name] = file;
    files_ = moved;
    if (to == "run/step-1") named_ = true;
  }

  bool there() const { return folders_.count("run/step-1") > 0; }
  bool settled() const { return settled_; }
  /// What is wrong with run/step-1 if the power is cut now; "" if nothing is.
  std::string complaint(size_t files) const {
    size_t whole = 0;
    for (const auto& [name, file] : files_) {
      if (!name.starts_with("run/step-1/")) continue;
      if (!file.synced) return name + " may be empty: it was renamed into place before it was synced";
      if (!file.name_synced) return name + " may be missing: its folder was not synced before the rename";
      ++whole;
    }
    return whole == files ? "" : "the folder has its name before it has all its files";
  }

 private:
  struct File {
    std::string contents;
    bool synced = false, name_synced = false;
  };
  void step() {
    if (left_-- == 0) throw PowerCut{};
  }

  int left_;
  std::set<std::string> folders_{"run"};
  std::map<std::string, File> files_;
  bool named_ = false, settled_ = false;
};

const std::vector<std::pair<std::string, std::string>> files{{"model", "weights"}, {"state", "step 1"}};

TEST(DurableFolder, IsWholeOrAbsentWheneverThePowerIsCut) {
  for (int operations = 0; operations < 40; ++operations) {
    SimulatedDisk disk(operations);
    try {
      write_durable_folder(disk, "run", "step-1", files);
    } catch (const PowerCut&) {
    }
    if (disk.there()) {
      ASSERT_EQ(disk.complaint(files.size()), "") << "after a power cut before operation " << operations + 1;
    }
  }
}

TEST(DurableFolder, IsThereInTheEndAndStays) {
  SimulatedDisk disk(1000);
  write_durable_folder(disk, "run", "step-1", files);
  ASSERT_TRUE(disk.there());
  EXPECT_TRUE(disk.settled())
      << "the new name itself may be gone after a power cut: it is an entry of the folder `parent`";
}

}  // namespace
}  // namespace gpt
