// Addresses: RFC 7622 and RFC 8265's tables, limits, disagreements with RFC 6122, XEP-0106.
#include "xmpp/jid.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace aldis {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out.append(text);
  return out;
}

// What parse makes of the text: the address, or "!" and the error's text.
std::string read(std::string_view text) {
  const Result<Jid, JidError> jid = Jid::parse(text);
  return jid ? jid->str() : "!" + std::string(to_string(jid.error()));
}
std::string refusal(JidError error) { return "!" + std::string(to_string(error)); }

TEST(Jid, Rfc7622ExamplesAreRead) {  // RFC 7622 section 3.5, table 1
  for (const std::string_view text :
       {"juliet@example.com", "juliet@example.com/foo", "juliet@example.com/foo bar", "juliet@example.com/foo@bar",
        "foo\\20bar@example.com", "fussball@example.com", "\xCF\x80@example.com", "king@example.com/\xE2\x99\x9A", "example.com",
        "example.com/foobar", "a.example.com/b@example.net"}) {
    EXPECT_EQ(read(text), text);
  }
}

TEST(Jid, Rfc7622ExamplesAreRefused) {  // RFC 7622 section 3.5, table 2
  const std::pair<std::string_view, JidError> table[] = {
      {"\"juliet\"@example.com", JidError::bad_localpart}, {"foo bar@example.com", JidError::bad_localpart},
      {"juliet@example.com/", JidError::empty},            {"@example.com/", JidError::empty},
      {"henry\xE2\x85\xA3@example.com", JidError::bad_localpart}, {"\xE2\x99\x9A@example.com", JidError::bad_localpart},
      {"juliet@", JidError::empty},                        {"/foobar", JidError::empty}};
  for (const auto& [text, error] : table) EXPECT_EQ(read(text), refusal(error)) << text;
}

TEST(Jid, PartsAreSplitAtTheFirstSeparators) {  // RFC 7622 section 3.1
  const Jid jid = *Jid::parse("Juliet@Example.COM./Balcony@a/b");
  EXPECT_EQ(jid.local(), "juliet");
  EXPECT_EQ(jid.domain(), "example.com");
  EXPECT_EQ(jid.resource(), "Balcony@a/b");
  EXPECT_EQ(jid.bare_str(), "juliet@example.com");
  EXPECT_TRUE(jid.is_full());
  EXPECT_EQ(jid.bare().str(), "juliet@example.com");
  EXPECT_EQ(jid.bare().with_resource("x").str(), "juliet@example.com/x");
  EXPECT_EQ(read("a@b@c"), refusal(JidError::bad_domainpart));
  EXPECT_EQ(read("a@b/"), refusal(JidError::empty));
  EXPECT_EQ(read(""), refusal(JidError::empty));
  EXPECT_EQ(read("@"), refusal(JidError::empty));
  EXPECT_EQ(read("/"), refusal(JidError::empty));
  EXPECT_TRUE(Jid::parse("example.com")->is_domain());
  EXPECT_EQ(Jid::parse("example.com/r")->resource(), "r");
}

TEST(Jid, BareAndFullAreToldApart) {
  EXPECT_EQ(BareJid::parse("a@b/c").error(), JidError::not_bare);
  EXPECT_EQ(FullJid::parse("a@b").error(), JidError::not_full);
  EXPECT_EQ(BareJid::of("Juliet", "Example.com.")->str(), "juliet@example.com");
  EXPECT_EQ(BareJid::of("", "example.com").error(), JidError::empty);
  EXPECT_EQ(BareJid::of("a@b", "example.com").error(), JidError::bad_localpart);
}

TEST(Jid, EveryExcludedAsciiCharacterIsRefusedInALocalpart) {  // RFC 7622 section 3.3.1, and RFC 8264's controls and spaces
  for (int c = 0; c < 0x80; ++c) {
    const std::string local = std::string("a") + static_cast<char>(c) + "b";
    const bool excluded = c <= 0x20 || c == 0x7F || std::string_view("\"&'/:<>@").find(static_cast<char>(c)) != std::string_view::npos;
    EXPECT_EQ(prepare_local(local).has_value(), !excluded) << c;
    EXPECT_EQ(prepare_resource(local).has_value(), c >= 0x20 && c != 0x7F) << c;
  }
}

TEST(Jid, LocalpartsAreMapped) {  // RFC 8265 section 3.3.2
  const std::pair<std::string_view, std::string_view> table[] = {
      {"JULIET", "juliet"},
      {"\xEF\xBC\xA1\xEF\xBD\x82", "ab"},              // full-width A and b
      {"\xC3\x84", "\xC3\xA4"},                        // capital A with diaeresis
      {"a\xCC\x88", "\xC3\xA4"},                       // composed by NFC
      {"\xCE\xA3\xCE\xB1", "\xCF\x83\xCE\xB1"},        // capital sigma at the start
      {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"},  // Hebrew
      {"\xEF\xBD\xB6\xEF\xBE\x9E", "\xE3\x82\xAC"},    // half-width KA and voiced mark become GA
      {"l\xC2\xB7l", "l\xC2\xB7l"},                    // RFC 5892 A.3
  };
  for (const auto& [text, expected] : table) {
    const Result<std::string, JidError> prepared = prepare_local(text);
    ASSERT_TRUE(prepared) << text;
    EXPECT_EQ(*prepared, expected);
  }
}

TEST(Jid, LocalpartsAreRefused) {
  const std::pair<std::string_view, JidError> table[] = {
      {"a\xC2\xB7l", JidError::bad_localpart},            // RFC 5892 A.3 not satisfied
      {"a\xE2\x80\x8D" "b", JidError::bad_localpart},     // zero width joiner, A.2
      {"a\xE2\x80\x8B" "b", JidError::bad_localpart},     // zero width space
      {"\xD7\xA9" "a", JidError::bad_localpart},          // RFC 5893 rule 2
      {"1\xD7\xA9", JidError::bad_localpart},             // rule 1
      {"\xD9\xA0\xDB\xB0", JidError::bad_localpart},      // both kinds of Arabic digits, A.8
      {"\xEF\xBC\xA0", JidError::bad_localpart},          // full-width @ maps to an excluded character
      {"a\xE2\x80\xAE" "b", JidError::bad_localpart},     // right-to-left override
      {"\xF0\x9F\xA4\x96", JidError::bad_localpart},      // a symbol is not in the IdentifierClass
      {"\xE2\x84\xAB", JidError::bad_localpart},          // angstrom sign has a compatibility mapping
      {"\xF3\xA0\x80\x81", JidError::bad_localpart},      // language tag
      {"\xEF\xBF\xBF", JidError::bad_localpart},          // noncharacter
      {"\xEE\x80\x80", JidError::bad_localpart},          // private use
      {"\xCD\xB8", JidError::bad_localpart},              // U+0378, unassigned
      {"\xE1\x84\x80", JidError::bad_localpart},          // old Hangul jamo
  };
  for (const auto& [text, error] : table) {
    const Result<std::string, JidError> prepared = prepare_local(text);
    ASSERT_FALSE(prepared) << text;
    EXPECT_EQ(prepared.error(), error) << text;
  }
}

TEST(Jid, MalformedUtf8IsRefusedEverywhere) {  // security X05
  for (const std::string_view bad : {"\xC0\x80", "\xC1\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF",
                                     "\x80", "\xC3", "\xE2\x82"}) {
    const std::string text(bad);
    EXPECT_EQ(read(text + "@example.com"), refusal(JidError::bad_localpart));
    EXPECT_EQ(read("a@" + text), refusal(JidError::bad_domainpart));
    EXPECT_EQ(read("a@example.com/" + text), refusal(JidError::bad_resourcepart));
  }
}

TEST(Jid, ResourcepartsAreOpaqueStrings) {  // RFC 8265 section 4.2
  EXPECT_EQ(*prepare_resource("Foo BAR"), "Foo BAR");
  EXPECT_EQ(*prepare_resource("a\xC2\xA0" "b"), "a b");              // no-break space
  EXPECT_EQ(*prepare_resource("a\xE3\x80\x80" "b"), "a b");          // ideographic space
  EXPECT_EQ(*prepare_resource("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(*prepare_resource("\xF0\x9F\xA4\x96"), "\xF0\x9F\xA4\x96");  // robot face
  EXPECT_EQ(prepare_resource("a\xE2\x80\x8B" "b").error(), JidError::bad_resourcepart);
  EXPECT_EQ(prepare_resource("a\nb").error(), JidError::bad_resourcepart);
}

TEST(Jid, WhatRfc6122ReadDifferentlyIsAmbiguous) {
  const std::string_view locals[] = {"stra\xC3\x9F" "e",           // sharp s: "ss" in Nodeprep
                                     "\xCE\xB1\xCF\x82",           // final sigma: sigma
                                     "\xCE\xB1\xCE\xA3",           // a capital sigma that is final
                                     "\xE1\x82\xA0"};              // Georgian capital, without lower case in Unicode 3.2
  for (const std::string_view local : locals) {
    EXPECT_EQ(read(std::string(local) + "@example.com"), refusal(JidError::ambiguous)) << local;
  }
  const std::string_view resources[] = {"\xE2\x85\xA3",                        // Roman numeral four: "IV" in Resourceprep
                                        "\xEF\xBC\xA1",                        // full-width A, which OpaqueString keeps
                                        "\xEF\xAC\x81", "a\xE2\x84\xA2",       // fi ligature, trade mark sign
                                        "\xE2\x85\xA3\xF0\x9F\xA4\x96"};       // a newer character beside does not hide it
  for (const std::string_view resource : resources) {
    EXPECT_EQ(read("a@example.com/" + std::string(resource)), refusal(JidError::ambiguous)) << resource;
  }
  const std::string_view domains[] = {"stra\xC3\x9F" "e.example", "xn--strae-oqa.example", "\xCE\xB1\xCF\x82.example"};
  for (const std::string_view domain : domains) EXPECT_EQ(read(domain), refusal(JidError::ambiguous)) << domain;
  // RFC 6122 refuses the ogham space, which becomes a space; what is left it reads differently.
  EXPECT_EQ(prepare_resource("\xE1\x9A\x80\xEF\xBC\xA1").error(), JidError::ambiguous);
  // Both read these alike, or RFC 6122 could not read them.
  EXPECT_EQ(read("\xEF\xBC\xA1@example.com"), "a@example.com");
  EXPECT_EQ(read("\xE1\xB2\x90@example.com"), "\xE1\x83\x90@example.com");  // Georgian Mtavruli, newer than Unicode 3.2
}

TEST(Jid, DomainpartsArePrepared) {  // RFC 7622 section 3.2, RFC 5895 mappings
  const std::pair<std::string_view, std::string_view> table[] = {
      {"EXAMPLE.com", "example.com"},
      {"example.com.", "example.com"},
      {"b\xC3\x9C" "cher.example", "b\xC3\xBC" "cher.example"},
      {"XN--BCHER-KVA.example", "b\xC3\xBC" "cher.example"},
      {"\xE4\xBE\x8B\xE3\x80\x82\xE6\xB5\x8B", "\xE4\xBE\x8B.\xE6\xB5\x8B"},  // ideographic full stop
      {"\xEF\xBD\x81\xEF\xBC\x8E\xEF\xBD\x82", "a.b"},                      // full-width letters and stop
      {"127.0.0.1", "127.0.0.1"},
      {"[::1]", "[::1]"},
      {"[2001:DB8:0:0::1]", "[2001:db8::1]"},
      {"\xD7\xA9.\xD7\xA9" "1", "\xD7\xA9.\xD7\xA9" "1"},
      {"a-b.c", "a-b.c"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(read(text), expected) << text;
}

TEST(Jid, DomainsHaveAnAsciiForm) {  // RFC 5891 section 4.4: for DNS, TLS and certificates
  for (const auto& [domain, ascii] : std::vector<std::pair<std::string, std::string>>{
           {"example.org", "example.org"}, {"münchen.example", "xn--mnchen-3ya.example"}, {"bücher.käse.example", "xn--bcher-kva.xn--kse-qla.example"},
           {"192.0.2.1", "192.0.2.1"}, {"[2001:db8::1]", "[2001:db8::1]"}, {"_xmpp.example", "_xmpp.example"}}) {
    EXPECT_EQ(domain_to_ascii(domain).value_or("none"), ascii);
    if (domain.front() != '_') {
      EXPECT_EQ(prepare_domain(ascii).value_or("none"), domain) << "and back";
    }
  }
  EXPECT_FALSE(domain_to_ascii("ü..example"));
  EXPECT_FALSE(domain_to_ascii("\xFF.example"));
}

TEST(Jid, DomainpartsAreRefused) {
  for (const std::string_view text :
       {"a..b", ".a", "..", "-a.b", "a-.b", "a.b-", "ab--c.d", "a_b.c", "a b.c", "xn--.example", "xn--a.example", "xn--\xC3\xBC.example",
        "xn--abc-.example", "xn--lbe.example", "[::1", "[]", "[1]", "[fe80::1%25lo]", "[v1.x]", "[127.0.0.1]", "\xE2\x99\xA5.example", "a\xC2\xAD" "b.example",
        "a\xE2\x80\x8D" "b.example", "\xCC\x81" "a.example", "\xD7\xA9.1a", "a&b.c", "a:5222", "\xE2\x84\xA2.example"}) {
    EXPECT_EQ(read(text), refusal(JidError::bad_domainpart)) << text;
  }
  EXPECT_EQ(read("."), refusal(JidError::empty));
}

TEST(Jid, LabelsAreLimited) {  // RFC 5890 section 2.3.1
  EXPECT_EQ(read(repeat("a", 63) + ".example"), repeat("a", 63) + ".example");
  EXPECT_EQ(read(repeat("a", 64) + ".example"), refusal(JidError::bad_domainpart));
  EXPECT_EQ(read("example." + repeat("a", 64)), refusal(JidError::bad_domainpart));
  EXPECT_EQ(read(repeat("\xC3\xBC", 63) + ".example"), refusal(JidError::bad_domainpart));
}

TEST(Jid, PartsAreLimited) {  // RFC 7622 sections 3.2 to 3.4; security N01
  for (const std::size_t size : {1U, 1022U, 1023U, 1024U, 1025U, 65535U}) {
    const bool fits = size <= 1023;
    const std::string expected_error = refusal(JidError::too_long);
    const std::string local = repeat("a", size) + "@example.com";
    const std::string resource = "a@example.com/" + repeat("a", size);
    std::string domain = repeat(repeat("a", 31) + ".", size / 32 + 1).substr(0, size);
    if (domain.back() == '.') domain.back() = 'a';
    EXPECT_EQ(read(local), fits ? local : expected_error) << size;
    EXPECT_EQ(read(resource), fits ? resource : expected_error) << size;
    EXPECT_EQ(read(domain), fits ? domain : expected_error) << size;
  }
  // NFC makes two code points of U+0958: 1023 bytes become 2046.
  EXPECT_EQ(prepare_resource(repeat("\xE0\xA5\x98", 341)).error(), JidError::too_long);
  EXPECT_EQ(prepare_resource(repeat("\xE0\xA5\x98", 170))->size(), 1020U);
  // U+FDFA, whose compatibility mapping has 18 characters.
  EXPECT_EQ(prepare_local(repeat("\xEF\xB7\xBA", 57)).error(), JidError::bad_localpart);
  EXPECT_EQ(prepare_resource(repeat("\xEF\xB7\xBA", 57)).error(), JidError::ambiguous);
  EXPECT_EQ(read(repeat("\xEF\xB7\xBA", 57)), refusal(JidError::bad_domainpart));
}

TEST(Jid, EveryCodePointPreparesToItself) {  // RFC 8264 section 7: idempotence
  for (char32_t c = 0x80; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    if (c == 0x40000) c = 0xE0000;  // planes 4 to 13 are unassigned
    std::string text;
    if (c < 0x800) {
      text = {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    } else if (c < 0x10000) {
      text = {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      text = {static_cast<char>(0xF0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 0x3F)),
              static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    }
    for (auto* const prepare : {&prepare_local, &prepare_domain, &prepare_resource}) {
      const Result<std::string, JidError> once = prepare("a" + text + "b");
      if (!once) continue;
      const Result<std::string, JidError> twice = prepare(*once);
      ASSERT_TRUE(twice) << std::hex << static_cast<std::uint32_t>(c);
      ASSERT_EQ(*once, *twice) << std::hex << static_cast<std::uint32_t>(c);
    }
  }
}

TEST(JidTables, FindByText) {
  const Jid jid = *Jid::parse("a@b/c");
  EXPECT_EQ(JidHash{}(jid), JidHash{}(std::string_view("a@b/c")));
  EXPECT_TRUE(JidEqual{}(jid, std::string_view("a@b/c")));
}

TEST(JidEscaping, Xep0106Examples) {  // XEP-0106 section 5.1 and 4.4
  const std::pair<std::string_view, std::string_view> table[] = {
      {"space cadet", "space\\20cadet"},
      {"call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22"},
      {"at&t guy", "at\\26t\\20guy"},
      {"d'artagnan", "d\\27artagnan"},
      {"/.fanboy", "\\2f.fanboy"},
      {"::foo::", "\\3a\\3afoo\\3a\\3a"},
      {"<foo>", "\\3cfoo\\3e"},
      {"user@host", "user\\40host"},
      {"c:\\net", "c\\3a\\net"},
      {"c:\\\\net", "c\\3a\\\\net"},
      {"c:\\cool stuff", "c\\3a\\cool\\20stuff"},
      {"c:\\5commas", "c\\3a\\5c5commas"},
      {"\\3and\\2is\\5cool", "\\5c3and\\2is\\5c5cool"},
      {"\\2plus\\2is\\4", "\\2plus\\2is\\4"},
      {"foo\\bar", "foo\\bar"},
      {"foob\\41r", "foob\\41r"},
      {"\\5c27", "\\5c5c27"},
  };
  for (const auto& [plain, escape] : table) {
    EXPECT_EQ(escape_local(plain), escape);
    EXPECT_EQ(unescape_local(escape), plain);
    EXPECT_TRUE(prepare_local(escape)) << escape;
  }
  EXPECT_EQ(escape_local("c:\\5COMMAS"), "c\\3a\\5c5COMMAS");  // lower case would make an escape of it
}

TEST(JidEscaping, NoSpaceAtEitherEnd) {  // XEP-0106 section 4.2
  EXPECT_EQ(prepare_local(escape_local(" a")).error(), JidError::bad_localpart);
  EXPECT_EQ(prepare_local(escape_local("a ")).error(), JidError::bad_localpart);
  EXPECT_EQ(unescape_local("\\20a\\20b\\20"), "\\20a b\\20");
}

}  // namespace
}  // namespace aldis
