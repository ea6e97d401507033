// Safetensors files: what is written is read, and no damage gets further than one sentence.
#include "05_gpt/safetensors.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "05_gpt/weights.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

std::filesystem::path scratch(const std::string& name) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::filesystem::path(testing::TempDir()) / (std::string(test->name()) + "_" + name);
}

/// Without the sync to the disk, for which thousands of damaged files would wait.
void write_quickly(const std::filesystem::path& path, const std::string& contents) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

/// Writes a small file of every type and returns its bytes.
std::string small_file(const std::filesystem::path& path) {
  SafetensorsWriter writer;
  writer.metadata = {{"n_layer", "2"}, {"note", "a \"quoted\" text, and a line feed: \n"}};
  writer.add("f32", Tensor::from(std::vector<float>{1, -2, 3.5f, 4, 5, 6}, {2, 3}));
  writer.add("i32", Tensor::from(std::vector<int32_t>{7, -8}, {2}));
  writer.add("bf16", Tensor::full({3}, 1.5, DType::bf16));
  writer.add("scalar", Tensor::scalar(2.25, DType::f64));
  writer.write(path);
  return read_file(path);
}

/// Reads everything in the file; what is in it does not matter.
void read_all(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  for (const auto& [name, entry] : file.entries()) file.tensor(name);
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const auto path = scratch("file");
  small_file(path);
  const SafetensorsFile file(path);
  EXPECT_EQ(file.entries().size(), 4u);
  EXPECT_EQ(file.tensor("f32").at<float>({1, 0}), 4.0f);
  EXPECT_EQ(file.tensor("i32").at<int32_t>({1}), -8);
  EXPECT_EQ(static_cast<float>(file.tensor("bf16").at<bf16>({2})), 1.5f);
  EXPECT_EQ(file.tensor("scalar", {}).item(), 2.25);
  EXPECT_EQ(file.metadata().at("note"), "a \"quoted\" text, and a line feed: \n");
  EXPECT_EQ(file.number("n_layer"), 2);
  EXPECT_THROW(file.number("note"), UserError);
  EXPECT_THROW(file.tensor("f32", {3, 2}), UserError);
  EXPECT_THROW(file.tensor("f64"), UserError);
}

TEST(Safetensors, AViewIsWrittenAsItLooks) {
  const Tensor matrix = Tensor::arange({2, 3});
  SafetensorsWriter writer;
  writer.add("transposed", matrix.transpose(0, 1));
  writer.write(scratch("file"));
  const Tensor read = SafetensorsFile(scratch("file")).tensor("transposed", {3, 2});
  EXPECT_EQ(read.at<float>({2, 1}), matrix.at<float>({1, 2}));
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const auto path = scratch("file");
  const std::string whole = small_file(path);
  for (size_t length = 0; length < whole.size(); ++length) {
    write_quickly(path, whole.substr(0, length));
    EXPECT_THROW(read_all(path), UserError) << "cut to " << length << " of " << whole.size() << " bytes";
  }
}

TEST(Safetensors, NoDamageToTheHeaderCrashes) {
  const auto path = scratch("file");
  const std::string whole = small_file(path);
  const size_t header_end = 8 + static_cast<size_t>(static_cast<unsigned char>(whole[0])) +
                            256 * static_cast<size_t>(static_cast<unsigned char>(whole[1]));
  ASSERT_LT(header_end, whole.size());
  int refused = 0;
  for (size_t i = 0; i < header_end; ++i)
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      write_quickly(path, damaged);
      try {
        read_all(path);  // a changed letter in a name is no damage that a header could show
      } catch (const UserError&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, static_cast<int>(header_end));
}

TEST(Safetensors, HeadersThatLieAreRefused) {
  const auto path = scratch("file");
  const auto with_header = [&](const std::string& header, size_t data) {
    std::string text(8, '\0');
    text[0] = static_cast<char>(header.size());
    write_quickly(path, text + header + std::string(data, 'x'));
  };
  for (const std::string header :
       {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})",  // beyond the end
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",   // backwards
        R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",  // less than nothing
        R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",   // more than its bytes
        R"({"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}})",  // overflows 64 bits
        R"({"a":{"dtype":"F8","shape":[8],"data_offsets":[0,8]}})",               // a type from the future
        R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,2],"data_offsets":[0,8]}})",  // seven dimensions
        R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", R"({"a":7})", R"([1])", R"(7)",
        R"({"__metadata__":{"a":7}})", R"({})"}) {
    with_header(header, 8);
    EXPECT_THROW(read_all(path), UserError) << header;
  }
}

TEST(Weights, AModelReadsBackWhatItWrote) {
  const auto backend = make_reference_backend(DType::f32);
  const GptConfig config{.layers = 2, .heads = 3, .width = 12, .context = 5, .vocabulary = 7};
  const Gpt written(config, *backend, 1);
  SafetensorsWriter writer;
  writer.metadata = to_metadata(config);
  add_weights(writer, written.parameters(), written.parameters().values());
  writer.write(scratch("model"));

  const SafetensorsFile file(scratch("model"));
  EXPECT_EQ(config_of(file), config);
  EXPECT_EQ(file.entries().at("h.0.mlp.c_fc.weight").sizes, (std::vector<int64_t>{12, 48}));  // (in, out)
  Gpt read(config, *backend, 2);
  load_weights(file, read.parameters(), read.parameters().values());
  for (const Parameter& parameter : written.parameters().parameters()) {
    const Tensor a = written.parameters().value(parameter), b = read.parameters().value(parameter);
    for (int64_t i = 0; i < a.elements(); ++i)
      ASSERT_EQ(a.data<float>()[i], b.data<float>()[i]) << parameter.name << " " << i;
  }
}

TEST(Weights, AFileWithoutHyperParametersTellsThemByItsShapes) {
  const auto backend = make_reference_backend(DType::f32);
  const GptConfig config{.layers = 3, .heads = 2, .width = 128, .context = 5, .vocabulary = 7};
  const Gpt model(config, *backend, 1);
  SafetensorsWriter writer;  // as GPT-2's own file
  add_weights(writer, model.parameters(), model.parameters().values());
  writer.write(scratch("model"));
  EXPECT_EQ(config_of(SafetensorsFile(scratch("model"))), config);
}

TEST(Weights, AnotherShapeIsRefusedAndNothingChanges) {
  const auto backend = make_reference_backend(DType::f32);
  const Gpt wide({.layers = 1, .heads = 1, .width = 8, .context = 4, .vocabulary = 5}, *backend, 1);
  const Gpt narrow({.layers = 1, .heads = 1, .width = 6, .context = 4, .vocabulary = 5}, *backend, 1);
  SafetensorsWriter writer;
  add_weights(writer, wide.parameters(), wide.parameters().values());
  writer.write(scratch("model"));
  const Tensor before = narrow.parameters().values().clone();
  EXPECT_THROW(
      load_weights(SafetensorsFile(scratch("model")), narrow.parameters(), narrow.parameters().values()),
      UserError);
  EXPECT_EQ(to_string(before), to_string(narrow.parameters().values()));
}

}  // namespace
}  // namespace gpt
