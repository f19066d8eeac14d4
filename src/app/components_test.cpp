// What components need from files: a secret that is its owner's alone, and certificates that name them.
#include "app/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "app/extensions.h"
#include "policy/peer_rules.h"

namespace aldis::app {
namespace {

using testing::HasSubstr;

class ComponentFiles : public testing::Test {
 protected:
  ComponentFiles() {
    std::string text = testing::TempDir() + "components-XXXXXX";
    folder_ = ::mkdtemp(text.data());
  }
  ~ComponentFiles() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_ + "/" + name) << text;
    ::chmod((folder_ + "/" + name).c_str(), mode);
    return folder_ + "/" + name;
  }
  Config config(const std::string& components) {
    auto parsed = parse_config("[[listener]]\n[[domain]]\nname = \"home.example\"\n" + components, folder_ + "/aldis.toml", config_schema());
    EXPECT_TRUE(parsed) << (parsed ? "" : message(parsed.error().front(), ""));
    return std::move(*parsed);
  }
  std::vector<tls::Certificate> certificate(const std::vector<std::string>& domains) {
    const auto made = tls::make_self_signed(domains, clock_);
    return {tls::Certificate::parse(made->chain_pem, made->key_pem, clock_).value()};
  }
  SystemClock clock_;
  std::string folder_;
};

TEST_F(ComponentFiles, ASecretIsOneLine) {
  EXPECT_EQ(load_component_secret(write("a", "sixteen bytes ok"))->view(), "sixteen bytes ok");
  EXPECT_EQ(load_component_secret(write("b", "sixteen bytes ok\n"))->view(), "sixteen bytes ok");
  EXPECT_EQ(load_component_secret(write("c", "sixteen bytes ok\r\n"))->view(), "sixteen bytes ok");
  for (const std::string& text : {std::string(), std::string("too short\n"), std::string("sixteen bytes ok\nand more\n"), std::string(1025, 'x')}) {
    const auto refused = load_component_secret(write("d", text));
    ASSERT_FALSE(refused) << text.size();
    EXPECT_THAT(refused.error().what, HasSubstr("16 to 1024 bytes"));
  }
  EXPECT_FALSE(load_component_secret(write("e", std::string(100'000, 'x'))));
}

TEST_F(ComponentFiles, ASecretThatOthersMayReadIsRefused) {  // security O03
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    const auto refused = load_component_secret(write("open", "sixteen bytes ok", mode));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_EQ(refused.error().what.find("sixteen"), std::string::npos);
  }
  std::filesystem::create_symlink(write("real", "sixteen bytes ok"), folder_ + "/link");
  EXPECT_EQ(load_component_secret(folder_ + "/link").error().kind, ErrorKind::denied);
  EXPECT_EQ(load_component_secret(folder_ + "/nothing").error().kind, ErrorKind::not_found);
}

TEST_F(ComponentFiles, OtherServersAreShownACertificateThatNamesIt) {
  write("secret", "sixteen bytes ok");
  const Config configured = config("[[component]]\ndomain = \"echo.home.example\"\nsecret_file = \"secret\"\n"
                                   "[[component]]\ndomain = \"deep.x.home.example\"\nsecret_file = \"secret\"\nsecond_connection = \"replace\"\n"
                                   "[[component]]\ndomain = \"kept.home.example\"\nsecret_file = \"secret\"\nabroad = false\n");
  const auto loaded = load_components(configured, {{"home.example", certificate({"home.example", "echo.home.example", "kept.home.example"})}}, clock_);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(loaded->settings.size(), 3U);
  EXPECT_TRUE(loaded->settings.find("deep.x.home.example")->second.replaces);
  ASSERT_EQ(loaded->certificates.size(), 1U) << "what it does not name, and what stays at home, show none";
  EXPECT_EQ(loaded->certificates[0].first, "echo.home.example");
  EXPECT_TRUE(loaded->own_certificates.empty());
  EXPECT_EQ(load_components(configured, {{"home.example", certificate({"home.example"})}}, clock_)->certificates.size(), 0U);
}

TEST_F(ComponentFiles, AFaultNamesTheComponentAndTheFile) {
  const auto refused = load_components(config("[[component]]\ndomain = \"echo.home.example\"\nsecret_file = \"nothing\"\n"), {}, clock_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("[[component]] echo.home.example: " + folder_ + "/nothing"));
}

}  // namespace
}  // namespace aldis::app
