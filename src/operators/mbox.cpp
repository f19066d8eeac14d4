// Mails written.
#include "operators/mbox.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/encoding.h"
#include "xmpp/namespaces.h"

namespace aldis::admin {
namespace {

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// RFC 2047 section 2: words of at most 75 characters, each of whole UTF-8 characters.
std::string encoded_words(std::string_view text) {
  constexpr std::size_t bytes_in_a_word = 45;
  std::string out;
  while (!text.empty()) {
    std::size_t size = std::min(bytes_in_a_word, text.size());
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
      --size;
    }
    out.append(out.empty() ? "" : "\n ").append("=?UTF-8?B?").append(base64_encode(text.substr(0, size))).append("?=");
    text.remove_prefix(size);
  }
  return out;
}

// The value of a header without structure.
std::string unstructured(std::string_view text) {
  constexpr std::size_t longest = 200;   // such a line needs no folding yet
  const bool is_plain = is_printable_ascii(text) && text.size() <= longest && !text.starts_with(' ') && !text.ends_with(' ') &&
                        text.find("=?") == std::string_view::npos;
  return is_plain ? std::string(text) : encoded_words(text);
}

// RFC 5322 section 3.4.1's addr-spec, with a dot-atom before the @ and a domain name behind it.
bool is_mail_address(std::string_view bare) {
  const std::size_t at = bare.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || bare.size() > 254) {
    return false;
  }
  const auto is_dotted = [](std::string_view text, std::string_view more) {
    return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos &&
           std::ranges::all_of(text, [&](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || more.find(c) != std::string_view::npos;
           });
  };
  return is_dotted(bare.substr(0, at), "!#$%&'*+-/=?^_`{|}~") && is_dotted(bare.substr(at + 1), "-");
}

std::string mailbox(std::string_view bare) {
  return is_mail_address(bare) ? std::string(bare) : encoded_words(bare) + ":;";
}

// In a room the address is everybody's: the nickname says who it was.
std::string occupant(const Jid& from) {
  const std::string address(from.bare_str());
  return is_mail_address(address) ? encoded_words(from.resource()) + " <" + address + ">" : mailbox(from.str());
}

// The real one, where the archive has it (XEP-0313 section 5.1.2).
std::string real_address(const Stanza& stanza) {
  const auto x = stanza.child({"x", ns::muc_user});
  const auto item = x ? x->child({"item", ns::muc_user}) : std::nullopt;
  return std::string(item ? item->attribute("jid").value_or("") : "");
}

std::string quoted_printable(std::string_view text) {
  constexpr std::size_t longest_line = 76;
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += '\n';
      line = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool begins_mail = line == 0 && text.substr(i).starts_with("From ");
    const bool is_plain = c >= ' ' && c <= '~' && c != '=' && !(c == ' ' && ends_line) && !begins_mail;
    if (line + (is_plain ? 1U : 3U) >= longest_line) {
      out += "=\n";
      line = 0;
    }
    // What was cut must not look like the beginning of a mail either.
    const bool is_written_plain = is_plain && !(line == 0 && text.substr(i).starts_with("From "));
    if (is_written_plain) {
      out += c;
      ++line;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append("=").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
      line += 3;
    }
  }
  return out;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\n");
}

}  // namespace

void append_mail(std::string& out, const ArchivePart::Message& message, const BareJid& owner) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Stanza& stanza = *message.stanza;
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(archive_time(message.id).time_since_epoch()).count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  const std::string time = two(utc.tm_hour) + ":" + two(utc.tm_min) + ":" + two(utc.tm_sec);
  const std::string day = days.at(static_cast<std::size_t>(utc.tm_wday));
  const std::string month = months.at(static_cast<std::size_t>(utc.tm_mon));
  const std::string year = std::to_string(utc.tm_year + 1900);
  const std::string from = stanza.from() ? stanza.from()->str() : owner.str();
  const std::string to = stanza.to() ? stanza.to()->str() : owner.str();
  const auto bare = [](const std::string& address) { return std::string_view(address).substr(0, address.find('/')); };

  // RFC 4155 appendix A: the sender's address, a space, and the time as asctime has it, in UTC.
  out.append("From ").append(is_mail_address(bare(from)) ? bare(from) : "MAILER-DAEMON");
  out.append(" ").append(day).append(" ").append(month).append(" ");
  out.append(utc.tm_mday < 10 ? " " : "").append(std::to_string(utc.tm_mday)).append(" ").append(time).append(" ").append(year).append("\n");
  const bool is_in_room = stanza.type() == StanzaType::groupchat && stanza.from() && stanza.from()->is_full();
  append_header(out, "From", is_in_room ? occupant(*stanza.from()) : mailbox(bare(from)));
  append_header(out, "To", mailbox(bare(to)));
  append_header(out, "Date", day + ", " + two(utc.tm_mday) + " " + month + " " + year + " " + time + " +0000");
  append_header(out, "Message-ID", "<" + message.name + "@" + std::string(is_printable_ascii(owner.domain()) ? owner.domain() : "archive.invalid") + ">");
  if (const auto subject = stanza.child({"subject", ns::client})) {
    append_header(out, "Subject", unstructured(subject->text()));
  }
  append_header(out, "X-XMPP-From", unstructured(from));
  append_header(out, "X-XMPP-To", unstructured(to));
  if (const std::string real = real_address(stanza); !real.empty()) {
    append_header(out, "X-XMPP-Real-From", unstructured(real));
  }
  append_header(out, "X-XMPP-Type", to_string(stanza.type()));
  if (!stanza.id().empty()) {
    append_header(out, "X-XMPP-Id", unstructured(stanza.id()));
  }
  const auto body = stanza.child({"body", ns::client});
  append_header(out, "MIME-Version", "1.0");
  append_header(out, "Content-Type", body ? "text/plain; charset=utf-8" : "application/xml; charset=utf-8");
  append_header(out, "Content-Transfer-Encoding", "quoted-printable");
  out.append("\n").append(quoted_printable(body ? body->text() : stanza.to_xml())).append("\n\n");
}

}  // namespace aldis::admin
