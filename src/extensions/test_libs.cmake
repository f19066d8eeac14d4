# What the tests of src/extensions need beyond their own library.
target_link_libraries(extensions_test PRIVATE aldis_test_support)
