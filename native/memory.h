// Tensors over memory that somebody else owns, and views of tensors for JavaScript.
#pragma once

#include <ATen/ATen.h>
#include <napi.h>

namespace lxmert {

// fromTypedArray(array, shape, dtype): a tensor over the array's own memory.
Napi::Value FromTypedArray(const Napi::CallbackInfo& info);
// mapFile(path, byteOffset, numElements, dtype): a one-dimensional tensor over a private mapping of the file.
Napi::Value MapFile(const Napi::CallbackInfo& info);
// adviseMapped(tensor, "random" | "willneed", byteOffset, numBytes): how the bytes of a mapped tensor will be read.
Napi::Value AdviseMapped(const Napi::CallbackInfo& info);
// lostFile(): the path of a mapped file that lost a page since the last call, or "".
Napi::Value LostFile(const Napi::CallbackInfo& info);
// A typed array over the memory of a contiguous CPU tensor; it keeps that memory alive.
Napi::Value ViewOf(Napi::Env env, const at::Tensor& tensor);

}  // namespace lxmert
