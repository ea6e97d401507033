#include "05_gpt/safetensors.hpp"

#include <nlohmann/json.hpp>

#include <bit>
#include <cstring>
#include <limits>

#include "common/check.hpp"

namespace gpt {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr uint64_t largest_header = 100'000'000;  // bytes; the limit of the format's own library

struct StoredType {
  const char* name;
  uint64_t bytes;
};
constexpr StoredType stored_types[] = {{"F32", 4}, {"BF16", 2}, {"F64", 8}, {"I32", 4}, {"I64", 8},
                                       {"F16", 2}, {"U8", 1},   {"I8", 1},  {"BOOL", 1}};

/// Bytes per element, 0 for a type unknown to this program.
uint64_t bytes_of(const std::string& dtype) {
  for (const StoredType& type : stored_types)
    if (dtype == type.name) return type.bytes;
  return 0;
}

const char* stored_name(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return "BF16";
    case DType::f64:
      return "F64";
    case DType::i32:
      return "I32";
    case DType::f32:
      break;
  }
  return "F32";
}

/// sizes[0] · sizes[1] · … · bytes, or nothing where the product does not fit into the file anyway.
bool product_is(const std::vector<int64_t>& sizes, uint64_t bytes, uint64_t expected) {
  __extension__ using Wide = unsigned __int128;
  Wide product = bytes;
  for (const int64_t size : sizes) {
    if (size < 0) return false;
    product *= static_cast<uint64_t>(size);
    if (product > std::numeric_limits<uint64_t>::max()) return false;
  }
  return product == expected;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  try {
    read_header();
  } catch (const nlohmann::json::exception&) {
    throw UserError(fmt::format("{} is damaged, or no safetensors file: its header is not as it should be",
                                path.string()));
  }
}

// [read_header]
void SafetensorsFile::read_header() {
  const std::string name = path().string();
  const auto bytes = file_.bytes();
  uint64_t length = 0;
  GPT_REQUIRE(bytes.size() >= sizeof length, "{} is no safetensors file: it has only {} bytes", name,
              bytes.size());
  std::memcpy(&length, bytes.data(), sizeof length);
  GPT_REQUIRE(length <= largest_header && length <= bytes.size() - sizeof length,
              "{} is truncated, or no safetensors file: it has {} bytes, and its header alone should have {}",
              name, bytes.size(), length);
  const char* text = reinterpret_cast<const char*>(bytes.data()) + sizeof length;
  const nlohmann::json header = nlohmann::json::parse(text, text + length);
  data_begin_ = sizeof length + length;
  const uint64_t data_bytes = bytes.size() - data_begin_;

  uint64_t tensor_bytes = 0;
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      metadata_ = value.get<Metadata>();
      continue;
    }
    Entry entry{value.at("dtype"), value.at("shape"), value.at("data_offsets").at(0),
                value.at("data_offsets").at(1)};
    GPT_REQUIRE(entry.begin <= entry.end && entry.end <= data_bytes,
                "{} is truncated or damaged: {} lies in the bytes {} to {} of {}", name, key, entry.begin,
                entry.end, data_bytes);
    const uint64_t element = bytes_of(entry.dtype);
    GPT_REQUIRE(element == 0 || product_is(entry.sizes, element, entry.end - entry.begin),
                "{} is damaged: the shape of {} does not fit its {} bytes", name, key,
                entry.end - entry.begin);
    tensor_bytes += entry.end - entry.begin;
    entries_.emplace(key, std::move(entry));
  }
  GPT_REQUIRE(tensor_bytes == data_bytes,
              "{} is damaged: its tensors have {} bytes, and {} follow the header", name, tensor_bytes,
              data_bytes);
}
// [/read_header]

Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = entries_.find(name);
  GPT_REQUIRE(found != entries_.end(), "{} has no tensor {}", path().string(), name);
  const Entry& entry = found->second;
  GPT_REQUIRE(entry.sizes.size() <= Shape::max_rank,
              "{} in {} has {} dimensions, more than this program knows", name, path().string(),
              entry.sizes.size());
  const Shape shape{std::span<const int64_t>(entry.sizes)};
  const std::byte* from = file_.bytes().data() + data_begin_ + entry.begin;

  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32}) {
    if (entry.dtype != stored_name(dtype)) continue;
    const Tensor result(shape, dtype);
    std::memcpy(result.bytes_data(), from, entry.end - entry.begin);
    return result;
  }
  GPT_REQUIRE(entry.dtype == "I64", "{} in {} is of type {}, which this program does not read", name,
              path().string(), entry.dtype);
  const Tensor result(shape, DType::i32);
  for (int32_t& element : result.span<int32_t>()) {
    int64_t wide = 0;
    std::memcpy(&wide, from, sizeof wide);
    from += sizeof wide;
    GPT_REQUIRE(std::in_range<int32_t>(wide), "{} in {} holds {}, which is no 32-bit number", name,
                path().string(), wide);
    element = static_cast<int32_t>(wide);
  }
  return result;
}

Tensor SafetensorsFile::tensor(const std::string& name, const Shape& shape) const {
  const Tensor result = tensor(name);
  GPT_REQUIRE(result.shape() == shape, "{} has another shape: {} is {}, where {} is needed", path().string(),
              name, result.shape(), shape);
  return result;
}

double SafetensorsFile::number(const std::string& name) const {
  const auto found = metadata_.find(name);
  GPT_REQUIRE(found != metadata_.end(), "{} has no {} in its metadata", path().string(), name);
  char* end = nullptr;
  const double value = std::strtod(found->second.c_str(), &end);
  GPT_REQUIRE(end != found->second.c_str() && *end == '\0', "{} in the metadata of {} is '{}', not a number",
              name, path().string(), found->second);
  return value;
}

// [write]
void SafetensorsWriter::write(const std::filesystem::path& path) const {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const auto& [name, tensor] : tensors_) {
    GPT_CHECK(!header.contains(name), "the tensor {} came twice", name);
    header[name] = {{"dtype", stored_name(tensor.dtype())},
                    {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
                    {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the tensors begin at a multiple of 8
  const uint64_t length = text.size();

  FileWriter file(path);
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (const auto& [name, tensor] : tensors_) {
    const Tensor dense = tensor.contiguous();
    file.write(dense.bytes_data(), static_cast<size_t>(dense.bytes()));
  }
  file.close();
}
// [/write]

}  // namespace gpt
