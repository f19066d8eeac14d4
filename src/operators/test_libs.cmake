# What the tests of src/operators need beyond their own library.
target_link_libraries(operators_test PRIVATE aldis_storage_memory)
