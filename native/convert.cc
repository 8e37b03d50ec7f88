// How a value of JavaScript becomes an operator's argument, and a result becomes a value of JavaScript.
#include "convert.h"

#include <ATen/core/jit_type.h>

#include <cmath>
#include <cstring>

#include "tensor.h"

namespace lxmert {
namespace {

struct DTypeName {
  at::ScalarType dtype;
  const char* name;
};

constexpr DTypeName kDTypes[] = {
    {at::kFloat, "float32"}, {at::kDouble, "float64"}, {at::kHalf, "float16"}, {at::kBFloat16, "bfloat16"},
    {at::kLong, "int64"},    {at::kInt, "int32"},      {at::kShort, "int16"},  {at::kChar, "int8"},
    {at::kByte, "uint8"},    {at::kBool, "bool"},
};

[[noreturn]] void ThrowMismatch(const Napi::Value& value, const ArgumentPlan& plan) {
  throw Napi::TypeError::New(
      value.Env(), "expected " + plan.type + " for argument '" + plan.name + "' but received " + DescribeValue(value));
}

bool IsWhole(double x) { return std::isfinite(x) && x == std::floor(x) && std::abs(x) <= 9007199254740992.0; }

int64_t ToInteger(const Napi::Value& value, const ArgumentPlan& plan) {
  if (value.IsBigInt()) {
    bool lossless = false;
    const int64_t result = value.As<Napi::BigInt>().Int64Value(&lossless);
    if (lossless) return result;
  } else if (value.IsNumber()) {
    const double x = value.As<Napi::Number>().DoubleValue();
    if (IsWhole(x)) return static_cast<int64_t>(x);
  }
  ThrowMismatch(value, plan);
}

// A whole number becomes an integer scalar, as a literal does in the field's other bindings: adding 2 to an
// integer tensor must not turn it into floats.
at::Scalar ToScalar(const Napi::Value& value, const ArgumentPlan& plan) {
  if (value.IsBoolean()) return at::Scalar(value.As<Napi::Boolean>().Value());
  if (value.IsBigInt()) return at::Scalar(ToInteger(value, plan));
  if (!value.IsNumber()) ThrowMismatch(value, plan);
  const double x = value.As<Napi::Number>().DoubleValue();
  return IsWhole(x) && !(x == 0 && std::signbit(x)) ? at::Scalar(static_cast<int64_t>(x)) : at::Scalar(x);
}

at::MemoryFormat ToMemoryFormat(const Napi::Value& value, const ArgumentPlan& plan) {
  if (value.IsString()) {
    const std::string name = value.As<Napi::String>();
    if (name == "contiguous") return at::MemoryFormat::Contiguous;
    if (name == "preserve") return at::MemoryFormat::Preserve;
    if (name == "channelsLast") return at::MemoryFormat::ChannelsLast;
  }
  ThrowMismatch(value, plan);
}

c10::IValue ElementToIValue(const Napi::Value& value, const ArgumentPlan& plan) {
  switch (plan.kind) {
    case ArgumentKind::kTensor: return TensorHandle::TensorOf(value, plan.name.c_str());
    case ArgumentKind::kInt: return ToInteger(value, plan);
    case ArgumentKind::kFloat:
      if (!value.IsNumber()) ThrowMismatch(value, plan);
      return value.As<Napi::Number>().DoubleValue();
    case ArgumentKind::kBool:
      if (!value.IsBoolean()) ThrowMismatch(value, plan);
      return value.As<Napi::Boolean>().Value();
    case ArgumentKind::kScalar: return ToScalar(value, plan);
    case ArgumentKind::kString:
      if (!value.IsString()) ThrowMismatch(value, plan);
      return value.As<Napi::String>().Utf8Value();
    case ArgumentKind::kDType: return static_cast<int64_t>(DTypeFrom(value));
    case ArgumentKind::kDevice:
      if (!value.IsString()) ThrowMismatch(value, plan);
      return c10::Device(value.As<Napi::String>().Utf8Value());
    case ArgumentKind::kMemoryFormat: return static_cast<int64_t>(ToMemoryFormat(value, plan));
    case ArgumentKind::kLayout:
    case ArgumentKind::kGenerator:
    case ArgumentKind::kUnsupported: break;
  }
  ThrowMismatch(value, plan);
}

template <typename T>
c10::IValue ToTypedList(const Napi::Array& array, const ArgumentPlan& plan) {
  c10::List<T> list;
  const uint32_t length = array.Length();
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) list.push_back(ElementToIValue(array.Get(i), plan).to<T>());
  return list;
}

c10::IValue ListToIValue(const Napi::Value& value, const ArgumentPlan& plan) {
  if (!value.IsArray()) {
    if (plan.fixed_size > 0 && plan.kind == ArgumentKind::kInt) {
      return c10::IValue(std::vector<int64_t>(plan.fixed_size, ToInteger(value, plan)));
    }
    ThrowMismatch(value, plan);
  }
  const Napi::Array array = value.As<Napi::Array>();
  if (plan.optional_elements) {
    c10::List<c10::optional<at::Tensor>> list;
    for (uint32_t i = 0; i < array.Length(); i++) {
      const Napi::Value element = array.Get(i);
      if (element.IsNull() || element.IsUndefined()) {
        list.push_back(c10::optional<at::Tensor>());
      } else {
        list.push_back(c10::optional<at::Tensor>(TensorHandle::TensorOf(element, plan.name.c_str())));
      }
    }
    return list;
  }
  switch (plan.kind) {
    case ArgumentKind::kTensor: return ToTypedList<at::Tensor>(array, plan);
    case ArgumentKind::kInt: return ToTypedList<int64_t>(array, plan);
    case ArgumentKind::kFloat: return ToTypedList<double>(array, plan);
    case ArgumentKind::kBool: return ToTypedList<bool>(array, plan);
    case ArgumentKind::kScalar: {
      c10::List<at::Scalar> list;
      for (uint32_t i = 0; i < array.Length(); i++) list.push_back(ToScalar(array.Get(i), plan));
      return list;
    }
    default: ThrowMismatch(value, plan);
  }
}

ArgumentKind KindOf(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType: return ArgumentKind::kTensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return ArgumentKind::kInt;
    case c10::TypeKind::FloatType: return ArgumentKind::kFloat;
    case c10::TypeKind::BoolType: return ArgumentKind::kBool;
    case c10::TypeKind::NumberType: return ArgumentKind::kScalar;
    case c10::TypeKind::StringType: return ArgumentKind::kString;
    case c10::TypeKind::ScalarTypeType: return ArgumentKind::kDType;
    case c10::TypeKind::LayoutType: return ArgumentKind::kLayout;
    case c10::TypeKind::MemoryFormatType: return ArgumentKind::kMemoryFormat;
    case c10::TypeKind::DeviceObjType: return ArgumentKind::kDevice;
    case c10::TypeKind::GeneratorType: return ArgumentKind::kGenerator;
    default: return ArgumentKind::kUnsupported;
  }
}

}  // namespace

const char* NameOf(at::ScalarType dtype) {
  for (const DTypeName& entry : kDTypes) {
    if (entry.dtype == dtype) return entry.name;
  }
  return c10::toString(dtype);
}

at::ScalarType DTypeFrom(const Napi::Value& value) {
  if (value.IsString()) {
    const std::string name = value.As<Napi::String>();
    for (const DTypeName& entry : kDTypes) {
      if (name == entry.name) return entry.dtype;
    }
    throw Napi::TypeError::New(value.Env(),
                               "expected the name of a dtype such as 'float32' but received '" + name + "'");
  }
  throw Napi::TypeError::New(value.Env(), "expected the name of a dtype but received " + DescribeValue(value));
}

std::string DescribeValue(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number: return "the number " + value.ToString().Utf8Value();
    case napi_bigint: return "the bigint " + value.ToString().Utf8Value();
    case napi_string: return "the string '" + value.As<Napi::String>().Utf8Value().substr(0, 40) + "'";
    case napi_function: return "a function";
    default: break;
  }
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
  if (value.IsTypedArray()) return "a typed array";
  return TensorHandle::Is(value) ? "a Tensor" : "an object";
}

int64_t IntegerFrom(const Napi::Value& value, const char* role) {
  ArgumentPlan plan;
  plan.name = role;
  plan.type = "a whole number";
  return ToInteger(value, plan);
}

std::vector<int64_t> IntegersFrom(const Napi::Value& value, const char* role) {
  if (!value.IsArray()) {
    throw Napi::TypeError::New(value.Env(), std::string("expected an array of whole numbers for '") + role +
                                                "' but received " + DescribeValue(value));
  }
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<int64_t> result(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) result[i] = IntegerFrom(array.Get(i), role);
  return result;
}

Napi::Value ToJs(Napi::Env env, const at::Scalar& scalar) {
  if (scalar.isBoolean()) return Napi::Boolean::New(env, scalar.toBool());
  if (scalar.isIntegral(false)) return Napi::Number::New(env, static_cast<double>(scalar.toLong()));
  return Napi::Number::New(env, scalar.toDouble());
}

ArgumentPlan PlanArgument(const c10::Argument& argument) {
  ArgumentPlan plan;
  plan.name = argument.name();
  plan.type = argument.real_type()->annotation_str();
  plan.default_value = argument.default_value();
  c10::TypePtr type = argument.real_type();
  if (type->kind() == c10::TypeKind::OptionalType) {
    plan.optional = true;
    type = type->castRaw<c10::OptionalType>()->getElementType();
  }
  if (type->kind() == c10::TypeKind::ListType) {
    plan.list = true;
    plan.fixed_size = argument.N().value_or(0);
    type = type->castRaw<c10::ListType>()->getElementType();
    if (type->kind() == c10::TypeKind::OptionalType) {
      plan.optional_elements = true;
      type = type->castRaw<c10::OptionalType>()->getElementType();
    }
  }
  plan.kind = KindOf(*type);
  return plan;
}

c10::IValue ToIValue(const Napi::Value& value, const ArgumentPlan& plan) {
  if (value.IsUndefined()) {
    if (plan.default_value.has_value()) return *plan.default_value;
    if (plan.optional) return c10::IValue();
    ThrowMismatch(value, plan);
  }
  if (value.IsNull() && plan.optional) return c10::IValue();
  return plan.list ? ListToIValue(value, plan) : ElementToIValue(value, plan);
}

Napi::Value FromIValue(Napi::Env env, const c10::IValue& value) {
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    return tensor.defined() ? Napi::Value(TensorHandle::Wrap(env, tensor)) : env.Null();
  }
  if (value.isNone()) return env.Null();
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isScalar()) return ToJs(env, value.toScalar());
  if (value.isString()) return Napi::String::New(env, value.toStringRef());
  if (value.isTensorList() || value.isList()) {
    const auto list = value.toListRef();
    Napi::Array array = Napi::Array::New(env, list.size());
    for (uint32_t i = 0; i < list.size(); i++) array.Set(i, FromIValue(env, list[i]));
    return array;
  }
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    Napi::Array array = Napi::Array::New(env, elements.size());
    for (uint32_t i = 0; i < elements.size(); i++) array.Set(i, FromIValue(env, elements[i]));
    return array;
  }
  throw Napi::Error::New(env, "a result of type " + value.tagKind() + " has no JavaScript form");
}

}  // namespace lxmert
