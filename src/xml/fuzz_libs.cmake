# expat is the oracle that xml's fuzzers compare our reader with; the server itself does not use it.
target_link_libraries(${stem} PRIVATE EXPAT::EXPAT)
