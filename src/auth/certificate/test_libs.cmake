# The tests run on the memory backend.
target_link_libraries(auth_certificate_test PRIVATE aldis_storage_memory)
