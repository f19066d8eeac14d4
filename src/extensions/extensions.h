// The install function of every extension. What each does stands at the head of its file; app/extensions.cpp lists them.
#pragma once
#include "core/extension.h"

namespace aldis::ext {

void install_roster(Extension& self);
void install_ping(Extension& self);

}  // namespace aldis::ext
