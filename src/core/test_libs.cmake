# What the tests of src/core need beyond their own library.
target_link_libraries(core_test PRIVATE aldis_test_support)
