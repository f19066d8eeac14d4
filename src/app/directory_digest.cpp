// Entries in one spelling, hashed.
#include "app/directory_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "auth/ldap/ldap_name.h"
#include "base/encoding.h"
#include "base/ensure.h"

namespace aldis::app {
namespace {

// With its length before it, so that two texts in a row are one way only.
void append(std::string& out, std::string_view text) { out.append(std::to_string(text.size())).append(":").append(text); }

}  // namespace

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  ensure(EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1, "OpenSSL has SHA-256");
  return hex_encode(std::span<const std::uint8_t>(hash.data(), size));
}

std::string digest_of(const std::vector<ldap::Entry>& entries, const std::string& base) {
  const auto of_base = ldap::name_parts(base);
  std::vector<std::string> all;
  for (const ldap::Entry& entry : entries) {
    const auto parts = ldap::name_parts(entry.dn);
    if (!parts || parts == of_base) {
      continue;
    }
    std::string text;
    for (const std::string& part : *parts) {
      append(text, part);
    }
    for (const auto& [name, values] : entry.attributes) {
      std::vector<std::string> sorted = values;
      std::ranges::sort(sorted);
      text += '\n';
      append(text, name);
      for (const std::string& value : sorted) {
        append(text, value);
      }
    }
    all.push_back(std::move(text));
  }
  std::ranges::sort(all);
  std::string text;
  for (const std::string& each : all) {
    append(text, each);
  }
  return sha256(text);
}

}  // namespace aldis::app
