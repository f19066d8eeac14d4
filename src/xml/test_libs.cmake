# expat is the oracle that xml's tests compare our reader with; the server itself does not use it.
target_link_libraries(${id}_test PRIVATE EXPAT::EXPAT)
