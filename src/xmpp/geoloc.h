// A position of somebody (XEP-0080 1.9.1), as far as the server has to do with it: the point, read strictly, and the same point seen
// from further away. Of its other fields the server knows nothing: none of them leaves where a point is made coarse.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "xml/element.h"

namespace aldis {

struct Geoloc {
  double lat = 0;                         // degrees north, -90 to 90
  double lon = 0;                         // degrees east, -180 to 180
  double accuracy = 0;                    // metres; 0: not said
  std::optional<WallTime> timestamp{};    // when the reading was taken, as the publisher says

  // Nothing: no <geoloc/>; lat or lon is missing, there twice, no xs:decimal or out of its range; or accuracy is no such number. A
  // timestamp that cannot be read is none.
  [[nodiscard]] static std::optional<Geoloc> read(const xml::Element& element);
  // No fields at all: whoever published positions stops (section 4.2).
  [[nodiscard]] static bool is_stop(const xml::Element& element);

  // The centre of the cell it lies in: rows of at least `grid` kilometres from pole to pole, each cut into as many equal cells as are
  // nowhere narrower than that; around a pole there is one. No cell crosses the 180th meridian. The accuracy covers the cell. What
  // lies in a cell is the same from then on, so that the centre of a centre is itself. `grid` is not 0.
  [[nodiscard]] Geoloc coarse(std::uint32_t grid) const;

  // <geoloc xmlns='http://jabber.org/protocol/geoloc'/> with these fields.
  void write(std::string& out) const;
};

}  // namespace aldis
