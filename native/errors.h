// No C++ exception crosses into JavaScript as anything but an Error with a message.
#pragma once

#include <c10/util/Exception.h>
#include <napi.h>

#include <exception>
#include <string>
#include <utility>

namespace lxmert {

// libtorch appends a C++ stack trace and source positions; a reader of the message needs neither.
inline std::string Describe(const c10::Error& error) {
  std::string text = error.what_without_backtrace();
  const auto end = text.find("\nException raised from ");
  if (end != std::string::npos) text.resize(end);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Runs `body` and turns whatever it throws into a JavaScript Error that begins with `what`.
template <typename Body>
auto Guard(Napi::Env env, const char* what, Body&& body) -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const Napi::Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw Napi::Error::New(env, std::string(what) + ": " + Describe(error));
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, std::string(what) + ": " + error.what());
  }
}

}  // namespace lxmert
