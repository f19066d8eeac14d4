// What the result code of an answer means (RFC 4511 section 4.1.9 and appendix A; RFC 4370 section 4): one list, which everybody who has
// to tell a refusal from a directory that is away reads.
#pragma once
#include <cstdint>

namespace aldis::ldap {

enum class ResultMeaning : std::uint8_t {
  success,
  too_late,            // no answer in its time, by the directory's clock or ours
  not_now,             // this server is away or has no time; another may answer. The library's own codes too, which are below zero
  wrong_credentials,   // invalidCredentials
  no_credentials,      // inappropriateAuthentication: the entry has nothing that could be proved
  not_allowed,         // to this identity, or on this connection
  unwilling,           // unwillingToPerform: what is meant differs with the product
  bad_value,           // constraintViolation: the directory's own rules for the value
  bad_change,          // the schema or the entry does not take it like this
  not_there,           // noSuchObject
  not_understood,      // protocolError: also of an extended operation that it does not know (section 4.12)
  other,               // no verdict on anything
};

[[nodiscard]] ResultMeaning meaning_of(int code);

}  // namespace aldis::ldap
