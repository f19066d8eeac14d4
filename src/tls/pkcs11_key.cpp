// Keys in a token, by OpenSSL's engine interface. OpenSSL 3 calls that deprecated in favour of providers, and Debian 12 has no
// PKCS#11 provider.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tls/pkcs11_key.h"

#include <openssl/engine.h>

#include <mutex>

#include "tls/openssl.h"

namespace aldis::tls {
namespace {

constexpr std::string_view scheme = "pkcs11:";

struct Engine {
  ENGINE* engine = nullptr;
  std::string module;
};

// Loaded once and kept: keys hold on to it, also those of contexts that are replaced.
Result<ENGINE*> engine_for(const std::string& module) {
  static std::mutex mutex;
  static Engine loaded;
  const std::lock_guard lock(mutex);
  if (loaded.engine != nullptr) {
    return loaded.module == module ? Result<ENGINE*>(loaded.engine)
                                   : fail(ErrorKind::invalid, "keys of two PKCS#11 modules: " + loaded.module + " and " + module);
  }
  ENGINE_load_dynamic();
  ENGINE* const engine = ENGINE_by_id("pkcs11");
  if (engine == nullptr) {
    return fail(ErrorKind::unavailable, "OpenSSL has no engine \"pkcs11\" (Debian: libengine-pkcs11-openssl): " + openssl_error());
  }
  ENGINE_ctrl_cmd_string(engine, "QUIET", nullptr, 0);   // what goes wrong is said by us, not on standard error
  if (ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module.c_str(), 0) != 1 || ENGINE_init(engine) != 1) {
    ENGINE_free(engine);
    return fail(ErrorKind::unavailable, "the PKCS#11 module " + module + " cannot be used: " + openssl_error());
  }
  loaded = {engine, module};
  return engine;
}

// The value of one attribute of the query, taken out of it.
std::string take(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return std::string(one.substr(name.size() + 1));
    }
  }
  return {};
}

}  // namespace

bool is_pkcs11(std::string_view key) { return key.starts_with(scheme); }

Result<Pkcs11Uri> parse_pkcs11(std::string_view uri) {
  const std::size_t question = std::min(uri.find('?'), uri.size());
  const std::string_view path = uri.substr(0, question);
  const std::string_view query = uri.substr(std::min(question + 1, uri.size()));
  if (!is_pkcs11(uri) || (path.find("object=") == std::string_view::npos && path.find(";id=") == std::string_view::npos)) {
    return fail(ErrorKind::invalid, "a key in a token is named as pkcs11:token=...;object=...?module-path=...&pin-source=file:...");
  }
  if (uri.find("pin-value=") != std::string_view::npos) {
    return fail(ErrorKind::denied, "a PIN does not belong into a configuration: put it into a file and name that as pin-source=file:/...");
  }
  Pkcs11Uri out{std::string(path), take(query, "module-path"), take(query, "pin-source")};
  std::string pin = out.pin.string();
  if (pin.starts_with("file:")) {
    out.pin = pin.substr(5);
  }
  if (out.module_path.empty() || out.module_path.front() != '/') {
    return fail(ErrorKind::invalid, "the key's URI names no module: module-path=/... (for SoftHSM /usr/lib/softhsm/libsofthsm2.so)");
  }
  if (out.pin.empty() || !out.pin.is_absolute()) {
    return fail(ErrorKind::invalid, "the key's URI names no file with the PIN: pin-source=file:/...");
  }
  return out;
}

Result<std::shared_ptr<EVP_PKEY>> load_pkcs11_key(const Pkcs11Uri& uri, std::string_view pin) {
  ERR_clear_error();
  const Result<ENGINE*> engine = engine_for(uri.module_path);
  if (!engine) {
    return fail(engine.error());
  }
  while (!pin.empty() && (pin.back() == '\n' || pin.back() == '\r')) {
    pin.remove_suffix(1);
  }
  std::string secret(pin);
  const bool is_set = !secret.empty() && ENGINE_ctrl_cmd_string(*engine, "PIN", secret.c_str(), 0) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  EVP_PKEY* const key = is_set ? ENGINE_load_private_key(*engine, uri.key.c_str(), nullptr, nullptr) : nullptr;
  if (key == nullptr) {
    return fail(ErrorKind::denied, "the token has no such key, or refuses the PIN: " + uri.key + ": " + openssl_error());
  }
  return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
}

}  // namespace aldis::tls
