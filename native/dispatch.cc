// Operators resolved once by name and overload, then called by number with arguments by their schema.
#include "dispatch.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <deque>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "convert.h"
#include "errors.h"
#include "tensor.h"

namespace lxmert {
namespace {

struct Operator {
  c10::OperatorHandle handle;
  std::string name;
  std::vector<ArgumentPlan> arguments;
  size_t num_returns;
  // Position of the argument that the only result is, for `add_` and its like; -1 when results are new.
  int in_place_argument;
};

// Operators are the library's, not an environment's: resolved once for the process. A deque keeps their places.
std::mutex operators_mutex;
std::deque<Operator> operators;
std::map<std::pair<std::string, std::string>, size_t> operator_ids;

int InPlaceArgument(const c10::FunctionSchema& schema) {
  if (schema.returns().size() != 1) return -1;
  const auto* result = schema.returns()[0].alias_info();
  if (result == nullptr || !result->isWrite()) return -1;
  for (size_t i = 0; i < schema.arguments().size(); i++) {
    const auto* alias = schema.arguments()[i].alias_info();
    if (alias != nullptr && alias->isWrite() && alias->beforeSets() == result->beforeSets()) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

size_t Resolve(const std::string& name, const std::string& overload) {
  const std::lock_guard<std::mutex> lock(operators_mutex);
  const auto key = std::make_pair(name, overload);
  const auto known = operator_ids.find(key);
  if (known != operator_ids.end()) return known->second;
  c10::OperatorHandle handle = c10::Dispatcher::singleton().findSchemaOrThrow(name.c_str(), overload.c_str());
  Operator op{handle,
              overload.empty() ? name : name + "." + overload,
              {},
              handle.schema().returns().size(),
              InPlaceArgument(handle.schema())};
  for (const c10::Argument& argument : handle.schema().arguments()) op.arguments.push_back(PlanArgument(argument));
  operators.push_back(std::move(op));
  operator_ids[key] = operators.size() - 1;
  return operators.size() - 1;
}

const Operator& Lookup(Napi::Env env, int64_t id) {
  const std::lock_guard<std::mutex> lock(operators_mutex);
  if (id < 0 || static_cast<size_t>(id) >= operators.size()) {
    throw Napi::RangeError::New(env, "callOperator was given an id that resolveOperator never returned.");
  }
  return operators[static_cast<size_t>(id)];
}

void AppendTensor(std::ostringstream& out, const at::Tensor& tensor) {
  if (!tensor.defined()) {
    out << "none";
    return;
  }
  out << NameOf(tensor.scalar_type()) << " (";
  for (int64_t i = 0; i < tensor.dim(); i++) out << (i == 0 ? "" : ", ") << tensor.size(i);
  out << ")";
  if (!tensor.device().is_cpu()) out << " on " << tensor.device().str();
}

// "self float32 (2, 3), mat2 float32 (4, 5)"
std::string DescribeTensors(const Operator& op, const Napi::CallbackInfo& info) {
  std::ostringstream out;
  const char* separator = "";
  for (size_t i = 0; i < op.arguments.size() && i + 1 < info.Length(); i++) {
    const Napi::Value value = info[i + 1];
    if (TensorHandle::Is(value) && !value.As<Napi::Object>().Get("isDisposed").ToBoolean().Value()) {
      out << separator << op.arguments[i].name << ' ';
      AppendTensor(out, TensorHandle::TensorOf(value, ""));
      separator = ", ";
    } else if (op.arguments[i].list && op.arguments[i].kind == ArgumentKind::kTensor) {
      out << separator << op.arguments[i].name << ' ' << DescribeValue(value);
      separator = ", ";
    }
  }
  return out.str();
}

[[noreturn]] void ThrowWithContext(const Operator& op, const Napi::CallbackInfo& info, std::string message) {
  const std::string tensors = DescribeTensors(op, info);
  while (!message.empty() && (message.back() == '.' || message.back() == '\n')) message.pop_back();
  std::string text = op.name + ": " + message + ".";
  if (!tensors.empty()) text += " The tensors were: " + tensors + ".";
  throw Napi::Error::New(info.Env(), text);
}

}  // namespace

Napi::Value ResolveOperator(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString();
  const std::string overload = info[1].ToString();
  return Guard(info.Env(), name.c_str(), [&]() -> Napi::Value {
    const size_t id = Resolve(name, overload);
    const Operator& op = Lookup(info.Env(), static_cast<int64_t>(id));
    std::ostringstream schema;
    schema << op.handle.schema();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", Napi::Number::New(info.Env(), static_cast<double>(id)));
    result.Set("schema", schema.str());
    result.Set("numArguments", Napi::Number::New(info.Env(), static_cast<double>(op.arguments.size())));
    return result;
  });
}

Napi::Value CallOperator(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Operator& op = Lookup(env, info[0].ToNumber().Int64Value());
  try {
    if (info.Length() > op.arguments.size() + 1) {
      throw Napi::TypeError::New(env, "it takes " + std::to_string(op.arguments.size()) + " arguments but received " +
                                          std::to_string(info.Length() - 1));
    }
    torch::jit::Stack stack;
    stack.reserve(op.arguments.size());
    for (size_t i = 0; i < op.arguments.size(); i++) {
      stack.push_back(ToIValue(i + 1 < info.Length() ? info[i + 1] : env.Undefined(), op.arguments[i]));
    }
    op.handle.callBoxed(&stack);
    // The result of an in-place operator is the handle that was given: one tensor, one owner.
    if (op.in_place_argument >= 0) return info[static_cast<size_t>(op.in_place_argument) + 1];
    if (op.num_returns == 1) return FromIValue(env, stack[0]);
    Napi::Array results = Napi::Array::New(env, stack.size());
    for (uint32_t i = 0; i < stack.size(); i++) results.Set(i, FromIValue(env, stack[i]));
    return results;
  } catch (const Napi::Error& error) {
    ThrowWithContext(op, info, error.Message());
  } catch (const c10::Error& error) {
    ThrowWithContext(op, info, Describe(error));
  } catch (const std::exception& error) {
    ThrowWithContext(op, info, error.what());
  }
}

}  // namespace lxmert
