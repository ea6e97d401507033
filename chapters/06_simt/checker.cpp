#include "06_simt/checker.hpp"

#include <link.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "06_simt/access_counter.hpp"
#include "06_simt/launching.hpp"
#include "06_simt/races.hpp"
#include "06_simt/runtime.hpp"
#include "06_simt/source_lines.hpp"
#include "common/check.hpp"

namespace gpt::simt {
namespace detail {
namespace {

struct Range {
  const std::byte *begin, *end;
  bool holds(const std::byte* p) const { return begin <= p && p < end; }
};

template <class T>
Range range_of(const T& variable) {
  const auto* begin = reinterpret_cast<const std::byte*>(&variable);
  return {begin, begin + sizeof variable};
}

/// Watches one launch, which one thread of the system runs.
class Checker final : public Observer {
 public:
  Checker() {
    // Where this program and its libraries lie in memory, and this thread's own variables: static shared
    // memory.
    const auto note = [](dl_phdr_info* info, size_t, void* self) {
      auto& checker = *static_cast<Checker*>(self);
      for (const auto* segment = info->dlpi_phdr; segment != info->dlpi_phdr + info->dlpi_phnum; ++segment) {
        const auto* begin = reinterpret_cast<const std::byte*>(info->dlpi_addr + segment->p_vaddr);
        if (segment->p_type == PT_LOAD) checker.program_.push_back({begin, begin + segment->p_memsz});
        const auto* own = static_cast<const std::byte*>(info->dlpi_tls_data);
        if (segment->p_type == PT_TLS && own) checker.thread_local_.push_back({own, own + segment->p_memsz});
      }
      return 0;
    };
    dl_iterate_phdr(note, this);
    if (AccessProfile::current()) counter_.emplace();
  }

  void begin_block(const Block& block) override {
    unset_.reset();
    const dim3 size = block.launch().config.block;
    races_.begin_block(now.number, size.x * size.y * size.z);
  }
  void end_block() override {
    if (counter_) counter_->end_block();
    blame_unset();
  }
  void block_barrier() override {
    races_.block_barrier();
    blame_unset();
  }
  void warp_barrier(int warp, unsigned mask) override { races_.warp_barrier(warp, mask); }

  void atomic(const void* address, size_t bytes, Where where) override {
    const Where* kept = &*atomics_.insert(where).first;
    check({.instruction = kept, .write = true, .atomic = true}, static_cast<const std::byte*>(address),
          bytes);
  }

  // [access]
  void access(const void* instruction, const void* address, size_t bytes, bool write) override {
    const auto* p = static_cast<const std::byte*>(address);
    if (Range{now.stack_begin, now.stack_end}.holds(p)) return;  // the thread's own variables
    const Space space = check({.instruction = instruction, .write = write}, p, bytes);
    if (counter_ && space != Space::other)
      counter_->count(instruction, now.thread, reinterpret_cast<uintptr_t>(p), static_cast<unsigned>(bytes),
                      write, space == Space::shared);
  }
  // [/access]

  void report() const {
    if (counter_) counter_->report(*AccessProfile::current());
  }

 private:
  enum class Space { global, shared, other };

  // [check]
  Space check(Access access, const std::byte* p, size_t bytes) {
    const Space space = space_of(p, bytes);
    if (space == Space::other) {
      if (is_builtin(p) || in_program(p)) return space;  // threadIdx and the like; constants
      blame_address(access, p, bytes);
      now.block->abandon();
    }
    access.thread = static_cast<uint16_t>(now.thread);
    bool unset = false;
    const bool shared = space == Space::shared;
    if (const Access* other = races_.note(access, reinterpret_cast<uintptr_t>(p), bytes, shared, unset)) {
      blame_race(*other, access, shared);
      now.block->abandon();
    }
    // Somebody may still write there before the next barrier, and then it is a race, which says more.
    if (unset && shared && !unset_) unset_ = access;
    return space;
  }
  // [/check]

  Space space_of(const std::byte* p, size_t bytes) {
    if (p < last_.begin || p >= last_.end()) {
      if (Range{now.shared_begin, now.shared_end}.holds(p)) return Space::shared;
      for (const Range& own : thread_local_)
        if (own.holds(p)) return is_builtin(p) ? Space::other : Space::shared;
      last_ = allocation_before(p);
    }
    return p >= last_.begin && p + bytes <= last_.end() ? Space::global : Space::other;
  }

  static bool is_builtin(const std::byte* p) {
    return range_of(threadIdx).holds(p) || range_of(blockIdx).holds(p) || range_of(blockDim).holds(p) ||
           range_of(gridDim).holds(p);
  }

  bool in_program(const std::byte* p) const {
    return std::any_of(program_.begin(), program_.end(), [p](const Range& part) { return part.holds(p); });
  }

  static std::string line(const Access& access) {
    if (access.atomic)
      return "the atomic operation at " + to_string(*static_cast<const Where*>(access.instruction));
    return fmt::format("the {} at {}", access.write ? "write" : "read",
                       source_lines({access.instruction})[0]);
  }

  static void blame_address(const Access& access, const std::byte* p, size_t bytes) {
    const Allocation before = allocation_before(p);
    constexpr std::ptrdiff_t near = 1 << 16;
    const Allocation after = allocation_before(p + near);
    std::string where = "it is not device memory, but the host's";
    if (now.shared_begin < now.shared_end && Range{now.shared_end, now.shared_end + 1024}.holds(p)) {
      where = fmt::format("it begins {} bytes past the end of {} bytes of dynamic shared memory",
                          p - now.shared_end, now.shared_end - now.shared_begin);
    } else if (before.begin && p < before.end()) {
      where = fmt::format("it crosses the end of an allocation of {} bytes", before.bytes);
    } else if (before.begin && p - before.end() < near) {
      where = fmt::format("it begins {} bytes past the end of an allocation of {} bytes, or is the host's",
                          p - before.end(), before.bytes);
    } else if (after.begin > p) {
      where = fmt::format("it begins {} bytes before an allocation of {} bytes, or is the host's",
                          after.begin - p, after.bytes);
    }
    now.block->blame(fmt::format("nothing is there:\n  {}, of {} bytes\n  {}", line(access), bytes, where));
  }

  void blame_unset() {
    if (!unset_) return;
    now.block->blame(unset_->thread,
                     fmt::format("shared memory that this block has not written:\n  {}", line(*unset_)));
  }

  static void blame_race(const Access& before, const Access& mine, bool shared) {
    const bool same_block = before.block == now.number, same_warp = before.thread / 32 == mine.thread / 32;
    const std::string block = same_block ? "" : fmt::format(" of block number {}", before.block);
    now.block->blame(fmt::format("race in {} memory:\n  {}\n  and {} by thread {}{}\n  are not ordered by {}",
                                 shared ? "shared" : "global", line(mine), line(before),
                                 to_string(now.block->index_of(before.thread)), block,
                                 !same_block ? "anything"
                                 : same_warp ? "__syncwarp or __syncthreads"
                                             : "__syncthreads"));
  }

  struct ByLine {
    bool operator()(const Where& a, const Where& b) const {
      return std::pair(a.file, a.line) < std::pair(b.file, b.line);
    }
  };

  std::vector<Range> program_, thread_local_;
  Allocation last_;
  std::set<Where, ByLine> atomics_;
  std::optional<Access> unset_;  // the first read of what nobody had written
  RaceDetector races_;
  std::optional<AccessCounter> counter_;
};

}  // namespace

void run_checked(const LaunchConfig& config, std::string_view kernel, Body body, const void* arguments,
                 size_t bytes) {
  if (capturing(config.stream)) return capture_launch(run_checked, config, kernel, body, arguments, bytes);
  Options options = current_options();
  options.workers = 1;  // so one thread sees all that happens
  Checker checker;
  run_blocks({config, kernel, body, arguments, options, &checker});
  checker.report();
}

}  // namespace detail

}  // namespace gpt::simt
