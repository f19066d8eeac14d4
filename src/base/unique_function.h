// UniqueFunction: a callable that is moved, never copied, with room for small callables inside (C++23 has
// std::move_only_function; we build as C++20). Calling an empty one is a broken invariant.
#pragma once
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "base/ensure.h"

namespace aldis {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> && std::is_invocable_r_v<R, F&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT: implicit on purpose
    using Stored = std::remove_cvref_t<F>;
    if constexpr (fits<Stored>) {
      ::new (static_cast<void*>(space_)) Stored(std::forward<F>(callable));
      table_ = &inline_table<Stored>;
    } else {
      ::new (static_cast<void*>(space_)) Stored*(new Stored(std::forward<F>(callable)));
      table_ = &heap_table<Stored>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return table_ != nullptr; }
  R operator()(Args... args) {
    ensure(table_ != nullptr, "an empty UniqueFunction is not called");
    return table_->call(space_, std::forward<Args>(args)...);
  }

 private:
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* to, void* from);
    void (*destroy)(void*);
  };
  static constexpr std::size_t room = 48;
  template <class S>
  static constexpr bool fits =
      sizeof(S) <= room && alignof(S) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<S>;

  template <class S>
  static constexpr Table inline_table{
      [](void* p, Args&&... args) -> R { return (*static_cast<S*>(p))(std::forward<Args>(args)...); },
      [](void* to, void* from) {
        ::new (to) S(std::move(*static_cast<S*>(from)));
        static_cast<S*>(from)->~S();
      },
      [](void* p) { static_cast<S*>(p)->~S(); }};
  template <class S>
  static constexpr Table heap_table{
      [](void* p, Args&&... args) -> R { return (**static_cast<S**>(p))(std::forward<Args>(args)...); },
      [](void* to, void* from) { ::new (to) S*(*static_cast<S**>(from)); },
      [](void* p) { delete *static_cast<S**>(p); }};

  void take(UniqueFunction& other) {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) {
      table_->move(space_, other.space_);
    }
  }
  void reset() {
    if (table_ != nullptr) {
      std::exchange(table_, nullptr)->destroy(space_);
    }
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) std::byte space_[room];
};

}  // namespace aldis
