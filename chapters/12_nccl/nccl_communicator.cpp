#include "12_nccl/nccl_communicator.hpp"

#include <algorithm>
#include <numeric>

#include "09_averaging/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using Kind = Call::Operation;

ncclDataType_t nccl_type(DType type) {
  switch (type) {
    case DType::f32:
      return ncclFloat32;
    case DType::f64:
      return ncclFloat64;
    case DType::bf16:
      return ncclBfloat16;
    default:
      GPT_CHECK(type == DType::i32, "NCCL adds no {}", type);
      return ncclInt32;
  }
}

ncclRedOp_t nccl_op(ReduceOp op) {
  return op == ReduceOp::sum ? ncclSum : op == ReduceOp::max ? ncclMax : ncclAvg;
}

Call call_of(Kind kind, const Tensor& tensor, ReduceOp op = ReduceOp::sum, int peer = 0) {
  GPT_CHECK(tensor.is_contiguous(), "{} of a tensor that is not contiguous", static_cast<int>(kind));
  return {kind, tensor.dtype(), op, peer, tensor.elements()};
}

size_t count(const Tensor& tensor) {
  return static_cast<size_t>(tensor.elements());
}

}  // namespace

// [handle]
class NcclCommunicator::Handle final : public Work {
 public:
  Handle(std::shared_ptr<NcclGroup> group, std::shared_ptr<NcclOperation> operation)
      : group_(std::move(group)), operation_(std::move(operation)) {}
  void wait() override { group_->wait(*operation_); }
  Interval interval() const override { return operation_->interval; }

 private:
  std::shared_ptr<NcclGroup> group_;
  std::shared_ptr<NcclOperation> operation_;
};
// [/handle]

NcclCommunicator::NcclCommunicator(const NcclLibrary& library, const std::string& id, int rank, int size,
                                   std::shared_ptr<Allocator> memory, double deadline)
    : nccl_(library),
      memory_(std::move(memory)),
      word_(Tensor::zeros({1}).on(memory_)),
      group_(std::make_shared<NcclGroup>(library, id, rank, size, deadline)) {}

/// The tensor itself, or a copy of the host's on the device.
Tensor NcclCommunicator::input(const Tensor& tensor) const {
  GPT_CHECK(takes(tensor.device()), "a tensor of {} for NCCL on {}", name_of(tensor.device()),
            name_of(memory_->device()));
  return tensor.device() == Device::cpu ? tensor.on(memory_) : tensor;
}

/// The tensor itself, or room on the device for what will come.
Tensor NcclCommunicator::output(const Tensor& tensor) const {
  return tensor.device() == Device::cpu ? Tensor(tensor.shape(), tensor.dtype(), memory_) : tensor;
}

NcclCommunicator::Operation NcclCommunicator::start(const Call& call, std::vector<Tensor> memory,
                                                    const NcclGroup::Enqueue& enqueue,
                                                    std::function<void()> finish) {
  auto operation = std::make_shared<NcclOperation>();
  operation->call = call;
  operation->memory = std::move(memory);
  operation->finish = std::move(finish);
  group_->start(operation, enqueue);
  return operation;
}

void NcclCommunicator::run(const Call& call, std::vector<Tensor> memory, const NcclGroup::Enqueue& enqueue,
                           std::function<void()> finish) {
  group_->wait(*start(call, std::move(memory), enqueue, std::move(finish)));
}

void NcclCommunicator::check_rank(int other, std::string_view role) const {
  GPT_CHECK(other >= 0 && other < size(), "{} {} of {} ranks", role, other, size());
}

// [barrier]
void NcclCommunicator::barrier() {  // NCCL has none: a sum that nobody wants
  run({.operation = Kind::barrier}, {word_}, [&](ncclComm_t comm, cudaStream_t stream) {
    return nccl_.ncclAllReduce(word_.address(), word_.address(), 1, ncclFloat32, ncclSum, comm, stream);
  });
}
// [/barrier]

void NcclCommunicator::broadcast(const Tensor& tensor, int root) {
  check_rank(root, "broadcast from rank");
  const Tensor there = rank() == root ? input(tensor) : output(tensor);
  run(
      call_of(Kind::broadcast, tensor, {}, root), {there},
      [&](ncclComm_t comm, cudaStream_t stream) {
        return nccl_.ncclBroadcast(there.address(), there.address(), count(there), nccl_type(there.dtype()),
                                   root, comm, stream);
      },
      [&] {
        if (tensor.device() == Device::cpu) tensor.copy_from(there);
      });
}

void NcclCommunicator::all_reduce(const Tensor& tensor, ReduceOp op) {
  all_reduce_async(tensor, op)->wait();
}

// [all_reduce]
std::unique_ptr<Work> NcclCommunicator::all_reduce_async(const Tensor& tensor, ReduceOp op) {
  const Call call = call_of(Kind::all_reduce, tensor, op);
  const bool on_host = tensor.device() == Device::cpu;
  GPT_CHECK(on_host || op != ReduceOp::average || tensor.dtype() != DType::i32,
            "an average of i32 on a device");
  const Tensor there = input(tensor);
  // On the host a sum is divided as all communicators do it; on the device by NCCL.
  const ReduceOp asked = on_host && op == ReduceOp::average ? ReduceOp::sum : op;
  std::function<void()> finish;
  if (on_host)
    finish = [tensor, there, op, ranks = size()] {
      tensor.copy_from(there);
      if (op == ReduceOp::average) divide(tensor, ranks);
    };
  const Operation operation = start(
      call, {there},
      [&](ncclComm_t comm, cudaStream_t stream) {
        return nccl_.ncclAllReduce(there.address(), there.address(), count(there), nccl_type(there.dtype()),
                                   nccl_op(asked), comm, stream);
      },
      std::move(finish));
  return std::make_unique<Handle>(group_, operation);
}
// [/all_reduce]

void NcclCommunicator::reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) {
  GPT_CHECK_EQ(whole.elements(), part.elements() * size());
  const bool on_host = part.device() == Device::cpu;
  const Tensor from = input(whole), to = output(part);
  const ReduceOp asked = on_host && op == ReduceOp::average ? ReduceOp::sum : op;
  run(
      call_of(Kind::reduce_scatter, whole, op), {from, to},
      [&](ncclComm_t comm, cudaStream_t stream) {
        return nccl_.ncclReduceScatter(from.address(), to.address(), count(to), nccl_type(to.dtype()),
                                       nccl_op(asked), comm, stream);
      },
      [&] {
        if (!on_host) return;
        part.copy_from(to);
        if (op == ReduceOp::average) divide(part, size());
      });
}

void NcclCommunicator::all_gather(const Tensor& whole, const Tensor& part) {
  GPT_CHECK_EQ(whole.elements(), part.elements() * size());
  const Tensor from = input(part), to = output(whole);
  run(
      call_of(Kind::all_gather, whole), {from, to},
      [&](ncclComm_t comm, cudaStream_t stream) {
        return nccl_.ncclAllGather(from.address(), to.address(), count(from), nccl_type(from.dtype()), comm,
                                   stream);
      },
      [&] {
        if (whole.device() == Device::cpu) whole.copy_from(to);
      });
}

void NcclCommunicator::send(const Tensor& tensor, int to) {
  check_rank(to, "send to rank");
  const Tensor there = input(tensor);
  run(call_of(Kind::send, tensor, {}, to), {there}, [&](ncclComm_t comm, cudaStream_t stream) {
    return nccl_.ncclSend(there.address(), count(there), nccl_type(there.dtype()), to, comm, stream);
  });
}

void NcclCommunicator::receive(const Tensor& tensor, int from) {
  check_rank(from, "receive from rank");
  const Tensor there = output(tensor);
  run(
      call_of(Kind::receive, tensor, {}, from), {there},
      [&](ncclComm_t comm, cudaStream_t stream) {
        return nccl_.ncclRecv(there.address(), count(there), nccl_type(there.dtype()), from, comm, stream);
      },
      [&] {
        if (tensor.device() == Device::cpu) tensor.copy_from(there);
      });
}

// [exchange]
void NcclCommunicator::exchange(const Tensor& sent, const Tensor& received, int other) {
  check_rank(other, "exchange with rank");
  const Tensor from = input(sent), to = output(received);
  run(
      call_of(Kind::receive, received, {}, other), {from, to},
      [&](ncclComm_t comm, cudaStream_t stream) {
        // One after the other in a stream, both ranks would send, and wait for the other to receive. In a
        // group the two run at the same time.
        NCCL_CHECK(nccl_, ncclGroupStart());
        const ncclResult_t sending =
            nccl_.ncclSend(from.address(), count(from), nccl_type(from.dtype()), other, comm, stream);
        const ncclResult_t receiving =
            nccl_.ncclRecv(to.address(), count(to), nccl_type(to.dtype()), other, comm, stream);
        const ncclResult_t both = nccl_.ncclGroupEnd();
        return sending > ncclSuccess && sending != ncclInProgress       ? sending
               : receiving > ncclSuccess && receiving != ncclInProgress ? receiving
                                                                        : both;
      },
      [&] {
        if (received.device() == Device::cpu) received.copy_from(to);
      });
}
// [/exchange]

// [split]
/// Every rank tells every other its colour, its key, and an id for a new group. Of each colour the first
/// one's id counts, and with that the group meets as the first one did.
std::unique_ptr<Communicator> NcclCommunicator::split(int color, int key) {
  const std::string id = NcclGroup::new_id(nccl_);
  const auto words = static_cast<int64_t>(id.size() / sizeof(int32_t));
  const Tensor mine = Tensor::zeros({2 + words}, DType::i32);
  mine.data<int32_t>()[0] = color;
  mine.data<int32_t>()[1] = key;
  std::copy(id.begin(), id.end(), reinterpret_cast<char*>(mine.data<int32_t>() + 2));
  const Tensor all({size(), 2 + words}, DType::i32);
  all_gather(all, mine);

  std::vector<int> members;
  for (int other = 0; other < size(); ++other)
    if (all.at<int32_t>({other, 0}) == color) members.push_back(other);
  std::stable_sort(members.begin(), members.end(), [&](int a, int b) {
    return all.at<int32_t>({a, 1}) < all.at<int32_t>({b, 1});
  });
  const auto place = std::find(members.begin(), members.end(), rank()) - members.begin();
  const char* const first = reinterpret_cast<const char*>(&all.at<int32_t>({members[0], 2}));
  return std::make_unique<NcclCommunicator>(nccl_, std::string(first, id.size()), static_cast<int>(place),
                                            static_cast<int>(members.size()), memory_, group_->deadline());
}
// [/split]

}  // namespace gpt::KERNEL_SPACE
