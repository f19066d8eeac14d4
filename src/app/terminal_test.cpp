// Tests of terminal.h: passwords from pipes and from a terminal (a pseudo-terminal here), files within bounds, tables.
#include "app/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace aldis::app {
namespace {

using Json = nlohmann::json;

// Puts `fd` in the place of `number` until it ends.
class Redirected {
 public:
  Redirected(int number, int fd) : number_(number), before_(::dup(number)) { ::dup2(fd, number_); }
  ~Redirected() {
    ::dup2(before_, number_);
    ::close(before_);
  }
  Redirected(const Redirected&) = delete;

 private:
  int number_;
  int before_;
};

void write_all(int fd, std::string_view text) {
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// Calls `work` with standard input that holds `text`.
template <class F>
auto with_input(std::string_view text, F work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  write_all(ends[1], text);
  ::close(ends[1]);
  const Redirected input(STDIN_FILENO, ends[0]);
  auto result = work();
  ::close(ends[0]);
  return result;
}

TEST(Password, IsTheFirstLineOfAPipe) {
  const auto read = [] { return read_password("Password"); };
  EXPECT_EQ(with_input("secret\nnot this\n", read)->view(), "secret");
  EXPECT_EQ(with_input("secret\r\n", read)->view(), "secret");
  EXPECT_EQ(with_input("no line feed", read)->view(), "no line feed");
  EXPECT_EQ(with_input("\n", read)->view(), "");
  EXPECT_EQ(with_input("", read).error().kind, ErrorKind::invalid);
  EXPECT_EQ(with_input(std::string(4097, 'x') + "\n", read).error().kind, ErrorKind::limit);
  const std::string rest = with_input("first\nsecond\n", [] {
    static_cast<void>(read_password("Password"));
    std::string left(7, '\0');
    left.resize(static_cast<std::size_t>(::read(STDIN_FILENO, left.data(), left.size())));
    return left;
  });
  EXPECT_EQ(rest, "second\n");  // nothing after the line is taken
}

// A terminal at which `first` and `second` are typed, each when it has been asked for.
struct Typed {
  Result<SecretBytes> password;
  std::string screen;  // what the terminal showed of it
  bool echoes_after = false;
};
Typed type(const std::string& first, const std::string& second) {
  int keyboard = -1;
  int terminal = -1;
  EXPECT_EQ(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr), 0);
  std::array<int, 2> prompts{};
  EXPECT_EQ(::pipe(prompts.data()), 0);
  std::thread person([&] {
    for (const std::string* line : {&first, &second}) {
      std::string asked;
      for (char c = 0; !asked.ends_with(": ") && ::read(prompts[0], &c, 1) == 1;) {
        asked += c;
      }
      write_all(keyboard, *line + "\n");
    }
  });
  Typed typed{.password = fail(ErrorKind::cancelled, ""), .screen = {}};
  {
    const Redirected input(STDIN_FILENO, terminal);
    const Redirected errors(STDERR_FILENO, prompts[1]);
    typed.password = read_password("Password");
  }
  person.join();
  termios after{};
  ::tcgetattr(terminal, &after);
  typed.echoes_after = (after.c_lflag & ECHO) != 0;
  ::fcntl(keyboard, F_SETFL, O_NONBLOCK);
  std::array<char, 256> shown{};
  if (const ssize_t n = ::read(keyboard, shown.data(), shown.size()); n > 0) {
    typed.screen.assign(shown.data(), static_cast<std::size_t>(n));
  }
  for (const int fd : {keyboard, terminal, prompts[0], prompts[1]}) {
    ::close(fd);
  }
  return typed;
}

TEST(Password, IsTypedTwiceWithoutEcho) {
  const Typed same = type("secret", "secret");
  EXPECT_EQ(same.password->view(), "secret");
  EXPECT_EQ(same.screen.find("secret"), std::string::npos) << same.screen;
  EXPECT_TRUE(same.echoes_after);
  const Typed other = type("secret", "Secret");
  EXPECT_EQ(other.password.error().kind, ErrorKind::invalid);
  EXPECT_TRUE(other.echoes_after);
}

TEST(SecretFile, IsReadWithinItsBound) {
  const std::string path = testing::TempDir() + "aldis_terminal_" + std::to_string(::getpid());
  std::ofstream(path) << "a\tb\n";
  EXPECT_EQ(read_secret_file(path, 100)->view(), "a\tb\n");
  EXPECT_EQ(read_secret_file(path, 4)->view(), "a\tb\n");
  EXPECT_EQ(read_secret_file(path, 3).error().kind, ErrorKind::limit);
  ::unlink(path.c_str());
  EXPECT_EQ(read_secret_file(path, 100).error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_secret_file(testing::TempDir(), 100).error().kind, ErrorKind::invalid);  // a folder
  EXPECT_EQ(with_input("from input", [] { return read_secret_file("-", 100); })->view(), "from input");
}

TEST(Table, AlignsCharactersAndHidesControls) {
  const Json rows = Json::array({{{"name", "Jülia"}, {"on", true}, {"n", 5}, {"none", nullptr}},
                                 {{"name", "a\x1b[2Jb"}, {"on", false}, {"n", -1}, {"none", ""}}});
  EXPECT_EQ(table(rows, {"name", "on", "n", "none", "absent"}),
            "NAME    ON   N   NONE  ABSENT\n"
            "Jülia   yes  5   -     -\n"
            "a?[2Jb  no   -1  -     -\n");
  EXPECT_EQ(table(Json::array(), {"name"}), "NAME\n");
}

TEST(Facts, AreTheMessageOrALineEach) {
  EXPECT_EQ(facts({{"message", "two\nlines\x07"}, {"n", 1}}), "two\nlines?\n");
  EXPECT_EQ(facts({{"account", "juliet@localhost"}, {"on", true}}), "account  juliet@localhost\non       yes\n");
  EXPECT_EQ(facts(Json::object()), "done\n");
}

}  // namespace
}  // namespace aldis::app
