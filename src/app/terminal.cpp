// Reading from and writing for a person at a terminal, or a script in its place.
#include "app/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

namespace aldis::app {
namespace {

constexpr std::size_t max_line_bytes = 4096;

// No echo while this lives.
class Silence {
 public:
  explicit Silence(int fd) : fd_(fd), was_set_(::tcgetattr(fd, &before_) == 0) {
    if (was_set_) {
      termios silent = before_;
      silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      ::tcsetattr(fd_, TCSAFLUSH, &silent);
    }
  }
  ~Silence() {
    if (was_set_) {
      ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
  }
  Silence(const Silence&) = delete;

 private:
  int fd_;
  termios before_{};
  bool was_set_;
};

// One line without its end, read byte by byte so that nothing after it is taken.
Result<SecretBytes> read_line(int fd) {
  std::array<char, max_line_bytes> line{};
  std::size_t size = 0;
  bool is_any = false;
  while (true) {
    char c = 0;
    const ssize_t n = ::read(fd, &c, 1);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0 || c == '\n') {
      is_any = is_any || n > 0;
      break;
    }
    is_any = true;
    if (size == line.size()) {
      return fail(ErrorKind::limit, "the line is longer than " + std::to_string(max_line_bytes) + " bytes");
    }
    line[size++] = c;
  }
  if (size > 0 && line[size - 1] == '\r') {
    --size;
  }
  SecretBytes secret(std::string_view(line.data(), size));
  explicit_bzero(line.data(), line.size());
  if (!is_any) {
    return fail(ErrorKind::invalid, "nothing was given");
  }
  return secret;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A value in one line; "-" for none.
std::string cell(const nlohmann::json& value) {
  std::string text;
  if (value.is_boolean()) {
    text = value.get<bool>() ? "yes" : "no";
  } else if (!value.is_null()) {
    text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  std::ranges::replace_if(text, is_control, '?');
  return text.empty() ? "-" : text;
}

}  // namespace

Result<SecretBytes> read_password(const std::string& prompt) {
  if (::isatty(STDIN_FILENO) == 0) {
    auto line = read_line(STDIN_FILENO);
    if (!line) {
      return fail(line.error().kind, "password: " + line.error().what + " on standard input");
    }
    return line;
  }
  const Silence silence(STDIN_FILENO);
  std::fprintf(stderr, "%s: ", prompt.c_str());
  auto first = read_line(STDIN_FILENO);
  std::fprintf(stderr, "\n%s, again: ", prompt.c_str());
  const auto second = read_line(STDIN_FILENO);
  std::fprintf(stderr, "\n");
  if (!first || !second) {
    return fail(ErrorKind::invalid, "no password was given");
  }
  if (!equal_constant_time(first->bytes(), second->bytes())) {
    return fail(ErrorKind::invalid, "the two passwords differ");
  }
  return first;
}

Result<SecretBytes> read_secret_file(const std::string& path, std::size_t most) {
  const bool is_input = path == "-";
  const int fd = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(ErrorKind::invalid, path + " cannot be read: " + std::strerror(errno));
  }
  SecretBytes buffer(most + 1);
  std::size_t size = 0;
  ssize_t n = 0;
  while (size <= most && (n = ::read(fd, buffer.bytes().data() + size, most + 1 - size)) > 0) {
    size += static_cast<std::size_t>(n);
  }
  const int error = n < 0 ? errno : 0;
  if (!is_input) {
    ::close(fd);
  }
  if (error != 0) {
    return fail(ErrorKind::invalid, path + " cannot be read: " + std::strerror(error));
  }
  if (size > most) {
    return fail(ErrorKind::limit, path + " is larger than " + std::to_string(most) + " bytes; split it");
  }
  return SecretBytes(buffer.view().substr(0, size));
}

std::string table(const nlohmann::json& rows, const std::vector<std::string>& columns) {
  std::vector<std::vector<std::string>> cells{{}};
  for (const std::string& column : columns) {
    std::string heading = column;
    for (char& c : heading) {
      c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    cells.front().push_back(heading);
  }
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const std::string& column : columns) {
      const auto found = row.find(column);
      line.push_back(found != row.end() ? cell(*found) : "-");
    }
  }
  const auto width_of = [](std::string_view text) {   // in characters, not bytes
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(line[i]));
    }
  }
  std::string out;
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      out += i + 1 == line.size() ? "\n" : std::string(widths[i] - width_of(line[i]) + 2, ' ');
    }
  }
  return out;
}

std::string facts(const nlohmann::json& object) {
  if (object.contains("message") && object["message"].is_string()) {
    auto text = object["message"].get<std::string>();
    std::ranges::replace_if(text, [](char c) { return is_control(c) && c != '\n'; }, '?');
    return text + "\n";
  }
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) {
    width = std::max(width, name.size());
  }
  std::string out;
  for (const auto& [name, value] : object.items()) {
    out += name + std::string(width - name.size() + 2, ' ') + cell(value) + "\n";
  }
  return out.empty() ? "done\n" : out;
}

}  // namespace aldis::app
