#pragma once
// Tensors in a file: the safetensors format, in which models are published.
//
//   8 bytes   length of the header, little-endian
//   header    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …, "__metadata__":
//   {…}} bytes     the tensors, row-major and little-endian; the offsets count from here
//
// Source: https://github.com/huggingface/safetensors

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "01_tensors/tensor.hpp"
#include "common/file.hpp"

namespace gpt {

/// Texts that travel with the tensors, by name.
using Metadata = std::map<std::string, std::string>;

/// A safetensors file, mapped. Opening it checks the header against the size of the file: whatever bytes the
/// file holds, a tensor is either inside it or refused.
class SafetensorsFile {
 public:
  /// One tensor's place.
  struct Entry {
    std::string dtype;  ///< as the file calls it: "F32", "BF16", "F64", "I32", "I64"
    std::vector<int64_t> sizes;
    uint64_t begin = 0, end = 0;  ///< bytes, counted from the end of the header
  };

  /// Throws UserError with one sentence when the file is missing, truncated, damaged, or no safetensors file.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const Metadata& metadata() const { return metadata_; }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  bool contains(const std::string& name) const { return entries_.contains(name); }

  /// A copy of one tensor; I64 becomes i32. Throws UserError when it is not there, is of a type that this
  /// program does not know, or holds a number beyond i32.
  Tensor tensor(const std::string& name) const;
  /// The same; throws UserError too when the shape is another one.
  Tensor tensor(const std::string& name, const Shape& shape) const;
  /// A number in the metadata; throws UserError when it is not there or is no number.
  double number(const std::string& name) const;

 private:
  void read_header();

  MappedFile file_;
  uint64_t data_begin_ = 0;  // where the tensors begin in the file
  Metadata metadata_;
  std::map<std::string, Entry> entries_;
};

/// Gathers tensors, and writes them to a file in the order in which they came.
class SafetensorsWriter {
 public:
  Metadata metadata;
  /// The tensor may be a view with any strides; its storage is shared until write() copies it out.
  void add(std::string name, Tensor tensor) { tensors_.emplace_back(std::move(name), std::move(tensor)); }
  /// Writes the file and syncs it to the disk. Throws UserError, and then leaves no file.
  void write(const std::filesystem::path& path) const;

 private:
  std::vector<std::pair<std::string, Tensor>> tensors_;
};

}  // namespace gpt
