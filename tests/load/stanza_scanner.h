// Cuts a server's stream into stanzas for a client that trusts it: counts tags, skips quoted attribute values, nothing
// more. It is not a parser (no entities, no namespaces, no CDATA, no limits worth the name); the server's own framer is
// src/xml.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace aldis::load {

class StanzaScanner {
 public:
  enum class Piece { stream_open, stanza, stream_close };

  /// Calls sink(Piece, std::string_view) for every piece that is complete; the view lives for the call. The sink may
  /// call restart(): what follows in `bytes` is then dropped. False: not a stream of ours (a comment, 4 MiB
  /// unfinished).
  template <typename Sink>
  bool feed(std::string_view bytes, Sink&& sink) {
    restarted_ = false;
    if (pending_.empty()) {
      const bool good = scan(bytes, sink);
      if (good && !restarted_) {
        pending_.assign(bytes.substr(start_));
        rebase();
      }
      return good;
    }
    pending_.append(bytes);
    const bool good = scan(pending_, sink) && pending_.size() < (4U << 20);
    if (good && !restarted_) {
      pending_.erase(0, start_);
      rebase();
    }
    if (restarted_) {
      pending_.clear();
    }
    return good;
  }

  /// Stanzas come without a stream header before them.
  void assume_open() { depth_ = 1; }

  /// A new stream begins (RFC 6120 4.3.3).
  void restart() {
    depth_ = 0;
    start_ = position_ = 0;
    restarted_ = true;
  }

  /// Releases the memory of a piece that was long.
  void trim() {
    if (pending_.empty()) {
      pending_.shrink_to_fit();
    }
  }

 private:
  void rebase() {
    position_ -= start_;
    start_ = 0;
  }
  /// Index of the '>' that ends the tag that begins at `begin`, or npos.
  static std::size_t tag_end(std::string_view text, std::size_t begin);

  template <typename Sink>
  bool scan(std::string_view text, Sink&& sink) {
    for (;;) {
      const auto open = text.find('<', position_);
      if (open == std::string_view::npos) {
        position_ = text.size();
        if (depth_ < 2) {
          start_ = position_;  // white space between stanzas
        }
        return true;
      }
      if (depth_ < 2) {
        start_ = open;
      }
      const auto close = tag_end(text, open);
      if (close == std::string_view::npos) {
        position_ = open;
        return true;
      }
      position_ = close + 1;
      const char kind = text[open + 1];
      bool complete = false;
      Piece piece = Piece::stanza;
      if (kind == '!') {
        return false;
      }
      if (kind == '/') {
        --depth_;
        complete = depth_ <= 1;
        piece = depth_ == 0 ? Piece::stream_close : Piece::stanza;
      } else if (kind != '?') {
        const bool is_empty = text[close - 1] == '/';
        complete = depth_ == 0 || (depth_ == 1 && is_empty);
        piece = depth_ == 0 ? Piece::stream_open : Piece::stanza;
        depth_ += depth_ == 0 || !is_empty ? 1 : 0;
      }
      if (complete) {
        const auto view = text.substr(start_, position_ - start_);
        start_ = position_;
        sink(piece, view);
        if (restarted_) {
          return true;
        }
      } else if (kind == '?') {
        start_ = depth_ < 2 ? position_ : start_;
      }
    }
  }

  std::string pending_;       ///< begins with the first byte of an unfinished piece
  std::size_t start_ = 0;     ///< of the piece being read
  std::size_t position_ = 0;  ///< all before it is scanned
  int depth_ = 0;
  bool restarted_ = false;
};

/// The value of an attribute of the stanza's start tag; empty when it is not there.
std::string_view attribute_of(std::string_view stanza, std::string_view name);
/// The text of the first element of that name without attributes or children; empty when it is not there.
std::string_view text_of(std::string_view stanza, std::string_view name);
/// The text of the stanza's own element, which has no children; empty when there is none.
std::string_view text_of_first(std::string_view stanza);
/// The name of the stanza's own element.
std::string_view name_of(std::string_view stanza);

}  // namespace aldis::load
