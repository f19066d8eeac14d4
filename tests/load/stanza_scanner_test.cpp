// The client's scanner: the same pieces at every cut of the stream, and the small readers of a stanza's parts.
#include "stanza_scanner.h"

#include <gtest/gtest.h>

#include <vector>

namespace aldis::load {
namespace {

using Piece = StanzaScanner::Piece;

const std::string kStream =
    "<?xml version='1.0'?><stream:stream id='1' a=\"x>y\"> <a/>\n<message to='x' note=\"/>\"><body>hi</body><b><c/></b>"
    "</message><iq type='result'/></stream:stream>";
const std::vector<std::string> kPieces = {"<stream:stream id='1' a=\"x>y\">", "<a/>",
                                          "<message to='x' note=\"/>\"><body>hi</body><b><c/></b></message>",
                                          "<iq type='result'/>", "</stream:stream>"};

TEST(StanzaScanner, GivesTheSamePiecesAtEveryCut) {
  for (std::size_t first = 0; first <= kStream.size(); ++first) {
    for (std::size_t second = first; second <= kStream.size(); ++second) {
      StanzaScanner scanner;
      std::vector<std::string> pieces;
      const auto sink = [&](Piece, std::string_view text) { pieces.emplace_back(text); };
      const std::string_view all = kStream;
      ASSERT_TRUE(scanner.feed(all.substr(0, first), sink));
      ASSERT_TRUE(scanner.feed(all.substr(first, second - first), sink));
      ASSERT_TRUE(scanner.feed(all.substr(second), sink));
      ASSERT_EQ(pieces, kPieces) << first << " " << second;
    }
  }
}

TEST(StanzaScanner, NamesThePieces) {
  StanzaScanner scanner;
  std::vector<Piece> kinds;
  scanner.feed(kStream, [&](Piece kind, std::string_view) { kinds.push_back(kind); });
  EXPECT_EQ(kinds,
            (std::vector<Piece>{Piece::stream_open, Piece::stanza, Piece::stanza, Piece::stanza, Piece::stream_close}));
}

TEST(StanzaScanner, BeginsAnewAfterARestartWithinThePiece) {  // RFC 6120 4.3.3
  StanzaScanner scanner;
  std::vector<std::string> pieces;
  const auto sink = [&](Piece, std::string_view text) {
    pieces.emplace_back(text);
    if (text == "<success/>") {
      scanner.restart();
    }
  };
  scanner.feed("<stream:stream><succ", sink);
  scanner.feed("ess/>", sink);
  scanner.feed("<stream:stream><features/>", sink);
  EXPECT_EQ(pieces, (std::vector<std::string>{"<stream:stream>", "<success/>", "<stream:stream>", "<features/>"}));
}

TEST(StanzaScanner, RefusesComments) {
  StanzaScanner scanner;
  EXPECT_FALSE(scanner.feed("<stream:stream><!-- -->", [](Piece, std::string_view) {}));
}

TEST(StanzaParts, AreFound) {
  constexpr std::string_view stanza =
      "<message xid='no' from=\"a@b/c\" id='7'><bodyx>n</bodyx><body>text</body></message>";
  EXPECT_EQ(attribute_of(stanza, "from"), "a@b/c");
  EXPECT_EQ(attribute_of(stanza, "id"), "7");
  EXPECT_EQ(attribute_of(stanza, "to"), "");
  EXPECT_EQ(text_of(stanza, "body"), "text");
  EXPECT_EQ(text_of(stanza, "subject"), "");
  EXPECT_EQ(name_of(stanza), "message");
  EXPECT_EQ(name_of("<proceed/>"), "proceed");
  EXPECT_EQ(text_of_first("<success xmlns='x'>dj0=</success>"), "dj0=");
  EXPECT_EQ(text_of_first("<success/>"), "");
}

}  // namespace
}  // namespace aldis::load
