// The meeting at a TCP address.

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "12_nccl/bootstrap.hpp"
#include "common/check.hpp"
#include "common/timing.hpp"

namespace gpt {
namespace {

/// A connection, or a door where connections come in. Nothing waits longer than it is told.
class Socket {
 public:
  explicit Socket(int file) : file_(file) {}
  ~Socket() {
    if (file_ >= 0) ::close(file_);
  }
  Socket(Socket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }

  int file() const { return file_; }
  /// Is there something to read, within so many seconds?
  bool readable(double seconds) const {
    pollfd question{file_, POLLIN, 0};
    return ::poll(&question, 1, static_cast<int>(1e3 * std::max(0.0, seconds))) > 0;
  }
  bool write(const std::string& text) const {
    for (size_t done = 0; done < text.size();) {
      const ssize_t n = ::send(file_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return false;
      done += static_cast<size_t>(n);
    }
    return true;
  }
  /// Nothing, when the other side has ended or so many seconds pass.
  std::optional<std::string> read(size_t bytes, double seconds) const {
    std::string text(bytes, ' ');
    const Stopwatch watch;
    for (size_t done = 0; done < bytes;) {
      if (!readable(seconds - watch.seconds())) return {};
      const ssize_t n = ::recv(file_, text.data() + done, bytes - done, 0);
      if (n <= 0) return {};
      done += static_cast<size_t>(n);
    }
    return text;
  }

 private:
  int file_;
};

struct Address {
  std::string host, port;
};

Address parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  const char* const end = text.data() + text.size();
  const bool number = colon != std::string::npos && colon > 0 &&
                      std::from_chars(text.data() + colon + 1, end, port).ptr == end;
  GPT_REQUIRE(number && port > 0 && port < 65536, "an address is HOST:PORT, not '{}'", text);
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// What getaddrinfo() finds, with an owner; nullptr when it finds nothing. Without a host: where to listen.
using Found = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;
Found find(const char* host, const std::string& port, int family = AF_UNSPEC) {
  addrinfo wish{};
  wish.ai_family = family;
  wish.ai_socktype = SOCK_STREAM;
  wish.ai_flags = host ? 0 : AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host, port.c_str(), &wish, &found) != 0) found = nullptr;
  return {found, ::freeaddrinfo};
}

Socket listen_at(const Address& address, int ranks) {
  int error = EADDRNOTAVAIL;
  for (const int family : {AF_INET6, AF_INET}) {  // a door of the first kind opens for both
    const Found at = find(nullptr, address.port, family);
    if (!at) continue;
    Socket door(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (door.file() < 0) continue;
    const int yes = 1;
    ::setsockopt(door.file(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);  // though its last user just ended
    if (::bind(door.file(), at->ai_addr, at->ai_addrlen) == 0 && ::listen(door.file(), ranks) == 0)
      return door;
    error = errno;
    if (error == EADDRINUSE) break;
  }
  throw UserError(fmt::format("rank 0 cannot listen at port {}: {}; choose another port", address.port,
                              std::strerror(error)));
}

// What goes over the wire: a greeting of fixed length, and an answer behind its length.
constexpr size_t greeting_bytes = 24, head_bytes = 13;
constexpr const char* greeting_word = "gpt-meet";
std::string greeting(const Place& place) {
  return fmt::format("{}{:8}{:8}", greeting_word, place.rank, place.size);
}

// [tcp]
/// Rank 0 hears all the others, and only then speaks to them: so that all go on, or all hear why not.
std::string answer(const std::string& word, const Address& address, const Place& place) {
  constexpr double manners = 2;  // seconds in which whoever calls should say what he wants
  const Socket door = listen_at(address, place.size);
  std::vector<std::optional<Socket>> callers(static_cast<size_t>(place.size));
  std::string complaint;
  const Stopwatch watch;
  for (int present = 1; present < place.size;) {
    if (!door.readable(place.deadline - watch.seconds())) {
      std::vector<int> missing;
      for (int rank = 1; rank < place.size; ++rank)
        if (!callers[static_cast<size_t>(rank)]) missing.push_back(rank);
      complaint = fmt::format("rank {} of {} did not come to port {} of rank 0 within {:g} s",
                              fmt::join(missing, ", "), place.size, address.port, place.deadline);
      break;
    }
    Socket caller(::accept4(door.file(), nullptr, nullptr, SOCK_CLOEXEC));
    const auto said = caller.read(greeting_bytes, manners);
    if (!said || !said->starts_with(greeting_word)) continue;  // a stranger
    const int rank = std::atoi(said->substr(8, 8).c_str()), size = std::atoi(said->substr(16).c_str());
    if (size != place.size || rank <= 0 || rank >= size)
      complaint = fmt::format("rank {} of {} came to a meeting of {} ranks", rank, size, place.size);
    else if (callers[static_cast<size_t>(rank)])
      complaint = fmt::format("two processes call themselves rank {}", rank);
    if (!complaint.empty()) {
      caller.write(fmt::format("-{:12}{}", complaint.size(), complaint));
      break;
    }
    callers[static_cast<size_t>(rank)] = std::move(caller);
    ++present;
  }
  const std::string& text = complaint.empty() ? word : complaint;
  for (const auto& caller : callers)
    if (caller) caller->write(fmt::format("{}{:12}{}", complaint.empty() ? '+' : '-', text.size(), text));
  GPT_REQUIRE(complaint.empty(), "{}", complaint);
  return word;
}

/// The others call until rank 0 answers.
std::string ask(const Address& address, const Place& place) {
  constexpr double grace = 5;  // rank 0 may have begun later, and knows better who is missing
  const Stopwatch watch;
  while (watch.seconds() < place.deadline) {
    const Found found = find(address.host.c_str(), address.port);
    for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
      const Socket line(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(line.file(), at->ai_addr, at->ai_addrlen) != 0) continue;
      if (!line.write(greeting(place))) continue;
      const auto head = line.read(head_bytes, place.deadline + grace - watch.seconds());
      if (!head) continue;
      const auto text = line.read(static_cast<size_t>(std::atoll(head->c_str() + 1)), grace);
      if (!text) continue;
      GPT_REQUIRE(head->front() == '+', "{}", *text);
      return *text;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw UserError(fmt::format("rank {} of {} found no rank 0 at {}:{} within {:g} s", place.rank, place.size,
                              address.host, address.port, place.deadline));
}
// [/tcp]

}  // namespace

std::string share_over_tcp(const std::string& word, const std::string& address, const Place& place) {
  const Address parsed = parse(address);
  if (place.size == 1) return word;
  return place.rank == 0 ? answer(word, parsed, place) : ask(parsed, place);
}

}  // namespace gpt
