// What a subscriber wants to be told: the form, and the store's text.
#include "extensions/pubsub/subscribe_options.h"

#include <algorithm>

#include "extensions/pubsub/errors.h"
#include "xmpp/number.h"
#include "xmpp/pubsub.h"
#include "xmpp/timestamp.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t longest_keyword = 200;

std::vector<std::string> shows_of(std::uint8_t shows) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::size(show_words); ++i) {
    if (shows == any_show || (shows & (1U << i)) != 0) {
      words.emplace_back(show_words[i]);
    }
  }
  return words;
}

std::optional<std::uint8_t> shows_from(const std::vector<std::string>& words) {
  std::uint8_t shows = 0;
  for (const std::string& word : words) {
    const auto* found = std::ranges::find(show_words, word);
    if (found == std::end(show_words)) {
      return std::nullopt;
    }
    shows = static_cast<std::uint8_t>(shows | (1U << (found - std::begin(show_words))));
  }
  return shows == (1U << std::size(show_words)) - 1U ? any_show : shows;
}

std::optional<std::uint32_t> depth_from(std::string_view text) {
  return text == "all" ? std::optional(any_depth) : parse_number<std::uint32_t>(text, 0, 1'000'000);
}

// Nothing: done. Why a value is none.
std::optional<std::string_view> set(SubscribeOptions& options, const Field& field, const OptionsFrame& frame) {
  const std::string value = field.values.empty() ? std::string() : field.values.front();
  const std::optional<bool> truth = parse_boolean(value);
  if (field.var == "pubsub#deliver") {
    options.deliver = truth.value_or(options.deliver);
    return truth ? std::nullopt : std::optional<std::string_view>("is no boolean");
  }
  if (field.var == "pubsub#digest") {
    return truth == false ? std::nullopt : std::optional<std::string_view>("asks for digests, which are not supported");
  }
  if (field.var == "pubsub#include_body") {
    if (!truth || (*truth && !frame.has_body)) {
      return "asks for a body, which payloads of this node do not have";
    }
    options.include_body = *truth;
    return std::nullopt;
  }
  if (field.var == "pubsub#show-values") {
    const auto shows = shows_from(field.values);
    if (!shows || (*shows == any_show && field.values.empty())) {
      return "has no such value";
    }
    if (*shows != any_show && !frame.knows_presence) {
      return "depends on a presence that is not known here";
    }
    options.shows = *shows;
    return std::nullopt;
  }
  if (field.var == "pubsub#expire") {
    if (value.empty()) {
      options.expires.reset();
      return std::nullopt;
    }
    if (value == "presence") {
      return "asks for a subscription that ends with presence, which is not supported";
    }
    const auto when = parse_timestamp(value);
    if (!when || *when <= frame.now) {
      return "is no time to come";
    }
    options.expires = std::min<WallTime>(*when, frame.now + frame.longest_lease);
    return std::nullopt;
  }
  if (field.var == "pubsub#subscription_type" && frame.is_collection) {
    const auto type = parse_word<SubscriptionType>(value);
    options.type = type.value_or(options.type);
    return type ? std::nullopt : std::optional<std::string_view>("has no such value");
  }
  if (field.var == "pubsub#subscription_depth" && frame.is_collection) {
    const auto depth = depth_from(value);
    options.depth = depth.value_or(options.depth);
    return depth ? std::nullopt : std::optional<std::string_view>("is no depth");
  }
  if (field.var == keyword_field && !frame.is_collection) {
    if (value.size() > longest_keyword || field.values.size() > 1) {
      return "is too long";
    }
    options.keyword = value;
    return std::nullopt;
  }
  return "is unknown";
}

}  // namespace

Form options_form(const SubscribeOptions& options, const OptionsFrame& frame, FormType type) {
  Form form(type, ns::pubsub_subscribe_options);
  form.fields.emplace_back("pubsub#deliver", FieldType::boolean, std::vector<std::string>{options.deliver ? "1" : "0"},
                           "Whether to receive notifications");
  form.fields.emplace_back("pubsub#expire", FieldType::text_single,
                           options.expires ? std::vector<std::string>{format_timestamp(*options.expires)} : std::vector<std::string>{},
                           "When the subscription ends");
  if (frame.has_body) {
    form.fields.emplace_back("pubsub#include_body", FieldType::boolean, std::vector<std::string>{options.include_body ? "1" : "0"},
                             "Whether to receive a message body in addition to the payload");
  }
  if (frame.knows_presence) {
    Field shows("pubsub#show-values", FieldType::list_multi, shows_of(options.shows), "The presence states in which to receive notifications");
    for (const std::string_view word : show_words) {
      shows.options.push_back({std::string(word)});
    }
    form.fields.push_back(std::move(shows));
  }
  if (frame.is_collection) {
    Field about("pubsub#subscription_type", FieldType::list_single, {std::string(to_string(options.type))}, "Whether to receive notifications of items or of nodes");
    about.options = {{"items"}, {"nodes"}, {"all"}};
    form.fields.push_back(std::move(about));
    form.fields.emplace_back("pubsub#subscription_depth", FieldType::text_single,
                             std::vector<std::string>{options.depth == any_depth ? "all" : std::to_string(options.depth)},
                             "How far to traverse the nodes of the collection");
  } else {
    form.fields.emplace_back(std::string(keyword_field), FieldType::text_single,
                             options.keyword.empty() ? std::vector<std::string>{} : std::vector<std::string>{options.keyword},
                             "A word that items must contain");
  }
  if (type != FormType::form) {
    for (Field& field : form.fields) {
      field.label.clear();
      field.options.clear();
    }
  }
  return form;
}

Result<SubscribeOptions, StanzaError> options_from(const SubscribeOptions& standing, const Form& submitted, const OptionsFrame& frame) {
  if (submitted.type != FormType::submit || (!submitted.form_type().empty() && submitted.form_type() != ns::pubsub_subscribe_options)) {
    return fail(invalid_options("no submitted form of subscribe_options"));
  }
  SubscribeOptions options = standing;
  for (const Field& field : submitted.fields) {
    if (field.var == "FORM_TYPE" || field.type == FieldType::fixed) {
      continue;
    }
    if (const auto why = set(options, field, frame)) {
      return fail(invalid_options("the field " + field.var + " " + std::string(*why)));
    }
  }
  return options;
}

std::string to_text(const SubscribeOptions& options) {
  std::string text;
  const auto add = [&](char name, std::string_view value) { text.append(1, name).append("=").append(value).append("\n"); };
  if (!options.deliver) {
    add('d', "0");
  }
  if (options.include_body) {
    add('b', "1");
  }
  if (options.shows != any_show) {
    add('s', std::to_string(options.shows));
  }
  if (options.type != SubscriptionType::nodes) {
    add('t', to_string(options.type));
  }
  if (options.depth != 1) {
    add('n', options.depth == any_depth ? "all" : std::to_string(options.depth));
  }
  if (!options.keyword.empty()) {   // last: all the rest
    text.append("k=").append(options.keyword);
  }
  return text;
}

std::optional<SubscribeOptions> subscribe_options_from(std::string_view text) {
  SubscribeOptions options;
  while (!text.empty()) {
    if (text.starts_with("k=")) {
      options.keyword = std::string(text.substr(2));
      return options;
    }
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || end < 2 || text[1] != '=') {
      return std::nullopt;
    }
    const std::string_view value = text.substr(2, end - 2);
    bool is_good = true;
    switch (text.front()) {
      case 'd': options.deliver = value != "0"; break;
      case 'b': options.include_body = value == "1"; break;
      case 's': {
        const auto shows = parse_number<std::uint8_t>(value, 0, 31);
        is_good = shows.has_value();
        options.shows = shows.value_or(any_show);
        break;
      }
      case 't': {
        const auto type = parse_word<SubscriptionType>(value);
        is_good = type.has_value();
        options.type = type.value_or(options.type);
        break;
      }
      case 'n': {
        const auto depth = depth_from(value);
        is_good = depth.has_value();
        options.depth = depth.value_or(options.depth);
        break;
      }
      default: is_good = false;
    }
    if (!is_good) {
      return std::nullopt;
    }
    text.remove_prefix(end + 1);
  }
  return options;
}

}  // namespace aldis::pubsub
