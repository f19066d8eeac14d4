// The program aldis.
#include "app/cli.h"

int main(int argc, char** argv) { return aldis::app::run(argc, argv); }
