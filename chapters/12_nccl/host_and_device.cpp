#include "12_nccl/host_and_device.hpp"

namespace gpt {

HostAndDevice::HostAndDevice(Communicator& host, std::unique_ptr<Communicator> device)
    : host_(host), device_(std::move(device)) {
  GPT_CHECK(host_.rank() == device_->rank() && host_.size() == device_->size(),
            "rank {} of {} on the host, {} of {} on the device", host_.rank(), host_.size(), device_->rank(),
            device_->size());
}

HostAndDevice::HostAndDevice(std::unique_ptr<Communicator> host, std::unique_ptr<Communicator> device)
    : HostAndDevice(*host, std::move(device)) {
  owned_ = std::move(host);
}

std::unique_ptr<Communicator> HostAndDevice::split(int color, int key) {
  auto host = host_.split(color, key);
  return std::make_unique<HostAndDevice>(std::move(host), device_->split(color, key));
}

}  // namespace gpt
