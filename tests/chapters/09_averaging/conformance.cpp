#include "tests/chapters/09_averaging/conformance.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/philox.hpp"
#include "09_averaging/reduce.hpp"

namespace gpt {
namespace {

// Nothing, one element, fewer than ranks, odd, and more than any buffer or block an implementation may use.
const std::vector<int64_t> lengths{0, 1, 3, 1000, 70001};
const std::vector<DType> types{DType::f32, DType::bf16, DType::f64, DType::i32};
const std::vector<ReduceOp> ops{ReduceOp::sum, ReduceOp::max, ReduceOp::average};

/// A whole number for element `i` of a rank's tensor: small, so that sums are exact in bf16 too, and such
/// that the average over any number of ranks up to 16 is a whole number. They come again after `period`
/// elements.
constexpr int64_t period = 5;
int whole_number(int rank, int64_t i, int size) {
  return static_cast<int>((i * 7 + rank * 3) % period - 2) * size;
}

template <class F>
Tensor make(int64_t length, DType type, F&& element) {
  const Tensor tensor({length}, type);
  dispatch(type, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < length; ++i) tensor.data<T>()[i] = convert<T>(static_cast<double>(element(i)));
  });
  return tensor;
}

/// Of elements that come again after `period`: each is computed once, for all ranks compute all results.
template <class F>
Tensor make_periodic(int64_t length, DType type, F&& element) {
  const Tensor first = make(std::min(length, period), type, element);
  const Tensor tensor({length}, type);
  for (int64_t done = 0; done < length;) {  // what is there, once more: twice as much each time
    const Tensor known = done == 0 ? first : tensor.slice(0, 0, std::min(done, length - done));
    tensor.slice(0, done, done + known.elements()).copy_from(known);
    done += known.elements();
  }
  return tensor;
}

Tensor numbers_of(int rank, int64_t length, DType type, int size) {
  return make_periodic(length, type, [&](int64_t i) { return whole_number(rank, i, size); });
}

/// The reduction of element i over all ranks, in double precision.
template <class F>
double reduced(int size, ReduceOp op, F&& of_rank) {
  double total = of_rank(0);
  for (int rank = 1; rank < size; ++rank)
    total = op == ReduceOp::max ? std::max(total, of_rank(rank)) : total + of_rank(rank);
  return op == ReduceOp::average ? total / size : total;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() &&
         (a.bytes() == 0 || std::memcmp(a.bytes_data(), b.bytes_data(), static_cast<size_t>(a.bytes())) == 0);
}

void for_all_kinds(const std::function<void(int64_t length, DType type, ReduceOp op)>& check) {
  for (const int64_t length : lengths)
    for (const DType type : types)
      for (const ReduceOp op : ops) {
        SCOPED_TRACE(fmt::format("{} elements of {}, op {}", length, type, static_cast<int>(op)));
        check(length, type, op);
      }
}

Tensor expected_reduction(int64_t length, DType type, ReduceOp op, int size) {
  return make_periodic(length, type, [&](int64_t i) {
    return reduced(size, op, [&](int rank) { return static_cast<double>(whole_number(rank, i, size)); });
  });
}

void all_reduce_of_whole_numbers_is_exact(Communicator& c) {
  for_all_kinds([&](int64_t length, DType type, ReduceOp op) {
    const Tensor mine = numbers_of(c.rank(), length, type, c.size());
    c.all_reduce(mine, op);
    EXPECT_TRUE(same_bits(mine, expected_reduction(length, type, op, c.size())));
  });
}

void all_reduce_async_of_whole_numbers_is_exact(Communicator& c) {
  for_all_kinds([&](int64_t length, DType type, ReduceOp op) {
    const Tensor mine = numbers_of(c.rank(), length, type, c.size());
    c.all_reduce_async(mine, op)->wait();
    EXPECT_TRUE(same_bits(mine, expected_reduction(length, type, op, c.size())));
  });
}

void all_reduce_of_every_length_near_the_number_of_ranks_is_exact(Communicator& c) {
  // Where parts of nothing appear and vanish, and bounds of parts are easily off by one.
  for (int64_t length = 0; length <= 2 * c.size() + 1; ++length)
    for (const ReduceOp op : ops) {
      SCOPED_TRACE(fmt::format("{} elements, op {}", length, name_of(op)));
      const Tensor mine = numbers_of(c.rank(), length, DType::f32, c.size());
      c.all_reduce(mine, op);
      EXPECT_TRUE(same_bits(mine, expected_reduction(length, DType::f32, op, c.size())));
    }
}

double random_number(int rank, int64_t i) {
  return RandomStream(7, RandomUse::example, static_cast<uint64_t>(rank)).normal(static_cast<uint64_t>(i));
}

void all_reduce_of_random_numbers_is_right_within_rounding(Communicator& c) {
  constexpr int64_t length = 5001;
  for (const DType type : {DType::f32, DType::bf16, DType::f64})
    for (const ReduceOp op : ops) {
      SCOPED_TRACE(fmt::format("{}, op {}", type, static_cast<int>(op)));
      const Tensor mine = make(length, type, [&](int64_t i) { return random_number(c.rank(), i); });
      c.all_reduce(mine, op);
      // Half a unit in the last place for the inputs, and for every sum of up to `size` numbers of about 4.
      const double unit = type == DType::f64 ? 0x1p-52 : type == DType::f32 ? 0x1p-23 : 0x1p-7;
      const double tolerance = unit * 4 * c.size() * c.size();
      const Tensor expected = make(length, DType::f64, [&](int64_t i) {
        return reduced(c.size(), op, [&](int rank) { return random_number(rank, i); });
      });
      EXPECT_LT(max_difference(mine.to(DType::f64), expected), tolerance);
    }
}

void all_reduce_gives_all_ranks_the_same_bits(Communicator& c) {
  constexpr int64_t length = 5001;
  for (const DType type : {DType::f32, DType::bf16, DType::f64})
    for (const ReduceOp op : ops) {
      // Among the numbers are zeros of both signs: which one is the larger depends on who comes first.
      const Tensor mine = make(length, type, [&](int64_t i) {
        return i % 7 == 0 ? std::copysign(0.0, (i / 7 + c.rank()) % 2 - 0.5) : random_number(c.rank(), i) / 3;
      });
      c.all_reduce(mine, op);
      const Tensor of_root = mine.clone();
      c.broadcast(of_root, 0);
      EXPECT_TRUE(same_bits(mine, of_root)) << name_of(type) << ", " << name_of(op);
    }
}

void the_same_reduction_twice_gives_the_same_bits(Communicator& c) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int64_t length : {3, 5001}) {
      const auto once = [&] {
        const Tensor mine = make(length, type, [&](int64_t i) { return random_number(c.rank(), i); });
        c.all_reduce(mine, ReduceOp::sum);
        return mine;
      };
      const Tensor first = once();
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(same_bits(once(), first)) << name_of(type);
    }
}

void broadcast_gives_all_ranks_the_roots_tensor(Communicator& c) {
  for (int root = 0; root < c.size(); ++root)
    for (const int64_t length : lengths)
      for (const DType type : types) {
        const Tensor mine = numbers_of(c.rank(), length, type, c.size());
        c.broadcast(mine, root);
        EXPECT_TRUE(same_bits(mine, numbers_of(root, length, type, c.size())));
      }
}

void broadcast_of_texts_keeps_every_byte(Communicator& c) {
  const std::vector<std::string> texts{"", "x", "{\"steps\": 2000}", std::string("a\0b", 3),
                                       std::string(100003, 'y')};
  for (const std::string& text : texts)
    for (int root = 0; root < c.size(); ++root)
      EXPECT_EQ(c.broadcast(c.rank() == root ? text : "another", root), text);
}

void all_reduce_of_one_number_works(Communicator& c) {
  EXPECT_EQ(c.all_reduce(c.rank() + 1.0, ReduceOp::sum), c.size() * (c.size() + 1) / 2.0);
  EXPECT_EQ(c.all_reduce(c.rank() + 1.0, ReduceOp::max), c.size());
  EXPECT_EQ(c.all_reduce(c.rank() + 1.0, ReduceOp::average), (c.size() + 1) / 2.0);
}

void reduce_scatter_gives_each_rank_its_part(Communicator& c) {
  for_all_kinds([&](int64_t length, DType type, ReduceOp op) {
    if (length > 10000) length = 10001;  // times size()
    const Tensor whole = numbers_of(c.rank(), length * c.size(), type, c.size());
    const Tensor part({length}, type);
    c.reduce_scatter(part, whole, op);
    const Tensor expected = expected_reduction(length * c.size(), type, op, c.size());
    EXPECT_TRUE(same_bits(part, expected.slice(0, length * c.rank(), length * (c.rank() + 1))));
  });
}

void all_gather_puts_the_parts_in_order_of_rank(Communicator& c) {
  for (const int64_t length : lengths)
    for (const DType type : types) {
      const Tensor whole({length * c.size()}, type);
      c.all_gather(whole, numbers_of(c.rank(), length, type, c.size()));
      for (int rank = 0; rank < c.size(); ++rank)
        EXPECT_TRUE(same_bits(whole.slice(0, rank * length, (rank + 1) * length),
                              numbers_of(rank, length, type, c.size())));
    }
}

void reduce_scatter_and_all_gather_work_in_place(Communicator& c) {
  constexpr int64_t length = 101;
  const Tensor whole = numbers_of(c.rank(), length * c.size(), DType::f32, c.size());
  const Tensor part = whole.slice(0, length * c.rank(), length * (c.rank() + 1));
  c.reduce_scatter(part, whole, ReduceOp::sum);
  c.all_gather(whole, part);
  EXPECT_TRUE(same_bits(whole, expected_reduction(length * c.size(), DType::f32, ReduceOp::sum, c.size())));
}

void messages_arrive_in_the_order_sent(Communicator& c) {
  for (const DType type : types) {
    // Each pair in turn, both ways.
    for (int from = 0; from < c.size(); ++from)
      for (int to = 0; to < c.size(); ++to) {
        if (from == to) continue;
        for (const int64_t length : lengths) {
          if (c.rank() == from) c.send(numbers_of(from, length, type, c.size()), to);
          if (c.rank() != to) continue;
          const Tensor received({length}, type);
          c.receive(received, from);
          EXPECT_TRUE(same_bits(received, numbers_of(from, length, type, c.size())));
        }
      }
  }
}

void pairs_exchange_tensors_of_any_two_lengths(Communicator& c) {
  // All pairs at a distance at the same time; the lower rank sends one element more.
  for (int distance = 1; distance < c.size(); distance *= 2) {
    const int other = c.rank() ^ distance;
    if (other >= c.size()) continue;
    for (const DType type : types)
      for (const int64_t length : lengths) {
        const int64_t longer = length + 1;
        const bool low = c.rank() < other;
        const Tensor received({low ? length : longer}, type);
        c.exchange(numbers_of(c.rank(), low ? longer : length, type, c.size()), received, other);
        EXPECT_TRUE(same_bits(received, numbers_of(other, low ? length : longer, type, c.size())));
      }
    // So long that MPI cuts them into pieces, many one way and few the other.
    const bool low = c.rank() < other;
    const int64_t many = 300'000, few = 20'000;
    const Tensor received({low ? few : many}, DType::f32);
    c.exchange(numbers_of(c.rank(), low ? many : few, DType::f32, c.size()), received, other);
    EXPECT_TRUE(same_bits(received, numbers_of(other, low ? few : many, DType::f32, c.size())));
  }
}

void asynchronous_operations_finish_in_order_beside_the_foreground(Communicator& c) {
  constexpr int count = 20;
  std::vector<Tensor> tensors;
  std::vector<std::unique_ptr<Work>> works;
  for (int i = 0; i < count; ++i) {
    tensors.push_back(make(1000 + i, DType::f32, [&](int64_t) { return c.rank() + i; }));
    works.push_back(c.all_reduce_async(tensors.back(), ReduceOp::sum));
    // Collectives of the foreground go their own way meanwhile.
    EXPECT_EQ(c.all_reduce(1.0, ReduceOp::sum), c.size());
    if (i % 3 == 0) c.barrier();
  }
  works.back()->wait();  // the last one is done, so all are
  for (int i = 0; i < count; ++i) {
    const double expected = c.size() * (c.size() - 1) / 2.0 + c.size() * i;
    EXPECT_EQ(max_difference(tensors[i], Tensor::full({1000 + i}, expected)), 0.0);
    works[i]->wait();
    works[i]->wait();  // may be called again
  }
}

void asynchronous_operations_may_be_started_and_forgotten(Communicator& c) {
  for (int i = 0; i < 5; ++i) c.all_reduce_async(Tensor::zeros({1000}), ReduceOp::sum);
  c.barrier();
}

void split_makes_independent_groups(Communicator& c) {
  // Odd and even ranks, in reversed order.
  const int color = c.rank() % 2, members = (c.size() + 1 - color) / 2;
  const auto group = c.split(color, -c.rank());
  EXPECT_EQ(group->size(), members);
  EXPECT_EQ(group->rank(), members - 1 - c.rank() / 2);
  double expected = 0;
  for (int rank = color; rank < c.size(); rank += 2) expected += rank;
  EXPECT_EQ(group->all_reduce(c.rank(), ReduceOp::sum), expected);
  const Tensor background = Tensor::full({100}, c.rank());
  const auto work = group->all_reduce_async(background, ReduceOp::sum);
  EXPECT_EQ(c.all_reduce(1.0, ReduceOp::sum), c.size());  // the parent goes on working
  work->wait();
  EXPECT_EQ(background.at<float>({99}), expected);
  // Equal keys keep the order of ranks; groups can be split again.
  const auto same = c.split(0, 0);
  EXPECT_EQ(same->rank(), c.rank());
  const auto alone = same->split(same->rank(), 0);
  EXPECT_EQ(alone->size(), 1);
  EXPECT_EQ(alone->all_reduce(5.0, ReduceOp::sum), 5.0);
}

}  // namespace

#define CHECK(name)  \
  ConformanceCheck { \
#name, name      \
  }

const std::vector<ConformanceCheck>& all_reduce_checks() {
  static const std::vector<ConformanceCheck> checks{
      CHECK(all_reduce_of_whole_numbers_is_exact),
      CHECK(all_reduce_async_of_whole_numbers_is_exact),
      CHECK(all_reduce_of_every_length_near_the_number_of_ranks_is_exact),
      CHECK(all_reduce_of_random_numbers_is_right_within_rounding),
      CHECK(all_reduce_gives_all_ranks_the_same_bits),
      CHECK(the_same_reduction_twice_gives_the_same_bits),
      CHECK(all_reduce_of_one_number_works),
      CHECK(asynchronous_operations_finish_in_order_beside_the_foreground),
      CHECK(asynchronous_operations_may_be_started_and_forgotten),
      CHECK(split_makes_independent_groups),
  };
  return checks;
}

const std::vector<ConformanceCheck>& conformance_checks() {
  static const std::vector<ConformanceCheck> checks = [] {
    std::vector<ConformanceCheck> all = all_reduce_checks();
    for (const ConformanceCheck& check : {
             CHECK(broadcast_gives_all_ranks_the_roots_tensor),
             CHECK(broadcast_of_texts_keeps_every_byte),
             CHECK(reduce_scatter_gives_each_rank_its_part),
             CHECK(all_gather_puts_the_parts_in_order_of_rank),
             CHECK(reduce_scatter_and_all_gather_work_in_place),
             CHECK(messages_arrive_in_the_order_sent),
             CHECK(pairs_exchange_tensors_of_any_two_lengths),
         })
      all.push_back(check);
    return all;
  }();
  return checks;
}

#undef CHECK

}  // namespace gpt
