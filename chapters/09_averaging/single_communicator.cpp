// A group of one: nothing to exchange, nobody to wait for.

#include "09_averaging/communicator.hpp"

namespace gpt {
namespace {

class Done final : public Work {
 public:
  void wait() override {}
  Interval interval() const override { return {now_, now_}; }

 private:
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
};

class SingleCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string_view name() const override { return "single"; }
  void barrier() override {}
  void broadcast(const Tensor&, int root) override { check_rank(root); }
  void all_reduce(const Tensor&, ReduceOp) override {}
  std::unique_ptr<Work> all_reduce_async(const Tensor&, ReduceOp) override {
    return std::make_unique<Done>();
  }
  void reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp) override { copy(part, whole); }
  void all_gather(const Tensor& whole, const Tensor& part) override { copy(whole, part); }
  void send(const Tensor&, int to) override { no_partner(to); }
  void receive(const Tensor&, int from) override { no_partner(from); }
  std::unique_ptr<Communicator> split(int, int) override { return make_single_communicator(); }

 private:
  static void check_rank(int root) { GPT_CHECK(root == 0, "root rank {} of a group of 1", root); }
  static void no_partner(int other) {
    GPT_CHECK(false, "a message between rank 0 and rank {} of a group of 1", other);
  }
  static void copy(const Tensor& to, const Tensor& from) {
    GPT_CHECK_EQ(to.elements(), from.elements());
    GPT_CHECK_EQ(to.dtype(), from.dtype());
    to.reshape({to.elements()}).copy_from(from.reshape({from.elements()}));
  }
};

}  // namespace

std::unique_ptr<Communicator> make_single_communicator() {
  return std::make_unique<SingleCommunicator>();
}

}  // namespace gpt
