# What the tests of src/federation need beyond their own library.
target_link_libraries(federation_test PRIVATE aldis_test_support)
