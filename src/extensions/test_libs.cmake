# What the tests of src/extensions need beyond their own library.
target_link_libraries(extensions_test PRIVATE aldis_test_support)
# The page whose example it plays.
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/extensions/pubsub/forms_test.cpp APPEND PROPERTY COMPILE_DEFINITIONS
             ALDIS_SOURCE_FOLDER="${CMAKE_SOURCE_DIR}")
