// SCRAM as tables: published vectors, what a right client gets, and each hostile message (security S04, T09).
#include "sasl/scram.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/encoding.h"
#include "tests/support/scram_client.h"

namespace aldis::sasl {
namespace {

using test::ScramClient;

// Repeats from run to run, and hardly within one.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    drawn_bytes += out.size();
    for (auto& byte : out) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = static_cast<std::uint8_t>(state_ >> 56U);
    }
  }
  std::size_t drawn_bytes = 0;

 private:
  std::uint64_t state_ = 1;
};

Keys keys_of(std::string_view password, ScramHash hash, std::uint32_t iterations = 4096) {
  return derive_keys(hash, SecretBytes(password), *base64_decode("QSXCR+Q6sek8bf92"), iterations);
}

struct Scene {
  CountingRandom random;
  Context context;
  std::unique_ptr<Mechanism> mechanism;

  explicit Scene(std::string_view name, Context given = {}) : context(std::move(given)) {
    context.random = &random;
    mechanism = make_mechanism(name, context);
  }
  // Sends client-first and supplies keys; the server-first-message, or "" with `failure` set.
  std::string challenge(std::string_view client_first, Keys keys) {
    Outcome outcome = mechanism->step(client_first);
    if (std::holds_alternative<NeedKeys>(outcome)) {
      outcome = mechanism->supply_keys(std::move(keys));
    }
    if (const auto* failed = std::get_if<Failed>(&outcome)) {
      failure = failed->condition;
      return {};
    }
    return std::get<Challenge>(outcome).data;
  }
  Failure failure = Failure::aborted;
};

Failure failure_of(const Outcome& outcome) {
  const auto* failed = std::get_if<Failed>(&outcome);
  EXPECT_NE(failed, nullptr) << "alternative " << outcome.index();
  return failed != nullptr ? failed->condition : Failure::aborted;
}

// ---- vectors

TEST(ScramVectors, Rfc5802Section5) {
  ScramClient client("SHA-1", "user", "pencil");
  const std::string server_first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
  EXPECT_EQ(client.first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(client.final(server_first),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_EQ(client.expected_server_final(), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
  const std::string auth_message =
      client.bare() + "," + server_first + ",c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
  const Keys keys = keys_of("pencil", ScramHash::sha_1);
  EXPECT_EQ(base64_encode(hmac(ScramHash::sha_1, keys.server_key, auth_message).view()), "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
}

TEST(ScramVectors, Rfc7677Section3) {
  ScramClient client("SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  const std::string server_first =
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  EXPECT_EQ(client.final(server_first),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(client.expected_server_final(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  const Keys keys =
      derive_keys(ScramHash::sha_256, SecretBytes(std::string_view("pencil")), *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  EXPECT_EQ(base64_encode(keys.stored_key.view()), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  EXPECT_EQ(base64_encode(keys.server_key.view()), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(ScramVectors, DowngradeHashOfXep0474Example1) {
  Context context;
  context.offered = {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"};
  context.offered_bindings = {"tls-server-end-point", "tls-exporter"};
  Scene scene("SCRAM-SHA-1", context);
  const auto fields =
      ScramClient::attributes(scene.challenge("n,,n=user,r=abc", keys_of("pencil", ScramHash::sha_1)));
  EXPECT_EQ(fields.at('h'), "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
}

TEST(Scram, DowngradeHashWithoutBindingTypesHasNoUnitSeparator) {
  Context context;
  context.offered = {"SCRAM-SHA-256", "PLAIN"};
  Scene scene("SCRAM-SHA-256", context);
  const auto fields =
      ScramClient::attributes(scene.challenge("n,,n=user,r=abc", keys_of("pencil", ScramHash::sha_256)));
  EXPECT_EQ(fields.at('h'), base64_encode(digest(ScramHash::sha_256, "PLAIN\x1eSCRAM-SHA-256").view()));
}

// ---- what a right client gets

struct Login {
  std::string_view mechanism;
  std::string_view hash;
  std::string_view gs2;
  std::string_view binding;
};

class ScramLogin : public testing::TestWithParam<Login> {};

TEST_P(ScramLogin, SucceedsOnceAndProvesTheServer) {
  const Login& login = GetParam();
  Context context;
  context.bindings = {"exporter-bytes-of-this-connection", "hash-of-the-certificate"};
  context.offered = {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
  context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
  Scene scene(login.mechanism, context);
  EXPECT_EQ(scene.mechanism->name(), login.mechanism);
  ScramClient client(login.hash, "user", "pencil");
  client.gs2_header = login.gs2;
  client.binding_data = login.binding;

  const Outcome need = scene.mechanism->step(client.first());
  ASSERT_TRUE(std::holds_alternative<NeedKeys>(need));
  EXPECT_EQ(std::get<NeedKeys>(need).username, "user");
  EXPECT_EQ(std::get<NeedKeys>(need).hash, login.hash);
  const Outcome challenge = scene.mechanism->supply_keys(keys_of("pencil", *parse_hash(login.hash)));
  const std::string server_first = std::get<Challenge>(challenge).data;
  const auto fields = ScramClient::attributes(server_first);
  EXPECT_TRUE(fields.at('r').starts_with("fyko+d2lbbFgONRv9qkxdawL"));
  EXPECT_GE(scene.random.drawn_bytes, 16U) << "security S08: at least 128 bits";
  EXPECT_EQ(fields.at('s'), "QSXCR+Q6sek8bf92");
  EXPECT_EQ(fields.at('i'), "4096");

  const std::string final = client.final(server_first);
  const Outcome outcome = scene.mechanism->step(final);
  ASSERT_TRUE(std::holds_alternative<Success>(outcome));
  const auto& success = std::get<Success>(outcome);
  EXPECT_EQ(success.username, "user");
  EXPECT_EQ(success.data, client.expected_server_final());
  EXPECT_EQ(success.is_channel_bound, login.mechanism.ends_with("-PLUS"));
  EXPECT_EQ(success.channel_binding, login.binding.empty() ? "" : login.gs2.substr(2, login.gs2.size() - 4));
  // S04: a replay of client-final and a second login on the same machine.
  EXPECT_EQ(failure_of(scene.mechanism->step(final)), Failure::malformed_request);
  EXPECT_EQ(failure_of(scene.mechanism->step(client.first())), Failure::malformed_request);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ScramLogin,
    testing::Values(Login{"SCRAM-SHA-1", "SHA-1", "n,,", ""}, Login{"SCRAM-SHA-256", "SHA-256", "n,,", ""},
                    Login{"SCRAM-SHA-512", "SHA-512", "n,,", ""},
                    Login{"SCRAM-SHA-1-PLUS", "SHA-1", "p=tls-exporter,,", "exporter-bytes-of-this-connection"},
                    Login{"SCRAM-SHA-256-PLUS", "SHA-256", "p=tls-exporter,,", "exporter-bytes-of-this-connection"},
                    Login{"SCRAM-SHA-512-PLUS", "SHA-512", "p=tls-server-end-point,,", "hash-of-the-certificate"}));

TEST(Scram, AsksForTheFirstMessageOnceWhenItIsMissing) {  // RFC 6120 6.4.2
  Scene scene("SCRAM-SHA-1");
  EXPECT_EQ(std::get<Challenge>(scene.mechanism->step(std::nullopt)).data, "");
  EXPECT_EQ(failure_of(scene.mechanism->step(std::nullopt)), Failure::malformed_request);
}

TEST(Scram, DecodesNames) {  // RFC 5802 section 5.1
  Scene scene("SCRAM-SHA-1");
  const Outcome outcome = scene.mechanism->step("n,a=bob=3Dx@d,n=a=2Cb=3Dc,r=abc");
  EXPECT_EQ(std::get<NeedKeys>(outcome).username, "a,b=c");
}

TEST(Scram, PassesTheAuthzidUp) {
  Scene scene("SCRAM-SHA-1");
  ScramClient client("SHA-1", "user", "pencil");
  client.gs2_header = "n,a=bob@d=3D,";
  const std::string server_first = scene.challenge(client.first(), keys_of("pencil", ScramHash::sha_1));
  EXPECT_EQ(std::get<Success>(scene.mechanism->step(client.final(server_first))).authzid, "bob@d=");
}

TEST(Scram, OptionalExtensionsArePassedOverAndSigned) {
  Scene scene("SCRAM-SHA-1");
  ScramClient client("SHA-1", "user", "pencil");
  const std::string server_first = scene.challenge(client.first(), keys_of("pencil", ScramHash::sha_1));
  const std::string final =
      client.final_with("c=biws,r=" + ScramClient::attributes(server_first).at('r') + ",x=19C6532F=,y=z", server_first);
  EXPECT_TRUE(std::holds_alternative<Success>(scene.mechanism->step(final)));
}

TEST(Scram, NonceIsNewEachTime) {
  CountingRandom random;
  std::set<std::string> nonces;
  for (int i = 0; i < 20; ++i) {
    Context context;
    context.random = &random;
    const auto mechanism = make_mechanism("SCRAM-SHA-1", context);
    (void)mechanism->step("n,,n=user,r=same");
    const Outcome outcome = mechanism->supply_keys(keys_of("pencil", ScramHash::sha_1, 1));
    nonces.insert(ScramClient::attributes(std::get<Challenge>(outcome).data).at('r'));
  }
  EXPECT_EQ(nonces.size(), 20U);
}

// ---- hostile first messages

struct FirstRow {
  std::string_view why;
  std::string_view mechanism;
  std::string message;
  Failure expected;
};

class ScramFirst : public testing::TestWithParam<FirstRow> {};

TEST_P(ScramFirst, IsRefused) {
  Context context;
  context.bindings = {"exporter", "end-point"};
  context.offered = {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"};
  context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
  Scene scene(GetParam().mechanism, context);
  EXPECT_EQ(failure_of(scene.mechanism->step(GetParam().message)), GetParam().expected) << GetParam().why;
  EXPECT_EQ(failure_of(scene.mechanism->step("n,,n=user,r=abc")), Failure::malformed_request) << "no second chance";
}

using namespace std::string_literals;
constexpr auto malformed = Failure::malformed_request;
constexpr auto unauthorized = Failure::not_authorized;

INSTANTIATE_TEST_SUITE_P(
    Each, ScramFirst,
    testing::Values(
        FirstRow{"y while -PLUS was offered", "SCRAM-SHA-1", "y,,n=user,r=abc", unauthorized},
        FirstRow{"y with -PLUS", "SCRAM-SHA-1-PLUS", "y,,n=user,r=abc", unauthorized},
        FirstRow{"n with -PLUS", "SCRAM-SHA-1-PLUS", "n,,n=user,r=abc", unauthorized},
        FirstRow{"p without -PLUS", "SCRAM-SHA-1", "p=tls-exporter,,n=user,r=abc", unauthorized},
        FirstRow{"tls-unique", "SCRAM-SHA-1-PLUS", "p=tls-unique,,n=user,r=abc", unauthorized},
        FirstRow{"unknown type", "SCRAM-SHA-1-PLUS", "p=unknown,,n=user,r=abc", unauthorized},
        FirstRow{"other case", "SCRAM-SHA-1-PLUS", "p=TLS-EXPORTER,,n=user,r=abc", unauthorized},
        FirstRow{"no type", "SCRAM-SHA-1-PLUS", "p=,,n=user,r=abc", malformed},
        FirstRow{"p alone", "SCRAM-SHA-1-PLUS", "p,,n=user,r=abc", malformed},
        FirstRow{"bad type name", "SCRAM-SHA-1-PLUS", "p=tls exporter,,n=user,r=abc", malformed},
        FirstRow{"empty", "SCRAM-SHA-1", "", malformed},
        FirstRow{"only a flag", "SCRAM-SHA-1", "n", malformed},
        FirstRow{"half a header", "SCRAM-SHA-1", "n,", malformed},
        FirstRow{"header only", "SCRAM-SHA-1", "n,,", malformed},
        FirstRow{"unknown flag", "SCRAM-SHA-1", "x,,n=user,r=abc", malformed},
        FirstRow{"upper-case flag", "SCRAM-SHA-1", "N,,n=user,r=abc", malformed},
        FirstRow{"no flag", "SCRAM-SHA-1", ",,n=user,r=abc", malformed},
        FirstRow{"no header", "SCRAM-SHA-1", "n=user,r=abc", malformed},
        FirstRow{"authzid without a=", "SCRAM-SHA-1", "n,bob,n=user,r=abc", malformed},
        FirstRow{"empty authzid", "SCRAM-SHA-1", "n,a=,n=user,r=abc", malformed},
        FirstRow{"bad escape in authzid", "SCRAM-SHA-1", "n,a=b=2c,n=user,r=abc", malformed},
        FirstRow{"mandatory extension", "SCRAM-SHA-1", "n,,m=x,n=user,r=abc", malformed},
        FirstRow{"mandatory extension behind", "SCRAM-SHA-1", "n,,n=user,r=abc,m=x", malformed},
        FirstRow{"missing username", "SCRAM-SHA-1", "n,,r=abc", malformed},
        FirstRow{"empty username", "SCRAM-SHA-1", "n,,n=,r=abc", malformed},
        FirstRow{"username twice", "SCRAM-SHA-1", "n,,n=user,n=user,r=abc", malformed},
        FirstRow{"username again behind", "SCRAM-SHA-1", "n,,n=user,r=abc,n=admin", malformed},
        FirstRow{"nonce first", "SCRAM-SHA-1", "n,,r=abc,n=user", malformed},
        FirstRow{"missing nonce", "SCRAM-SHA-1", "n,,n=user", malformed},
        FirstRow{"empty nonce", "SCRAM-SHA-1", "n,,n=user,r=", malformed},
        FirstRow{"nonce twice", "SCRAM-SHA-1", "n,,n=user,r=abc,r=abc", malformed},
        FirstRow{"space in nonce", "SCRAM-SHA-1", "n,,n=user,r=a c", malformed},
        FirstRow{"nonce not ASCII", "SCRAM-SHA-1", "n,,n=user,r=\xc3\xa4", malformed},
        FirstRow{"raw equals sign in name", "SCRAM-SHA-1", "n,,n=us=er,r=abc", malformed},
        FirstRow{"equals sign at the end", "SCRAM-SHA-1", "n,,n=user=,r=abc", malformed},
        FirstRow{"half an escape", "SCRAM-SHA-1", "n,,n=user=2,r=abc", malformed},
        FirstRow{"lower-case escape", "SCRAM-SHA-1", "n,,n=user=2c,r=abc", malformed},
        FirstRow{"other escape", "SCRAM-SHA-1", "n,,n=user=41,r=abc", malformed},
        FirstRow{"empty extension", "SCRAM-SHA-1", "n,,n=user,r=abc,x=", malformed},
        FirstRow{"extension without name", "SCRAM-SHA-1", "n,,n=user,r=abc,=x", malformed},
        FirstRow{"extension named by a digit", "SCRAM-SHA-1", "n,,n=user,r=abc,1=x", malformed},
        FirstRow{"extension twice", "SCRAM-SHA-1", "n,,n=user,r=abc,x=1,x=1", malformed},
        FirstRow{"comma at the end", "SCRAM-SHA-1", "n,,n=user,r=abc,", malformed},
        FirstRow{"NUL", "SCRAM-SHA-1", "n,,n=us\0er,r=abc"s, malformed},
        FirstRow{"too long", "SCRAM-SHA-1", "n,,n=user,r=" + std::string(8192, 'a'), malformed}));

TEST(Scram, YIsFineWhereNoPlusWasOffered) {  // RFC 5802 section 6
  Context context;
  context.offered = {"SCRAM-SHA-1"};
  Scene scene("SCRAM-SHA-1", context);
  EXPECT_TRUE(std::holds_alternative<NeedKeys>(scene.mechanism->step("y,,n=user,r=abc")));
}

TEST(Scram, TypeThatWasAdvertisedButHasNoDataIsRefused) {
  Context context;
  context.offered = {"SCRAM-SHA-1-PLUS"};
  context.offered_bindings = {"tls-exporter"};
  Scene scene("SCRAM-SHA-1-PLUS", context);
  EXPECT_EQ(failure_of(scene.mechanism->step("p=tls-exporter,,n=user,r=abc")), Failure::not_authorized);
}

TEST(Scram, EveryCutOfAGoodFirstMessageIsRefusedOrAsksForTheSameUser) {
  const std::string good = "n,a=bob,n=user,r=abc,x=1";
  for (std::size_t size = 0; size < good.size(); ++size) {
    Scene scene("SCRAM-SHA-1");
    const Outcome outcome = scene.mechanism->step(std::string_view(good).substr(0, size));
    if (const auto* need = std::get_if<NeedKeys>(&outcome)) {
      EXPECT_EQ(need->username, "user");
      EXPECT_GE(size, good.find("r=a") + 3);
    }
  }
}

// ---- hostile final messages

struct FinalRow {
  std::string_view why;
  // From the good message's without-proof part and its proof to what is sent.
  std::string (*bend)(const std::string& without_proof, const std::string& proof);
  Failure expected;
};

class ScramFinal : public testing::TestWithParam<FinalRow> {};

TEST_P(ScramFinal, IsRefused) {
  Context context;
  context.bindings = {"exporter", "end-point"};
  context.offered = {"SCRAM-SHA-1-PLUS"};
  context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
  Scene scene("SCRAM-SHA-1-PLUS", context);
  ScramClient client("SHA-1", "user", "pencil");
  client.gs2_header = "p=tls-exporter,,";
  client.binding_data = "exporter";
  const std::string server_first = scene.challenge(client.first(), keys_of("pencil", ScramHash::sha_1));
  const std::string good = client.final(server_first);
  const std::size_t at = good.rfind(",p=");
  const std::string bent = GetParam().bend(good.substr(0, at), good.substr(at + 3));
  EXPECT_EQ(failure_of(scene.mechanism->step(bent)), GetParam().expected) << GetParam().why;
  EXPECT_EQ(failure_of(scene.mechanism->step(good)), Failure::malformed_request) << "no second chance";
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, what.size(), with);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ScramFinal,
    testing::Values(
        FinalRow{"another server nonce", [](const auto& w, const auto& p) { return w + "x,p=" + p; }, unauthorized},
        FinalRow{"only the client's nonce",
                 [](const auto& w, const auto& p) { return w.substr(0, w.find("r=")) + "r=fyko+d2lbbFgONRv9qkxdawL,p=" + p; },
                 unauthorized},
        FinalRow{"empty nonce", [](const auto& w, const auto& p) { return w.substr(0, w.find("r=")) + "r=,p=" + p; }, malformed},
        FinalRow{"no nonce", [](const auto& w, const auto& p) { return w.substr(0, w.find(",r=")) + ",p=" + p; }, malformed},
        FinalRow{"nonce twice", [](const auto& w, const auto& p) { return w + w.substr(w.find(",r=")) + ",p=" + p; }, malformed},
        FinalRow{"no binding", [](const auto& w, const auto& p) { return w.substr(w.find("r=")) + ",p=" + p; }, malformed},
        FinalRow{"binding of another connection",
                 [](const auto& w, const auto& p) {
                   return replaced(w, base64_encode("p=tls-exporter,,exporter"), base64_encode("p=tls-exporter,,exportes")) + ",p=" + p;
                 },
                 unauthorized},
        FinalRow{"binding header without data",
                 [](const auto& w, const auto& p) {
                   return replaced(w, base64_encode("p=tls-exporter,,exporter"), base64_encode("p=tls-exporter,,")) + ",p=" + p;
                 },
                 unauthorized},
        FinalRow{"header of another type",
                 [](const auto& w, const auto& p) {
                   return replaced(w, base64_encode("p=tls-exporter,,exporter"), base64_encode("p=tls-server-end-point,,end-point")) +
                          ",p=" + p;
                 },
                 unauthorized},
        FinalRow{"n after p",
                 [](const auto& w, const auto& p) {
                   return replaced(w, base64_encode("p=tls-exporter,,exporter"), base64_encode("n,,")) + ",p=" + p;
                 },
                 unauthorized},
        FinalRow{"binding not base64", [](const auto& w, const auto& p) { return replaced(w, "c=", "c=!") + ",p=" + p; }, malformed},
        FinalRow{"no proof", [](const auto& w, const auto&) { return w; }, malformed},
        FinalRow{"empty proof", [](const auto& w, const auto&) { return w + ",p="; }, malformed},
        FinalRow{"proof not base64", [](const auto& w, const auto& p) { return w + ",p=" + p.substr(1); }, malformed},
        FinalRow{"proof twice", [](const auto& w, const auto& p) { return w + ",p=" + p + ",p=" + p; }, malformed},
        FinalRow{"something behind the proof", [](const auto& w, const auto& p) { return w + ",p=" + p + ",x=1"; }, malformed},
        FinalRow{"short proof", [](const auto& w, const auto&) { return w + ",p=" + base64_encode("short"); }, unauthorized},
        FinalRow{"proof of zeros", [](const auto& w, const auto&) { return w + ",p=" + base64_encode(std::string(20, '\0')); },
                 unauthorized},
        FinalRow{"extension that was not signed", [](const auto& w, const auto& p) { return w + ",x=1,p=" + p; }, unauthorized},
        FinalRow{"mandatory extension", [](const auto& w, const auto& p) { return w + ",m=1,p=" + p; }, malformed},
        FinalRow{"extension twice", [](const auto& w, const auto& p) { return w + ",x=1,x=1,p=" + p; }, malformed},
        FinalRow{"empty", [](const auto&, const auto&) { return std::string(); }, malformed},
        FinalRow{"NUL at the end", [](const auto& w, const auto& p) { return w + ",p=" + p + std::string(1, '\0'); }, malformed}));

// What a man in the middle of two TLS connections relays is rightly proven by a client that saw another channel; and a client
// may prove whatever nonce it likes. The proof alone must not carry them.
TEST(Scram, RightProofOverTheWrongBindingOrNonceIsRefused) {
  const auto answer_to = [](const std::function<std::string(const std::string& nonce)>& without_proof) {
    Context context;
    context.bindings = {"exporter", "end-point"};
    context.offered = {"SCRAM-SHA-1-PLUS"};
    context.offered_bindings = {"tls-exporter", "tls-server-end-point"};
    Scene scene("SCRAM-SHA-1-PLUS", context);
    ScramClient client("SHA-1", "user", "pencil");
    client.gs2_header = "p=tls-exporter,,";
    const std::string server_first = scene.challenge(client.first(), keys_of("pencil", ScramHash::sha_1));
    const std::string nonce = ScramClient::attributes(server_first).at('r');
    return scene.mechanism->step(client.final_with(without_proof(nonce), server_first));
  };
  const auto bound_to = [](std::string_view binding) {
    return [binding = std::string(binding)](const std::string& nonce) { return "c=" + base64_encode(binding) + ",r=" + nonce; };
  };
  ASSERT_TRUE(std::holds_alternative<Success>(answer_to(bound_to("p=tls-exporter,,exporter"))));
  for (const std::string_view binding : {"p=tls-exporter,,another", "p=tls-exporter,,", "n,,", "y,,", "p=tls-exporter,,exporter ",
                                         "p=tls-server-end-point,,end-point", "p=tls-exporter,a=x,exporter"}) {
    EXPECT_EQ(failure_of(answer_to(bound_to(binding))), Failure::not_authorized) << binding;
  }
  const auto with_nonce = [](const std::function<std::string(std::string)>& bend) {
    return [bend](const std::string& nonce) { return "c=" + base64_encode("p=tls-exporter,,exporter") + ",r=" + bend(nonce); };
  };
  EXPECT_EQ(failure_of(answer_to(with_nonce([](std::string n) { return n + "x"; }))), Failure::not_authorized);
  EXPECT_EQ(failure_of(answer_to(with_nonce([](std::string n) { return n.substr(0, 24); }))), Failure::not_authorized);
  EXPECT_EQ(failure_of(answer_to(with_nonce([](std::string n) { n.back() = n.back() == 'a' ? 'b' : 'a'; return n; }))),
            Failure::not_authorized);
}

TEST(Scram, EachBitOfTheProofCounts) {
  ScramClient client("SHA-256", "user", "pencil");
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Scene scene("SCRAM-SHA-256");
    const std::string server_first = scene.challenge(client.first(), keys_of("pencil", ScramHash::sha_256, 1));
    const std::string good = client.final(server_first);
    const std::size_t at = good.rfind(",p=") + 3;
    std::string proof = *base64_decode(good.substr(at));
    proof[bit / 8] = static_cast<char>(proof[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(failure_of(scene.mechanism->step(good.substr(0, at) + base64_encode(proof))), Failure::not_authorized);
  }
}

// ---- unknown accounts (security S05)

TEST(Scram, InventedKeysGoTheSameWayAndFailAtTheProof) {
  const SecretBytes secret(std::string_view("secret of the installation"));
  Scene known("SCRAM-SHA-256");
  Scene unknown("SCRAM-SHA-256");
  ScramClient client("SHA-256", "user", "wrong");
  const std::string first = known.challenge(client.first(), keys_of("pencil", ScramHash::sha_256));
  const std::string other = unknown.challenge(client.first(), invent_keys(ScramHash::sha_256, secret, "user@d", 4096, 12));
  EXPECT_EQ(first.size(), other.size());
  EXPECT_EQ(first.substr(0, first.find(",s=")), other.substr(0, other.find(",s=")));
  const Outcome a = known.mechanism->step(client.final(first));
  const Outcome b = unknown.mechanism->step(client.final(other));
  EXPECT_EQ(failure_of(a), Failure::not_authorized);
  EXPECT_EQ(failure_of(b), Failure::not_authorized);
}

TEST(Scram, EvenTheRightProofOfInventedKeysFails) {
  Keys keys = keys_of("pencil", ScramHash::sha_1);
  keys.is_invented = true;
  Scene scene("SCRAM-SHA-1");
  ScramClient client("SHA-1", "user", "pencil");
  const std::string server_first = scene.challenge(client.first(), std::move(keys));
  EXPECT_EQ(failure_of(scene.mechanism->step(client.final(server_first))), Failure::not_authorized);
}

TEST(InventedKeys, AreStablePerNameAndHash) {
  const SecretBytes secret(std::string_view("one"));
  const SecretBytes another(std::string_view("two"));
  const auto salt = [](ScramHash hash, const SecretBytes& s, std::string_view name) {
    return invent_keys(hash, s, name, 10'000).salt;
  };
  const std::string salt_of_a = salt(ScramHash::sha_1, secret, "a@d");
  EXPECT_EQ(salt_of_a, salt(ScramHash::sha_1, secret, "a@d"));
  EXPECT_EQ(salt_of_a.size(), 16U);
  EXPECT_NE(salt_of_a, salt(ScramHash::sha_1, secret, "b@d"));
  EXPECT_NE(salt_of_a, salt(ScramHash::sha_256, secret, "a@d"));
  EXPECT_NE(salt_of_a, salt(ScramHash::sha_1, another, "a@d"));
}

}  // namespace
}  // namespace aldis::sasl
