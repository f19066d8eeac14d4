// InlineStack: a stack of plain values whose first N live inside it, for work that is nearly always small. Internal to
// this folder. Not movable: it lives on the stack of the function that needs it.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>

namespace aldis::xml {

template <class T, std::size_t N>
class InlineStack {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  InlineStack() noexcept {}  // the places stay uninitialised until pushed
  InlineStack(const InlineStack&) = delete;
  InlineStack& operator=(const InlineStack&) = delete;

  void push(const T& value) {
    if (size_ == capacity_) {
      grow();
    }
    data_[size_++] = value;
  }
  void pop() { --size_; }
  void truncate(std::size_t size) { size_ = size; }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  [[nodiscard]] T& back() { return data_[size_ - 1]; }
  [[nodiscard]] const T& back() const { return data_[size_ - 1]; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const T* data() const { return data_; }

 private:
  void grow() {
    auto larger = std::make_unique_for_overwrite<T[]>(2 * capacity_);
    std::memcpy(larger.get(), data_, size_ * sizeof(T));
    heap_ = std::move(larger);
    data_ = heap_.get();
    capacity_ *= 2;
  }

  union {
    T inline_[N];
  };
  std::unique_ptr<T[]> heap_;
  T* data_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = N;
};

}  // namespace aldis::xml
