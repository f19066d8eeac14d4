// Security contexts of MIT's library.
#include "auth/kerberos/kerberos_acceptor.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/ensure.h"

namespace aldis {
namespace {

// Memory of the library's.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() {
    OM_uint32 minor = 0;
    gss_release_buffer(&minor, &buffer_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  [[nodiscard]] gss_buffer_t out() { return &buffer_; }
  [[nodiscard]] std::string_view view() const { return {static_cast<const char*>(buffer_.value), buffer_.length}; }

 private:
  gss_buffer_desc buffer_ = GSS_C_EMPTY_BUFFER;
};

class Name {
 public:
  Name() = default;
  ~Name() {
    OM_uint32 minor = 0;
    gss_release_name(&minor, &name_);
  }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;
  [[nodiscard]] gss_name_t* out() { return &name_; }
  [[nodiscard]] gss_name_t get() const { return name_; }

 private:
  gss_name_t name_ = GSS_C_NO_NAME;
};

// The library reads it; its interface is older than const.
gss_buffer_desc as_buffer(const std::string& text) {
  return {text.size(), const_cast<char*>(text.data())};
}

void append_status(std::string& text, OM_uint32 status, int kind) {
  OM_uint32 more = 0;
  do {
    OM_uint32 minor = 0;
    Buffer line;
    if (gss_display_status(&minor, status, kind, gss_mech_krb5, &more, line.out()) != GSS_S_COMPLETE) {
      return;
    }
    text.append(text.empty() ? "" : ": ").append(line.view());
  } while (more != 0 && text.size() < 500);
}

std::string text_of(OM_uint32 major, OM_uint32 minor) {
  std::string text;
  if (GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE && minor != 0) {  // which says no more than that
    append_status(text, minor, GSS_C_MECH_CODE);
  }
  if (text.empty() || text == "Success") {  // the library has no words for some of what it refuses
    text.clear();
    append_status(text, major, GSS_C_GSS_CODE);
  }
  return text.empty() ? "the library refuses it" : text;
}

// Whether it is our disk or memory, not the token.
bool is_our_fault(OM_uint32 major, OM_uint32 minor) {
  static constexpr std::array ours{
      KRB5_RC_MALLOC,   KRB5_RC_TYPE_NOTFOUND, KRB5_RC_UNKNOWN, KRB5_RC_IO,    KRB5_RC_NOIO,       KRB5_RC_PARSE,
      KRB5_RC_IO_EOF,   KRB5_RC_IO_MALLOC,     KRB5_RC_IO_PERM, KRB5_RC_IO_IO, KRB5_RC_IO_UNKNOWN, KRB5_RC_IO_SPACE,
      KRB5_RC_REQUIRED, long{ENOMEM},          long{EIO},       long{ENOSPC},  long{EDQUOT},       long{EROFS},
      long{EACCES},     long{EPERM},           long{EMFILE},    long{ENFILE},  long{ENOENT},       long{ENOLCK}};
  return GSS_ROUTINE_ERROR(major) == GSS_S_FAILURE &&
         std::ranges::find(ours, static_cast<long>(static_cast<std::int32_t>(minor))) != ours.end();
}

}  // namespace

class KerberosAcceptor::Credential {
 public:
  explicit Credential(std::shared_ptr<const ServiceKeys> keys) : keys_(std::move(keys)) {}
  ~Credential() {
    OM_uint32 minor = 0;
    gss_release_cred(&minor, &handle_);
  }
  Credential(const Credential&) = delete;
  Credential& operator=(const Credential&) = delete;

  [[nodiscard]] Result<void> acquire(const std::string& replays) {
    const std::string cache = "file2:" + replays;
    std::array elements{gss_key_value_element_desc{"keytab", keys_->name().c_str()},
                        gss_key_value_element_desc{"rcache", cache.c_str()}};
    const gss_key_value_set_desc store{static_cast<OM_uint32>(elements.size()), elements.data()};
    gss_OID_set_desc only{1, gss_mech_krb5};  // no other mechanism, nor one that negotiates (RFC 5801 section 14)
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &only, GSS_C_ACCEPT, &store,
                                                  &handle_, nullptr, nullptr);
    if (major != GSS_S_COMPLETE) {
      return fail(ErrorKind::unavailable, "the Kerberos library does not take the keys: " + text_of(major, minor));
    }
    return {};
  }
  [[nodiscard]] gss_cred_id_t handle() const { return handle_; }

 private:
  std::shared_ptr<const ServiceKeys> keys_;
  gss_cred_id_t handle_ = GSS_C_NO_CREDENTIAL;
};

namespace {

class KerberosContext final : public SecurityContext {
 public:
  explicit KerberosContext(std::shared_ptr<const KerberosAcceptor::Credential> credential)
      : credential_(std::move(credential)) {}
  ~KerberosContext() override { drop(); }
  KerberosContext(const KerberosContext&) = delete;
  KerberosContext& operator=(const KerberosContext&) = delete;

  Result<sasl::ContextAnswer> take(const sasl::NeedContext& step) override {
    switch (step.call) {
      case sasl::NeedContext::Call::accept:
        return accept(step);
      case sasl::NeedContext::Call::wrap:
        return wrap(step.data);
      case sasl::NeedContext::Call::unwrap:
        return unwrap(step.data);
    }
    ensure(false, "a call is one of three");
    return fail(ErrorKind::unavailable, {});
  }
  [[nodiscard]] const std::string& principal() const override { return principal_; }

 private:
  [[nodiscard]] static sasl::ContextAnswer refused(std::string why) { return {.refusal = std::move(why)}; }

  Result<sasl::ContextAnswer> accept(const sasl::NeedContext& step) {
    gss_buffer_desc token = as_buffer(step.data);
    gss_channel_bindings_struct bindings{};  // addresses are none (RFC 5801 section 5.1)
    bindings.initiator_addrtype = GSS_C_AF_UNSPEC;
    bindings.acceptor_addrtype = GSS_C_AF_UNSPEC;
    if (step.binding) {
      bindings.application_data = as_buffer(*step.binding);
    }
    Name initiator;
    Buffer reply;
    gss_OID mechanism = GSS_C_NO_OID;
    OM_uint32 flags = 0;
    OM_uint32 lifetime = 0;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_accept_sec_context(
        &minor, &context_, credential_->handle(), &token, step.binding ? &bindings : GSS_C_NO_CHANNEL_BINDINGS,
        initiator.out(), &mechanism, reply.out(), &flags, &lifetime, nullptr);  // null: what is delegated is dropped
    if (major == GSS_S_CONTINUE_NEEDED) {
      return sasl::ContextAnswer{.refusal = {}, .data = std::string(reply.view())};
    }
    if (major != GSS_S_COMPLETE) {
      drop();
      if (is_our_fault(major, minor)) {
        return fail(ErrorKind::unavailable, text_of(major, minor));
      }
      return refused(text_of(major, minor));
    }
    if (gss_oid_equal(mechanism, gss_mech_krb5) == 0) {  // RFC 4752 section 3.2
      return refused("a mechanism that is not Kerberos");
    }
    if (lifetime == 0) {
      return refused("the ticket has expired");
    }
    if ((flags & GSS_C_ANON_FLAG) != 0) {
      return refused("a ticket of nobody in particular");
    }
    if (!learn_principal(initiator.get())) {
      return refused("the principal has no name that can be read");
    }
    return sasl::ContextAnswer{.refusal = {},
                               .data = std::string(reply.view()),
                               .is_established = true,
                               .has_integrity = (flags & GSS_C_INTEG_FLAG) != 0,
                               .has_mutual = (flags & GSS_C_MUTUAL_FLAG) != 0,
                               .is_bound = step.binding.has_value() && (flags & GSS_C_CHANNEL_BOUND_FLAG) != 0};
  }

  [[nodiscard]] bool learn_principal(gss_name_t initiator) {
    OM_uint32 minor = 0;
    Buffer text;
    gss_OID kind = GSS_C_NO_OID;
    if (gss_display_name(&minor, initiator, text.out(), &kind) != GSS_S_COMPLETE ||
        gss_oid_equal(kind, GSS_KRB5_NT_PRINCIPAL_NAME) == 0) {
      return false;
    }
    principal_ = text.view();
    return !principal_.empty();
  }

  Result<sasl::ContextAnswer> wrap(const std::string& plain) {
    gss_buffer_desc in = as_buffer(plain);
    Buffer out;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_wrap(&minor, context_, 0, GSS_C_QOP_DEFAULT, &in, nullptr, out.out());
    if (major != GSS_S_COMPLETE) {
      return refused(text_of(major, minor));
    }
    return sasl::ContextAnswer{.refusal = {}, .data = std::string(out.view())};
  }

  // RFC 4752 section 3.3: anything but complete is fatal, also what only supplements it.
  Result<sasl::ContextAnswer> unwrap(const std::string& token) {
    gss_buffer_desc in = as_buffer(token);
    Buffer out;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_unwrap(&minor, context_, &in, out.out(), nullptr, nullptr);
    if (major != GSS_S_COMPLETE) {
      return refused(text_of(major, minor));
    }
    return sasl::ContextAnswer{.refusal = {}, .data = std::string(out.view())};
  }

  void drop() {
    if (context_ != GSS_C_NO_CONTEXT) {
      OM_uint32 minor = 0;
      gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
    }
  }

  std::shared_ptr<const KerberosAcceptor::Credential> credential_;
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
  std::string principal_;
};

}  // namespace

std::vector<std::string> kerberos_services(const KerberosOptions& options, const std::string& domain) {
  if (!options.kerberos_services.empty()) {
    return options.kerberos_services;
  }
  const std::string& host = options.kerberos_hostname.empty() ? domain : options.kerberos_hostname;
  std::vector<std::string> services{"xmpp/" + host};
  if (host != domain) {
    services.push_back("xmpp/" + domain);
  }
  services.push_back("xmpp/" + host + "/" + domain);  // XEP-0233
  return services;
}

Result<std::shared_ptr<KerberosAcceptor>> KerberosAcceptor::make(const KerberosOptions& options,
                                                                 const std::string& domain,
                                                                 std::shared_ptr<const ServiceKeys> keys,
                                                                 const std::string& replays) {
  auto rules = PrincipalRules::make(options, domain);
  if (!rules) {
    return fail(rules.error());
  }
  auto credential = std::make_shared<Credential>(std::move(keys));
  if (auto acquired = credential->acquire(replays); !acquired) {
    return fail(acquired.error());
  }
  return std::shared_ptr<KerberosAcceptor>(
      new KerberosAcceptor(options, domain, std::move(*rules), std::move(credential)));
}

KerberosAcceptor::KerberosAcceptor(const KerberosOptions& options, const std::string& domain, PrincipalRules rules,
                                   std::shared_ptr<const Credential> credential)
    : mechanisms_(options.kerberos_mechanisms),
      hostname_(options.kerberos_hostname.empty() ? domain : options.kerberos_hostname),
      token_bytes_(options.kerberos_token.count),
      rules_(std::move(rules)),
      credential_(std::move(credential)) {}

std::shared_ptr<SecurityContext> KerberosAcceptor::begin() {
  return std::make_shared<KerberosContext>(credential_);
}

}  // namespace aldis
