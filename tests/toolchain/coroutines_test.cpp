// Compiler canaries: coroutine forms that g++ 12.2 miscompiles, or refuses (a braced list); see docs/adr/0004. Each test
// runs one form and counts what was built and destroyed. The Task below is as small as a lazy coroutine can be; it is
// not the server's.
#include <gtest/gtest.h>

#include <algorithm>
#include <coroutine>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiter = std::noop_coroutine();

    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().waiter;
      }
      void await_resume() noexcept {}
    };
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { std::abort(); }
  };

  explicit Task(std::coroutine_handle<promise_type> self) : self_(self) {}
  Task(Task&& other) noexcept : self_(std::exchange(other.self_, {})) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (self_) {
      self_.destroy();
    }
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    self_.promise().waiter = waiter;
    return self_;
  }
  T await_resume() { return std::move(*self_.promise().value); }

  T run() {
    self_.resume();
    return std::move(*self_.promise().value);
  }

 private:
  std::coroutine_handle<promise_type> self_;
};

int alive = 0;    // Tracked objects that exist now; below zero means that one was destroyed twice.
int lowest = 0;   // The least that alive ever was.
int reached = 0;  // Which branch ran.

// Something whose copies matter: it owns memory, and it is counted.
struct Tracked {
  std::string text = "long enough to be kept on the heap, whatever the library's small-string size is";
  Tracked() { ++alive; }
  Tracked(const Tracked& other) : text(other.text) { ++alive; }
  Tracked(Tracked&& other) noexcept : text(std::move(other.text)) { ++alive; }
  Tracked& operator=(const Tracked&) = default;
  Tracked& operator=(Tracked&&) = default;
  ~Tracked() {
    --alive;
    lowest = std::min(lowest, alive);
  }
};

struct Aggregate {
  Tracked first;
  int number = 0;
};

Task<bool> answer_bool(bool value) { co_return value; }
Task<int> answer_int(int value) { co_return value; }
Task<std::size_t> length_of(Aggregate aggregate) { co_return aggregate.first.text.size(); }
Task<std::size_t> length_of_all(std::vector<Tracked> all) {
  std::size_t sum = 0;
  for (const Tracked& each : all) {
    sum += each.text.size();
  }
  co_return sum;
}
template <typename Function>
Task<std::size_t> call(Function function) {
  co_return function();
}

// The forms. None may be given a local variable or a name more: that is what makes them canaries.
Task<int> if_without_locals(bool value) {
  if (co_await answer_bool(value)) {
    reached = 1;
    co_return 10;
  }
  reached = 2;
  co_return 20;
}

Task<int> if_else_without_locals(bool value) {
  if (co_await answer_bool(value)) {
    reached = 1;
  } else {
    reached = 2;
  }
  co_return reached * 10;
}

Task<int> switch_without_locals(int value) {
  switch (co_await answer_int(value)) {
    case 1:
      reached = 1;
      co_return 10;
    case 2:
      reached = 2;
      co_return 20;
    default:
      reached = 3;
      co_return 30;
  }
}

Task<int> while_without_locals(int& left) {
  while (co_await answer_bool(left > 0)) {
    --left;
    ++reached;
  }
  co_return reached;
}

Task<int> condition_of_two_awaits(bool a, bool b) {
  if (co_await answer_bool(a) && co_await answer_bool(b)) {
    co_return 1;
  }
  co_return 0;
}

Task<std::size_t> temporary_aggregate() { co_return co_await length_of(Aggregate{Tracked{}, 1}); }

Task<std::size_t> temporary_lambda() {
  co_return co_await call([captured = Tracked{}] { return captured.text.size(); });
}

Task<std::size_t> braced_list() { co_return co_await length_of_all({Tracked{}, Tracked{}, Tracked{}}); }

Task<std::size_t> temporary_in_condition() {
  if (co_await length_of(Aggregate{Tracked{}, 1}) > 0) {
    co_return co_await call([captured = Tracked{}] { return captured.text.size(); });
  }
  co_return 0;
}

class Coroutines : public testing::Test {
 protected:
  void SetUp() override { alive = lowest = reached = 0; }
  void TearDown() override {
    EXPECT_EQ(alive, 0) << "objects leaked, or destroyed twice";
    EXPECT_EQ(lowest, 0) << "an object was destroyed twice";
  }
  const std::size_t length_ = [] {
    const std::size_t size = Tracked{}.text.size();
    alive = lowest = 0;
    return size;
  }();
};

TEST_F(Coroutines, IfOnAwaitRunsItsBody) {
  EXPECT_EQ(if_without_locals(true).run(), 10);
  EXPECT_EQ(reached, 1);
  EXPECT_EQ(if_without_locals(false).run(), 20);
  EXPECT_EQ(reached, 2);
}

TEST_F(Coroutines, IfElseOnAwaitRunsOneBranch) {
  EXPECT_EQ(if_else_without_locals(true).run(), 10);
  EXPECT_EQ(if_else_without_locals(false).run(), 20);
}

TEST_F(Coroutines, SwitchOnAwaitRunsItsCase) {
  EXPECT_EQ(switch_without_locals(1).run(), 10);
  EXPECT_EQ(switch_without_locals(2).run(), 20);
  EXPECT_EQ(switch_without_locals(7).run(), 30);
  EXPECT_EQ(reached, 3);
}

TEST_F(Coroutines, WhileOnAwaitRunsToItsEnd) {
  int left = 5;
  EXPECT_EQ(while_without_locals(left).run(), 5);
  EXPECT_EQ(left, 0);
}

TEST_F(Coroutines, ConditionWithTwoAwaits) {
  EXPECT_EQ(condition_of_two_awaits(true, true).run(), 1);
  EXPECT_EQ(condition_of_two_awaits(true, false).run(), 0);
  EXPECT_EQ(condition_of_two_awaits(false, true).run(), 0);
}

TEST_F(Coroutines, TemporaryAggregateIsDestroyedOnce) { EXPECT_EQ(temporary_aggregate().run(), length_); }

TEST_F(Coroutines, TemporaryLambdaIsDestroyedOnce) { EXPECT_EQ(temporary_lambda().run(), length_); }

TEST_F(Coroutines, BracedListIsDestroyedOnce) { EXPECT_EQ(braced_list().run(), 3 * length_); }

TEST_F(Coroutines, TemporariesInACondition) { EXPECT_EQ(temporary_in_condition().run(), length_); }

}  // namespace
