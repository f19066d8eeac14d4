// What each cause of a refused certificate is called, and how it is mended.
#include "tls/trust.h"

namespace aldis::tls {

std::string_view to_string(CertificateProblem problem) {
  switch (problem) {
    case CertificateProblem::none_shown: return "none-shown";
    case CertificateProblem::too_large: return "too-large";
    case CertificateProblem::malformed: return "malformed";
    case CertificateProblem::expired: return "expired";
    case CertificateProblem::not_yet_valid: return "not-yet-valid";
    case CertificateProblem::self_signed: return "self-signed";
    case CertificateProblem::unknown_authority: return "unknown-authority";
    case CertificateProblem::missing_issuer: return "missing-issuer";
    case CertificateProblem::bad_signature: return "bad-signature";
    case CertificateProblem::not_an_authority: return "not-an-authority";
    case CertificateProblem::path_length: return "path-length";
    case CertificateProblem::name_constraints: return "name-constraints";
    case CertificateProblem::policy: return "policy";
    case CertificateProblem::key_usage: return "key-usage";
    case CertificateProblem::extended_key_usage: return "extended-key-usage";
    case CertificateProblem::unknown_extension: return "unknown-extension";
    case CertificateProblem::weak_signature: return "weak-signature";
    case CertificateProblem::weak_key: return "weak-key";
    case CertificateProblem::old_version: return "old-version";
    case CertificateProblem::bad_serial: return "bad-serial";
    case CertificateProblem::duplicate_key: return "duplicate-key";
    case CertificateProblem::revoked: return "revoked";
    case CertificateProblem::unknown_status: return "unknown-status";
    case CertificateProblem::no_status: return "no-status";
    case CertificateProblem::not_checked: return "not-checked";
  }
  return "not-checked";
}

std::string_view mend(CertificateProblem problem) {
  switch (problem) {
    case CertificateProblem::none_shown: return "The peer must present a certificate: it has none configured, or its program was not told to show it.";
    case CertificateProblem::too_large: return "The peer sends more than a chain needs: it should send its certificate and the intermediates, no more.";
    case CertificateProblem::malformed: return "The certificate is broken: its authority must issue another.";
    case CertificateProblem::expired: return "The certificate that is named has ended: its owner must renew it. If the date looks right, look at the clocks.";
    case CertificateProblem::not_yet_valid: return "The certificate that is named begins later: look at the clocks of both sides.";
    case CertificateProblem::self_signed: return "The peer's certificate is signed by itself: put it among the anchors if you know it to be the peer's, else the peer needs one from an authority.";
    case CertificateProblem::unknown_authority: return "The authority is not among the anchors: add its root certificate if you trust all that it issues.";
    case CertificateProblem::missing_issuer: return "The named issuer was not sent: the peer must send its intermediate certificates too, or the anchor is missing here.";
    case CertificateProblem::bad_signature: return "A signature in the chain is false: the peer sends the wrong intermediate, or somebody forged the certificate.";
    case CertificateProblem::not_an_authority: return "A certificate was used to issue another and must not be: the peer's chain is wrong, or somebody forged it.";
    case CertificateProblem::path_length: return "An authority issued further authorities than it may: the authority must mend its pathLenConstraint.";
    case CertificateProblem::name_constraints: return "The certificate names what its authority may not certify: get one from an authority that may.";
    case CertificateProblem::policy: return "The certificate was not issued under a required policy: get one of the right kind, or change the policies required here.";
    case CertificateProblem::key_usage: return "The certificate is not for signing: get one with digitalSignature in its keyUsage.";
    case CertificateProblem::extended_key_usage: return "The certificate is for another use: get one with the named extendedKeyUsage, or, for servers of public authorities, accept serverAuth from peers that call.";
    case CertificateProblem::unknown_extension: return "The certificate demands what this server does not know: get one without that critical extension.";
    case CertificateProblem::weak_signature: return "The certificate is signed with an algorithm that can be forged: get one signed with SHA-256 or better.";
    case CertificateProblem::weak_key: return "The key can be broken or is of a kind that is not accepted: make a new one, RSA of 2048 bits at least or P-256.";
    case CertificateProblem::old_version: return "The certificate has no extensions (it is not v3) and says nothing about its use: get a new one.";
    case CertificateProblem::bad_serial: return "The serial number breaks RFC 5280: the authority must issue another certificate.";
    case CertificateProblem::duplicate_key: return "The certificate has the key of its own issuer: make a new key for it.";
    case CertificateProblem::revoked: return "The authority has withdrawn the certificate: its owner needs a new one.";
    case CertificateProblem::unknown_status: return "The authority's OCSP responder does not know the certificate: ask the authority whether it issued it.";
    case CertificateProblem::no_status: return "Nothing current says whether the certificate was revoked: import a new CRL, or see why it cannot be fetched.";
    case CertificateProblem::not_checked: return "The certificate could not be checked: the detail says why.";
  }
  return "";
}

}  // namespace aldis::tls
