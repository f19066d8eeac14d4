// Requests and answers of the control socket, to and from JSON. nlohmann-json is used without its exceptions.
#include "admin/command_wire.h"

#include <functional>
#include <nlohmann/json.hpp>

namespace aldis::admin {
namespace {

using Json = nlohmann::json;

constexpr std::array all_kinds{ErrorKind::invalid,     ErrorKind::limit, ErrorKind::not_found, ErrorKind::already_exists, ErrorKind::denied,
                               ErrorKind::unavailable, ErrorKind::full,  ErrorKind::corrupt,   ErrorKind::timeout,        ErrorKind::cancelled};

// dump() throws at invalid UTF-8 unless told otherwise: requests refuse it, answers replace it.
bool is_utf8(std::string_view text) {
  Json quoted = std::string(text);
  return quoted.dump(-1, ' ', false, Json::error_handler_t::ignore).size() == quoted.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

// A member that is an object of strings; absent means empty.
bool read_strings(const Json& request, const char* name, const std::function<void(const std::string&, const std::string&)>& take) {
  const auto found = request.find(name);
  if (found == request.end()) {
    return true;
  }
  if (!found->is_object()) {
    return false;
  }
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) {
      return false;
    }
    take(key, *value.get_ptr<const std::string*>());
  }
  return true;
}

}  // namespace

Result<std::string> write_request(const CommandRequest& request) {
  Json out{{"command", request.command}, {"arguments", Json::object()}, {"secrets", Json::object()}};
  for (const auto& [name, value] : request.arguments.values) {
    if (!is_utf8(value)) {
      return fail(ErrorKind::invalid, "\"" + name + "\" is not UTF-8");
    }
    out["arguments"][name] = value;
  }
  for (const auto& [name, value] : request.arguments.secrets) {
    if (!is_utf8(value.view())) {
      return fail(ErrorKind::invalid, "\"" + name + "\" is not UTF-8");
    }
    out["secrets"][name] = std::string(value.view());
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<CommandRequest> parse_request(std::string_view line) {
  const Json in = Json::parse(line, nullptr, false);
  const auto command = in.is_object() ? in.find("command") : in.end();
  if (!in.is_object() || command == in.end() || !command->is_string()) {
    return fail(ErrorKind::invalid, "not a command");
  }
  CommandRequest request;
  request.command = *command->get_ptr<const std::string*>();
  const bool is_read =
      read_strings(in, "arguments", [&](const auto& key, const auto& value) { request.arguments.values.emplace(key, value); }) &&
      read_strings(in, "secrets", [&](const auto& key, const auto& value) { request.arguments.secrets.emplace(key, SecretBytes(std::string_view(value))); });
  if (!is_read) {
    return fail(ErrorKind::invalid, "arguments and secrets are objects of strings");
  }
  return request;
}

namespace {

Json value_as_json(const Value& value) {
  return std::visit(
      [](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return Json();
        } else {
          return Json(held);
        }
      },
      value);
}

}  // namespace

Json as_json(const OperatorResult& result) {
  if (!result.columns.empty()) {
    Json rows = Json::array();
    for (const std::vector<Value>& row : result.rows) {
      Json object = Json::object();
      for (std::size_t i = 0; i < row.size() && i < result.columns.size(); ++i) {
        object[result.columns[i]] = value_as_json(row[i]);
      }
      rows.push_back(std::move(object));
    }
    return rows;
  }
  Json out = Json::object();
  if (!result.document.empty()) {
    out["document"] = result.document;
  }
  if (!result.next.empty()) {
    out["next"] = result.next;
  }
  if (!result.message.empty()) {
    out["message"] = result.message;
  }
  for (const auto& [name, value] : result.fields) {
    out[name] = value_as_json(value);
  }
  for (const OperatorResult::Refusal& refusal : result.refused) {
    out["refused"].push_back({{"line", refusal.line}, {"why", refusal.why}});
  }
  return out;
}

std::string write_answer(const Result<OperatorResult>& answer) {
  Json out;
  if (answer) {
    out = Json{{"ok", true}, {"result", as_json(*answer)}};
  } else {
    out = Json{{"ok", false}, {"error", to_string(answer.error().kind)}, {"text", answer.error().what}};
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> parse_answer(std::string_view line) {
  Json in = Json::parse(line, nullptr, false);
  if (in.is_object() && in.contains("ok") && in["ok"].is_boolean()) {
    if (in["ok"] == true && in.contains("result")) {
      return std::move(in["result"]);
    }
    if (in["ok"] == false && in.contains("error") && in.contains("text") && in["text"].is_string()) {
      for (const ErrorKind kind : all_kinds) {
        if (in["error"] == to_string(kind)) {
          return fail(kind, in["text"]);
        }
      }
    }
  }
  return fail(ErrorKind::corrupt, "the server's answer cannot be read");
}

}  // namespace aldis::admin
