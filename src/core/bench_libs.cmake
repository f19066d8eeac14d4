# The benchmark of routing runs a scene.
target_link_libraries(core_bench PRIVATE aldis_test_support)
