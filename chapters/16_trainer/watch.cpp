// gpt watch: a run as it goes on, in a terminal.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "16_trainer/commands.hpp"
#include "16_trainer/config.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/watch_screen.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int milliseconds_between_looks = 250;

volatile std::sig_atomic_t interrupted = 0;  // a signal handler reaches nothing else

/// While it lives, the terminal shows a screen of its own, hides the cursor, and gives single keys. Signals
/// that end the program end the loop instead, so that the terminal is always put back.
class Screen {
 public:
  Screen() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) {
      struct sigaction action {};
      action.sa_handler = [](int number) {
        if (number != SIGWINCH) interrupted = 1;  // a new size only ends the wait
      };
      ::sigaction(signal, &action, nullptr);
    }
    fmt::print("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void show(const std::vector<std::string>& lines) {
    std::string text = "\x1b[H";
    for (const std::string& line : lines) text += line + "\x1b[K\r\n";
    if (!lines.empty()) text.resize(text.size() - 2);  // a line feed in the last row would scroll
    fmt::print("{}\x1b[J", text);
    std::fflush(stdout);
  }

  /// False when the person wants to leave.
  bool wait() {
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    if (::poll(&keys, 1, milliseconds_between_looks) > 0) {
      char key = 0;
      if (::read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 4) return false;
    }
    return !interrupted;
  }

 private:
  termios before_{};
};

struct Size {
  int columns = 80, rows = 24;
};

Size terminal_size() {
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

/// A run's folder, looked at again and again.
class Watch {
 public:
  explicit Watch(RunFolder run) : run_(std::move(run)), metrics_(run_.metrics()) {}

  Watched look() {
    metrics_.poll();
    const auto config = read_json_file(run_.config());
    const auto wanted = config.find("steps");
    Watched watched{.name = run_.path.string(), .steps = &metrics_.steps(), .message = ""};
    if (wanted != config.end() && wanted->is_number_integer()) watched.steps_wanted = *wanted;
    const std::vector<RunPeriod> periods = read_history(run_.history());
    const int64_t last = metrics_.steps().empty() ? 0 : metrics_.steps().back().step;
    watched.status = status_of(run_, periods, last, watched.steps_wanted);
    if (watched.status != RunStatus::running && !periods.empty()) watched.message = periods.back().message;
    return watched;
  }

 private:
  RunFolder run_;
  MetricsReader metrics_;
};

void print_once(Watch& watch) {
  for (const std::string& line : watch_screen(watch.look(), 80, 24, false)) fmt::print("{}\n", line);
}

// [watch]
void watch(const std::string& folder) {
  Watch watch(existing_run_folder(folder));
  if (!::isatty(STDOUT_FILENO) || !::isatty(STDIN_FILENO)) return print_once(watch);
  {
    Screen screen;
    do {
      const Size size = terminal_size();
      std::vector<std::string> lines = watch_screen(watch.look(), size.columns, size.rows - 1, true);
      lines.push_back("q ends the watch, not the run");
      if (static_cast<int>(lines.back().size()) > size.columns) lines.back() = "q";
      screen.show(lines);
    } while (screen.wait());
  }
  print_once(watch);  // stays in the terminal
}
// [/watch]

}  // namespace

Command add_watch(ArgumentParser& parser) {
  auto run = std::make_shared<std::string>();
  parser.add_option("run", *run, "folder of a run (default: the latest in out/)");
  return [run](Communicator& communicator) {
    on_first_rank(communicator, [&] { watch(*run); });
    return static_cast<int>(exit_ok);
  };
}

}  // namespace gpt
