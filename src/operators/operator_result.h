// OperatorResult: what an operator's command has to show, in no door's format: the command line makes text or JSON of
// it, the control socket JSON, an ad-hoc command a form.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace aldis::admin {

// monostate: nothing is known, or there is none.
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

// For people: yes, no, a number, a text, a list with commas; empty for none.
[[nodiscard]] std::string to_text(const Value& value);

struct OperatorResult {
  std::string message{};                                // for people; empty for a listing
  std::vector<std::pair<std::string, Value>> fields{};  // the same for programs, and a command's single facts
  std::vector<std::string> columns{};                   // a listing: its columns, as the command declares them
  std::vector<std::vector<Value>> rows{};               // and its rows, a value for each column
  struct Refusal {
    std::size_t line = 0;
    std::string why;
  };
  std::string document{};          // a part of a document
  std::string next{};              // what to ask for the part after it with, as "page"; empty: this was the last
  std::vector<Refusal> refused{};  // of many things asked for at once, those that were not done
};

}  // namespace aldis::admin
