// Result<T, E>: a value or the reason there is none, with std::expected's names (C++23 has it; we build as C++20).
// Reading the value of a failure, or the error of a success, is a broken invariant and stops the process.
#pragma once
#include <type_traits>
#include <utility>
#include <variant>

#include "base/ensure.h"
#include "base/error.h"

namespace aldis {

template <class E>
struct [[nodiscard]] Unexpected {
  E error;
};

// fail(ErrorKind::limit, "..."): the failure of a Result whose error type is Error.
[[nodiscard]] inline Unexpected<Error> fail(ErrorKind kind, std::string what) {
  return Unexpected<Error>{Error{kind, std::move(what)}};
}
// fail(error): passes any error on.
template <class E>
[[nodiscard]] Unexpected<std::decay_t<E>> fail(E&& error) {
  return Unexpected<std::decay_t<E>>{std::forward<E>(error)};
}

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  template <class U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Unexpected<E>>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: implicit on purpose
  Result(Unexpected<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & { return checked(state_); }
  [[nodiscard]] const T& value() const& { return checked(state_); }
  [[nodiscard]] T&& value() && { return std::move(checked(state_)); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

  [[nodiscard]] E& error() & { return failed(state_); }
  [[nodiscard]] const E& error() const& { return failed(state_); }
  [[nodiscard]] E&& error() && { return std::move(failed(state_)); }

  template <class U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  template <class S>
  static auto& checked(S& state) {
    ensure(state.index() == 0, "value of a failed Result");
    return *std::get_if<0>(&state);
  }
  template <class S>
  static auto& failed(S& state) {
    ensure(state.index() == 1, "error of a successful Result");
    return *std::get_if<1>(&state);
  }
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;
  Result(Unexpected<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] E& error() & {
    ensure(!has_value(), "error of a successful Result");
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] const E& error() const& {
    ensure(!has_value(), "error of a successful Result");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<std::monostate, E> state_;
};

}  // namespace aldis
