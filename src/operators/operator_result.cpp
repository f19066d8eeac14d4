// Values as people read them.
#include "operators/operator_result.h"

namespace aldis::admin {

std::string to_text(const Value& value) {
  if (const auto* yes = std::get_if<bool>(&value)) {
    return *yes ? "yes" : "no";
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return std::to_string(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return *text;
  }
  std::string all;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) {
      all.append(all.empty() ? "" : ", ").append(text);
    }
  }
  return all;
}

}  // namespace aldis::admin
