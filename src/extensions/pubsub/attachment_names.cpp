// Names of the nodes of XEP-0470.
#include "extensions/pubsub/attachment_names.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "xml/element.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
constexpr std::string_view of_addresses = "!$()*+,;=";   // nodeallow; the @ stands between the parts

std::string encode(std::string_view text, std::string_view more = {}) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out.push_back('%');
      out.push_back(digits[byte >> 4U]);
      out.push_back(digits[byte & 15U]);
    }
  }
  return out;
}

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
    i += 2;
  }
  std::string document("<a>");   // it is text only if a parser takes it: UTF-8, and no NUL; markup in it means nothing
  std::ranges::replace_copy_if(out, std::back_inserter(document), [](char c) { return c == '<' || c == '>' || c == '&'; }, ' ');
  return xml::parse(document.append("</a>")) ? std::optional(std::move(out)) : std::nullopt;
}

std::string prefix_of(std::string_view space) { return std::string(space) + "/"; }

constexpr std::string_view item_word = ";item=";

}  // namespace

bool is_attachment_name(std::string_view node) { return node.starts_with(prefix_of(ns::pubsub_attachments)); }
bool is_summary_name(std::string_view node) { return node.starts_with(prefix_of(ns::pubsub_attachments_summary)); }

std::string attachments_of_all_items(const BareJid& service, std::string_view node) {
  std::string name = prefix_of(ns::pubsub_attachments) + "xmpp:";
  if (service.has_local()) {
    name.append(encode(service.local(), of_addresses)).append("@");
  }
  return name.append(encode(service.domain(), "[]:")).append("?;node=").append(encode(node)).append(item_word);
}

std::string attachments_name(const BareJid& service, std::string_view node, std::string_view item) {
  return attachments_of_all_items(service, node) + encode(item);
}

std::string summary_name(std::string_view node) { return prefix_of(ns::pubsub_attachments_summary) + std::string(node); }

std::optional<TargetItem> target_item(const BareJid& service, std::string_view node) {
  if (!is_attachment_name(node)) {
    return std::nullopt;
  }
  constexpr std::string_view node_word = "?;node=";
  const std::size_t at = node.find(node_word);
  const std::size_t end = at == std::string_view::npos ? at : node.find(item_word, at + node_word.size());
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto target = decode(node.substr(at + node_word.size(), end - at - node_word.size()));
  const auto item = decode(node.substr(end + item_word.size()));
  if (!target || !item || target->empty() || item->empty() || is_attachment_name(*target) || is_summary_name(*target) ||
      attachments_name(service, *target, *item) != node) {
    return std::nullopt;
  }
  return TargetItem{std::move(*target), std::move(*item)};
}

std::optional<std::string> attached_to(const BareJid& service, std::string_view node) {
  if (is_summary_name(node)) {
    std::string target(node.substr(ns::pubsub_attachments_summary.size() + 1));
    return target.empty() || is_attachment_name(target) || is_summary_name(target) ? std::nullopt : std::optional(std::move(target));
  }
  auto item = target_item(service, node);
  return item ? std::optional(std::move(item->node)) : std::nullopt;
}

}  // namespace aldis::pubsub
