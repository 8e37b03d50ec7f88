// Between JavaScript values and libtorch's: names of dtypes, descriptions for messages, and the conversion of an
// operator's arguments and results by its schema.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <napi.h>

#include <string>
#include <vector>

namespace lxmert {

const char* NameOf(at::ScalarType dtype);
at::ScalarType DTypeFrom(const Napi::Value& value);
// "a string", "an array of 3", "null": for messages about a wrong argument.
std::string DescribeValue(const Napi::Value& value);
// A whole-number value; `role` names it in the message when it is something else.
int64_t IntegerFrom(const Napi::Value& value, const char* role);
std::vector<int64_t> IntegersFrom(const Napi::Value& value, const char* role);
Napi::Value ToJs(Napi::Env env, const at::Scalar& scalar);

enum class ArgumentKind {
  kTensor,
  kInt,
  kFloat,
  kBool,
  kScalar,
  kString,
  kDType,
  kLayout,
  kDevice,
  kMemoryFormat,
  kGenerator,
  kUnsupported
};

// One argument of a schema, taken apart once so that a call need not look at types again.
struct ArgumentPlan {
  std::string name;
  ArgumentKind kind = ArgumentKind::kUnsupported;
  bool optional = false;  // None is allowed
  bool list = false;
  bool optional_elements = false;  // Tensor?[]
  int fixed_size = 0;              // int[2]: one number stands for both
  c10::optional<c10::IValue> default_value;
  std::string type;  // as the schema prints it
};

ArgumentPlan PlanArgument(const c10::Argument& argument);
// `undefined` takes the schema's default, `null` is None.
c10::IValue ToIValue(const Napi::Value& value, const ArgumentPlan& plan);
Napi::Value FromIValue(Napi::Env env, const c10::IValue& value);

}  // namespace lxmert
