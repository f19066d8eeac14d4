// Keeping CRLs and OCSP responses, in memory and in a folder: "SOURCE.crl", and "KEY.SECONDS.ocsp" with the second until which
// the response holds.
#include "tls/revocation_cache.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/ensure.h"
#include "tls/asn1.h"

namespace aldis::tls {
namespace {

constexpr std::chrono::hours for_ever{24 * 365 * 20};
constexpr std::string_view end_of_list = "-----END X509 CRL-----";

// Who a certificate is to its issuer: the issuer's name and key, and the serial number's bytes.
std::string key_of(std::string_view serial, X509* issuer) {
  std::string all = rfc4514(X509_get_subject_name(issuer)) + "\n";
  all.append(bytes_of(X509_get0_pubkey_bitstr(issuer))).append("\n").append(serial);
  std::uint8_t out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  ensure(EVP_Digest(all.data(), all.size(), out, &length, EVP_sha256(), nullptr) == 1, "bytes have a digest");
  return hex_encode({out, length});
}

std::string_view serial_of(X509* certificate) { return bytes_of(X509_get0_serialNumber(certificate)); }

WallTime newest_in(const std::string& response) {
  WallTime newest{};
  for (const OcspEntry& entry : ocsp_entries(response)) {
    newest = std::max(newest, entry.this_update);
  }
  return newest;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

Result<std::shared_ptr<RevocationCache>> RevocationCache::open(const std::filesystem::path& folder, std::vector<std::string>* skipped) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(ErrorKind::unavailable, "cannot make " + folder.string() + ": " + std::strerror(errno));
  }
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::invalid, folder.string() + " is no folder");
  }
  if ((status.st_mode & 077U) != 0 || (status.st_uid != ::geteuid() && status.st_uid != 0)) {
    return fail(ErrorKind::denied, folder.string() + " can be reached by others; run: chmod 700 " + folder.string());
  }
  auto cache = std::make_shared<RevocationCache>();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::filesystem::path& path = entry.path();
    const std::string stem = path.stem().string();
    bool is_read = false;
    if (path.extension() == ".crl") {
      is_read = cache->import_crls(contents(path)).has_value();
    } else if (path.extension() == ".ocsp") {
      const std::size_t dot = stem.find('.');
      std::int64_t seconds = 0;
      is_read = dot != std::string::npos && std::from_chars(stem.data() + dot + 1, stem.data() + stem.size(), seconds).ec == std::errc{} && seconds > 0;
      if (is_read) {
        Response found{contents(path), WallTime{std::chrono::seconds(seconds)}};
        const auto [at, is_first] = cache->responses_.try_emplace(stem.substr(0, dot), found);
        if (!is_first && newest_in(at->second.der) < newest_in(found.der)) {   // the process ended between writing one and removing the other
          at->second = std::move(found);
        }
      }
    }
    if (!is_read && skipped != nullptr) {
      skipped->push_back(path.string());
    }
  }
  if (error) {
    return fail(ErrorKind::unavailable, "cannot read " + folder.string() + ": " + error.message());
  }
  cache->folder_ = folder;
  return cache;
}

Result<void> RevocationCache::write(const std::string& name, std::string_view bytes) const {
  const std::filesystem::path path = folder_ / name;
  const std::string half = path.string() + ".new";
  const int fd = ::open(half.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool is_written = fd >= 0;
  while (is_written && !bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    is_written = n > 0;
    bytes.remove_prefix(is_written ? static_cast<std::size_t>(n) : 0);
  }
  is_written = is_written && ::fsync(fd) == 0 && ::rename(half.c_str(), path.c_str()) == 0;
  const int why = errno;
  if (fd >= 0) {
    ::close(fd);
  }
  if (!is_written) {
    return fail(ErrorKind::unavailable, "cannot write " + path.string() + ": " + std::strerror(why));
  }
  return {};
}

Result<bool> RevocationCache::put(std::shared_ptr<const Crl> crl) {
  const std::lock_guard alone(writing_);   // crls_ changes in here only, so it may be read without mutex_
  const auto found = crls_->find(crl->source());
  if (found != crls_->end() && !crl->is_newer_than(*found->second)) {
    return false;
  }
  if (!folder_.empty()) {
    if (auto written = write(crl->source() + ".crl", crl->der()); !written) {
      return fail(written.error());
    }
  }
  auto next = std::make_shared<Crls>(*crls_);
  (*next)[crl->source()] = std::move(crl);
  const std::lock_guard lock(mutex_);
  crls_ = std::move(next);
  return true;
}

Result<std::size_t> RevocationCache::import_crls(std::string_view file) {
  std::size_t newer = 0;
  const bool is_pem = file.find(end_of_list) != std::string_view::npos;
  do {
    const std::size_t end = is_pem ? file.find(end_of_list) + end_of_list.size() : file.size();
    const auto crl = Crl::parse(file.substr(0, end));
    if (!crl) {
      return fail(crl.error());
    }
    const auto is_newer = put(*crl);
    if (!is_newer) {
      return fail(is_newer.error());
    }
    newer += *is_newer ? 1 : 0;
    file.remove_prefix(end);
  } while (file.find(end_of_list) != std::string_view::npos);
  return newer;
}

Result<void> RevocationCache::add_crl(std::string_view file, X509* issuer) {
  auto crl = Crl::parse(file);
  if (!crl) {
    return fail(crl.error());
  }
  if (!(*crl)->is_signed_by(issuer)) {
    return fail(ErrorKind::denied, "the CRL of " + (*crl)->issuer() + " is not signed by " + rfc4514(X509_get_subject_name(issuer)));
  }
  const auto is_newer = put(std::move(*crl));
  return is_newer ? Result<void>() : fail(is_newer.error());
}

Result<void> RevocationCache::add_ocsp(std::string_view response, X509* certificate, X509* issuer, WallTime now, std::string_view nonce) {
  const RevocationAnswer answer = ask_ocsp(response, certificate, issuer, now, nonce);
  if (answer.state == RevocationState::undetermined) {
    return fail(ErrorKind::denied, answer.detail);
  }
  const Result<News> news = keep(serial_of(certificate), issuer, response, answer, now);
  if (news && *news == News::older) {
    return fail(ErrorKind::denied, "its OCSP response, of " + date_text(answer.from) + ", is older than the one that is known");
  }
  return news ? Result<void>() : fail(news.error());
}

namespace {

// What a kept response, which was verified, says of a certificate.
OcspEntry said_of(std::string_view number, const std::string& response) {
  const std::string serial = hex_encode({reinterpret_cast<const std::uint8_t*>(number.data()), number.size()});
  OcspEntry newest;
  for (OcspEntry& entry : ocsp_entries(response)) {
    if (entry.serial == serial && entry.this_update >= newest.this_update) {
      newest = std::move(entry);
    }
  }
  return newest;
}

int weight_of(RevocationState state) { return state == RevocationState::revoked ? 2 : state == RevocationState::unknown ? 1 : 0; }

}  // namespace

Result<RevocationCache::News> RevocationCache::keep(std::string_view serial, X509* issuer, std::string_view response, const RevocationAnswer& answer, WallTime now) {
  const std::string key = key_of(serial, issuer);
  // "Unknown" is kept for a day, unless a good one comes; "revoked" until one comes, since what said "good" before may hold for long yet.
  const WallTime until = answer.state == RevocationState::good      ? answer.until
                         : answer.state == RevocationState::revoked ? now + for_ever
                                                                    : now + std::chrono::hours(24);
  const std::lock_guard alone(writing_);   // responses_ changes with it held only
  const auto found = responses_.find(key);
  if (found != responses_.end()) {
    // RFC 6960 4.2.2.1: thisUpdate is when what is said was known to be so.
    const OcspEntry known = said_of(serial, found->second.der);
    const RevocationState before = known.status == "revoked" ? RevocationState::revoked : known.status == "good" ? RevocationState::good : RevocationState::unknown;
    if (answer.from < known.this_update) {
      return News::older;
    }
    const bool is_worse = weight_of(answer.state) < weight_of(before);
    if ((answer.from == known.this_update && (is_worse || (answer.state == before && (before != RevocationState::good || until <= found->second.until)))) ||
        (before == RevocationState::revoked && answer.state == RevocationState::unknown)) {
      return News::known;   // it says as much
    }
  }
  if (found == responses_.end() && responses_.size() >= most_responses_) {
    forget_old(now);
    if (responses_.size() >= most_responses_) {
      return fail(ErrorKind::full, std::to_string(most_responses_) + " OCSP responses are kept already");
    }
  }
  if (!folder_.empty()) {
    const auto name = [&](WallTime time) {
      return key + "." + std::to_string(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count()) + ".ocsp";
    };
    if (auto written = write(name(until), response); !written) {
      return fail(written.error());
    }
    if (found != responses_.end() && name(found->second.until) != name(until)) {
      std::error_code ignored;
      std::filesystem::remove(folder_ / name(found->second.until), ignored);
    }
  }
  const std::lock_guard lock(mutex_);
  responses_[key] = Response{std::string(response), until};
  return News::newer;
}

namespace {

// DER of each: those in PEM form, or the file itself.
Result<std::vector<std::string>> responses_in(std::string_view file) {
  if (file.find("-----BEGIN ") == std::string_view::npos) {
    return std::vector<std::string>{std::string(file)};
  }
  ERR_clear_error();
  std::vector<std::string> all;
  const BioPtr in = memory_bio(file);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  while (PEM_read_bio(in.get(), &name, &header, &data, &length) == 1) {
    const bool is_response = std::string_view(name) == "OCSP RESPONSE";
    all.emplace_back(is_response ? std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length)) : std::string());
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_end || all.empty()) {
    return fail(ErrorKind::invalid, "no OCSP response in PEM form (\"OCSP RESPONSE\") or DER");
  }
  return all;
}

// Why it is not taken.
std::optional<Error> fault_of(const OcspStatement& statement) {
  const std::string about = "certificate " + hex_encode({reinterpret_cast<const std::uint8_t*>(statement.serial.data()), statement.serial.size()});
  if (statement.issuer == nullptr) {
    return Error{ErrorKind::not_found, about + " is of no authority that is known here; the issuer's own certificate must be given with it"};
  }
  if (statement.answer.state == RevocationState::undetermined) {
    return Error{ErrorKind::denied, about + ": " + statement.answer.detail};
  }
  return std::nullopt;
}

}  // namespace

Result<RevocationCache::Imported> RevocationCache::import_ocsp(std::string_view file, const std::vector<std::shared_ptr<X509>>& issuers, WallTime now) {
  const auto responses = responses_in(file);
  if (!responses) {
    return fail(responses.error());
  }
  std::vector<std::pair<const std::string*, OcspStatement>> all;
  for (std::size_t i = 0; i < responses->size(); ++i) {
    const std::string which = responses->size() == 1 ? "the response" : "response " + std::to_string(i + 1) + " of " + std::to_string(responses->size());
    auto statements = verified_statements((*responses)[i], issuers, now);
    if (!statements || statements->empty()) {
      return fail(ErrorKind::invalid, which + " " + (statements ? "is about nothing" : statements.error().what));
    }
    for (OcspStatement& statement : *statements) {
      if (const auto fault = fault_of(statement)) {
        return fail(fault->kind, which + ": " + fault->what);
      }
      all.emplace_back(&(*responses)[i], std::move(statement));
    }
  }
  Imported imported{.answers = all.size()};
  for (const auto& [response, statement] : all) {
    const Result<News> news = keep(statement.serial, statement.issuer, *response, statement.answer, now);
    if (!news) {
      return fail(news.error());
    }
    imported.newer += *news == News::newer ? 1 : 0;
  }
  return imported;
}

std::vector<std::shared_ptr<const Crl>> RevocationCache::crls() const {
  const auto known = [this] {
    const std::lock_guard lock(mutex_);
    return crls_;
  }();
  std::vector<std::shared_ptr<const Crl>> all;
  for (const auto& [source, crl] : *known) {
    all.push_back(crl);
  }
  return all;
}

std::vector<KnownRevocation> RevocationCache::known() const {
  std::vector<KnownRevocation> all;
  for (const auto& crl : crls()) {
    all.push_back({true, crl->issuer(), std::to_string(crl->size()) + " revoked", crl->this_update(), crl->next_update()});
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [key, response] : responses_) {
    for (const OcspEntry& entry : ocsp_entries(response.der)) {
      all.push_back({false, entry.serial, entry.status, entry.this_update, entry.status == "revoked" ? WallTime{} : response.until});
    }
  }
  return all;
}

std::string RevocationCache::ocsp(X509* certificate, X509* issuer) const {
  const std::string key = key_of(serial_of(certificate), issuer);
  const std::lock_guard lock(mutex_);
  const auto found = responses_.find(key);
  return found == responses_.end() ? std::string() : found->second.der;
}

void RevocationCache::forget_old_responses(WallTime now) {
  const std::lock_guard alone(writing_);
  forget_old(now);
}

void RevocationCache::forget_old(WallTime now) {
  const std::lock_guard lock(mutex_);
  for (auto it = responses_.begin(); it != responses_.end();) {
    if (it->second.until >= now) {
      ++it;
      continue;
    }
    if (!folder_.empty()) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(it->second.until.time_since_epoch()).count();
      std::error_code ignored;
      std::filesystem::remove(folder_ / (it->first + "." + std::to_string(seconds) + ".ocsp"), ignored);
    }
    it = responses_.erase(it);
  }
}

RevocationAnswer ask_all(std::string_view stapled, const RevocationCache* known, X509* certificate, X509* issuer, WallTime now) {
  std::vector<RevocationAnswer> answers;
  if (!stapled.empty()) {
    answers.push_back(ask_ocsp(stapled, certificate, issuer, now));
  }
  if (known != nullptr) {
    if (const std::string response = known->ocsp(certificate, issuer); !response.empty()) {
      answers.push_back(ask_ocsp(response, certificate, issuer, now));
    }
    for (const auto& crl : known->crls()) {
      answers.push_back(crl->ask(certificate, issuer, now));
    }
  }
  for (const RevocationState state : {RevocationState::revoked, RevocationState::good, RevocationState::unknown}) {
    if (const auto found = std::ranges::find(answers, state, &RevocationAnswer::state); found != answers.end()) {
      return *found;
    }
  }
  // The reason that says most: a list of the issuer that does not do, else that there is none.
  RevocationAnswer nothing{RevocationState::undetermined, "there is no CRL of " + rfc4514(X509_get_issuer_name(certificate)) + " and no OCSP response", {}};
  for (RevocationAnswer& answer : answers) {
    if (!answer.detail.starts_with("there is no CRL")) {
      nothing.detail = std::move(answer.detail);
    }
  }
  return nothing;
}

}  // namespace aldis::tls
