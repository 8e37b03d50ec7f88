// Tensors over typed arrays and mapped files that free them at their end, and typed arrays over tensors.
#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "addon_data.h"
#include "convert.h"
#include "errors.h"
#include "mapped_files.h"
#include "tensor.h"

namespace lxmert {
namespace {

int64_t CountOf(Napi::Env env, const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) {
      throw Napi::RangeError::New(env, "a shape must hold sizes of at least 0 whose product fits in 63 bits");
    }
  }
  return count;
}

class FileDescriptor {
 public:
  explicit FileDescriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    TORCH_CHECK(fd_ >= 0, "cannot open ", path, ": ", std::strerror(errno));
  }
  ~FileDescriptor() { close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

napi_typedarray_type ArrayTypeOf(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat: return napi_float32_array;
    case at::kDouble: return napi_float64_array;
    case at::kLong: return napi_bigint64_array;
    case at::kInt: return napi_int32_array;
    case at::kShort: return napi_int16_array;
    case at::kChar: return napi_int8_array;
    case at::kByte:
    case at::kBool: return napi_uint8_array;
    case at::kHalf:
    case at::kBFloat16: return napi_uint16_array;  // the raw bits: JavaScript has no 16-bit floats
    default: TORCH_CHECK(false, "a tensor of ", c10::toString(dtype), " has no typed array");
  }
}

}  // namespace

Napi::Value FromTypedArray(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, "fromTypedArray", [&]() -> Napi::Value {
    if (!info[0].IsTypedArray()) {
      throw Napi::TypeError::New(env, "expected a typed array but received " + DescribeValue(info[0]));
    }
    const Napi::TypedArray array = info[0].As<Napi::TypedArray>();
    const std::vector<int64_t> shape = IntegersFrom(info[1], "shape");
    const at::ScalarType dtype = DTypeFrom(info[2]);
    const int64_t count = CountOf(env, shape);
    TORCH_CHECK(static_cast<int64_t>(array.ElementLength()) == count && array.ElementSize() == c10::elementSize(dtype),
                "the shape asks for ", count, " elements of ", c10::elementSize(dtype), " bytes but the array has ",
                array.ElementLength(), " of ", static_cast<int>(array.ElementSize()));
    const at::TensorOptions options = at::TensorOptions().dtype(dtype);
    AddonData& data = AddonData::Of(env);
    data.releases->Drain(env);
    if (count == 0) return TensorHandle::Wrap(env, at::empty(shape, options));
    // Shared buffers have no ArrayBuffer reference in N-API of this version; typed arrays over both do.
    napi_ref reference = nullptr;
    const napi_status status = napi_create_reference(env, array, 1, &reference);
    TORCH_CHECK(status == napi_ok, "the array could not be referenced");
    void* memory = nullptr;
    napi_get_typedarray_info(env, array, nullptr, nullptr, &memory, nullptr, nullptr);
    const std::shared_ptr<ReleaseQueue> releases = data.releases;
    at::Tensor tensor = at::from_blob(
        memory, shape, [releases, reference](void*) { releases->Push(reference); }, options);
    return TensorHandle::Wrap(env, std::move(tensor));
  });
}

Napi::Value MapFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, "mapFile", [&]() -> Napi::Value {
    const std::string path = info[0].ToString();
    const int64_t offset = IntegerFrom(info[1], "byteOffset");
    const int64_t count = IntegerFrom(info[2], "numElements");
    const at::ScalarType dtype = DTypeFrom(info[3]);
    const int64_t element_size = static_cast<int64_t>(c10::elementSize(dtype));
    int64_t bytes = 0;
    TORCH_CHECK(offset >= 0 && count >= 0 && !__builtin_mul_overflow(count, element_size, &bytes), "the region of ",
                path, " has a negative offset or size, or one beyond 63 bits");
    const FileDescriptor file(path);
    struct stat status {};
    TORCH_CHECK(fstat(file.get(), &status) == 0, "cannot inspect ", path, ": ", std::strerror(errno));
    TORCH_CHECK(offset <= status.st_size && bytes <= status.st_size - offset, path, " has ",
                static_cast<int64_t>(status.st_size), " bytes, but the region asked for ends at byte ", offset + bytes,
                "; the file is cut short");
    const at::TensorOptions options = at::TensorOptions().dtype(dtype);
    if (bytes == 0) return TensorHandle::Wrap(env, at::empty({count}, options));

    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t start = offset / page * page;
    const size_t length = static_cast<size_t>(offset + bytes - start);
    // Private and writable: an in-place operator changes this process's copy of a page, never the file, and
    // never ends the process as a write to a read-only page would.
    void* base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.get(), start);
    TORCH_CHECK(base != MAP_FAILED, "cannot map ", path, ": ", std::strerror(errno));
    char* first = static_cast<char*>(base) + (offset - start);
    WatchMapping(base, length, path);
    const auto unmap = [base, length](void*) {
      UnwatchMapping(base);
      munmap(base, length);
    };
    if (offset % element_size != 0) {
      // Kernels expect aligned elements; old files do not align theirs.
      at::Tensor copy = at::empty({count}, options);
      std::memcpy(copy.data_ptr(), first, static_cast<size_t>(bytes));
      unmap(nullptr);
      return TensorHandle::Wrap(env, std::move(copy));
    }
    return TensorHandle::Wrap(env, at::from_blob(first, {count}, unmap, options));
  });
}

Napi::Value AdviseMapped(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, "adviseMapped", [&]() -> Napi::Value {
    const at::Tensor& tensor = TensorHandle::TensorOf(info[0], "tensor");
    const std::string advice = info[1].ToString();
    const int64_t offset = IntegerFrom(info[2], "byteOffset");
    const int64_t length = IntegerFrom(info[3], "numBytes");
    TORCH_CHECK(tensor.device().is_cpu() && tensor.is_contiguous(), "only contiguous CPU tensors are mapped");
    const int64_t size = static_cast<int64_t>(tensor.nbytes());
    TORCH_CHECK(offset >= 0 && length >= 0 && offset <= size && length <= size - offset, "bytes ", offset, " to ",
                offset + length, " are not within a tensor of ", size, " bytes");
    TORCH_CHECK(advice == "random" || advice == "willneed", "no such advice: ", advice);
    static const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<uintptr_t>(tensor.data_ptr()) + static_cast<uintptr_t>(offset);
    const uintptr_t from = begin / page * page;
    // An advice that the system does not take changes the speed only.
    if (length > 0) {
      madvise(reinterpret_cast<void*>(from), begin + static_cast<uintptr_t>(length) - from,
              advice == "random" ? MADV_RANDOM : MADV_WILLNEED);
    }
    return env.Undefined();
  });
}

Napi::Value LostFile(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), TakeLostFile()); }

Napi::Value ViewOf(Napi::Env env, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.device().is_cpu(), "only a CPU tensor can be read from JavaScript; this one is on ",
              tensor.device().str());
  TORCH_CHECK(tensor.is_contiguous(), "only a contiguous tensor can be read from JavaScript; call contiguous first");
  const size_t count = static_cast<size_t>(tensor.numel());
  const napi_typedarray_type type = ArrayTypeOf(tensor.scalar_type());
  Napi::ArrayBuffer buffer =
      count == 0 ? Napi::ArrayBuffer::New(env, 0)
                 : Napi::ArrayBuffer::New(
                       env, tensor.data_ptr(), tensor.nbytes(),
                       [](Napi::Env, void*, at::Tensor* owner) { delete owner; }, new at::Tensor(tensor.detach()));
  napi_value array = nullptr;
  const napi_status status = napi_create_typedarray(env, type, count, buffer, 0, &array);
  TORCH_CHECK(status == napi_ok, "no typed array could be made over the tensor's memory");
  return Napi::Value(env, array);
}

}  // namespace lxmert
