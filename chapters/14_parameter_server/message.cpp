#include "14_parameter_server/message.hpp"

#include <cstring>

namespace gpt {

static_assert(sizeof(Header) == 48 && std::is_trivially_copyable_v<Header>,
              "what travels is the struct itself");

Message::Message(const Header& header, size_t payload_bytes)
    : header_(header), bytes_(sizeof(Header) + payload_bytes) {
  std::memcpy(bytes_.data(), &header, sizeof header);
}

Message Message::refusal(const Header& to, std::string_view reason) {
  Header header = to;
  header.kind = Kind::refused;
  Message message(header, reason.size());
  std::memcpy(message.payload().data(), reason.data(), reason.size());
  return message;
}

Message::Message(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {
  GPT_CHECK(bytes_.size() >= sizeof(Header), "a message of {} bytes, less than a header", bytes_.size());
  std::memcpy(&header_, bytes_.data(), sizeof header_);
  GPT_CHECK(header_.magic == Header::magic_number, "a message that begins with {:#x}, as none of ours does",
            header_.magic);
}

std::string Message::text() const {
  const auto rest = payload();
  return {reinterpret_cast<const char*>(rest.data()), rest.size()};
}

}  // namespace gpt
