// Positions from hostile XML: what is read is on the earth, what is written reads as itself, and a cell's centre is in the cell, whatever the
// first two bytes choose as its size.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "xmpp/geoloc.h"

namespace aldis {
namespace {

Geoloc read_again(const Geoloc& position) {
  std::string xml;
  position.write(xml);
  const auto document = xml::parse(xml);
  ensure(document.has_value(), "a written position is XML");
  const auto again = Geoloc::read((*document)->root());
  ensure(again.has_value(), "a written position can be read");
  return *again;
}

}  // namespace
}  // namespace aldis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  if (size < 2) return 0;
  const std::uint32_t grid = 1 + (data[0] * 256U + data[1]) % 5000U;
  const auto document = xml::parse(std::string(reinterpret_cast<const char*>(data) + 2, size - 2));
  if (!document) return 0;
  const auto position = Geoloc::read((*document)->root());
  if (!position) return 0;
  ensure(std::abs(position->lat) <= 90 && std::abs(position->lon) <= 180 && position->accuracy >= 0, "a position is on the earth");
  const Geoloc cell = read_again(position->coarse(grid));
  const Geoloc same = cell.coarse(grid);
  ensure(std::abs(same.lat - cell.lat) < 1e-5 && std::abs(same.lon - cell.lon) < 1e-5, "the centre of a cell is in it");
  ensure(cell.accuracy >= grid * 1000.0, "a cell is no smaller than it was asked for");
  return 0;
}
