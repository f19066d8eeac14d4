# Compiler, warnings and hardening. g++ below 13 miscompiles some coroutines (docs/adr/0004): it is refused, and
# tests/toolchain holds canaries for whatever compiler is used.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; use clang-16 (cmake --preset release) or g++ 13")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "clang++ ${CMAKE_CXX_COMPILER_VERSION} is too old; use clang-16 (cmake --preset release)")
endif()

add_compile_options(
  $<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra> $<$<COMPILE_LANGUAGE:CXX>:-Wshadow>
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion> $<$<COMPILE_LANGUAGE:CXX>:-Wsign-conversion>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Wimplicit-fallthrough>
  -fPIE -Werror -fno-strict-aliasing -fno-delete-null-pointer-checks
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_definitions(_GLIBCXX_ASSERTIONS ALDIS_VERSION="${PROJECT_VERSION}")

if(ALDIS_SANITIZE)
  add_compile_options(-fsanitize=${ALDIS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ALDIS_SANITIZE})
else()
  # Hardening stays on in release; sanitizer builds leave it out because it masks findings.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
    add_compile_options(-fcf-protection=full)
  endif()
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()
add_link_options(-pie -fuse-ld=lld -Wl,--as-needed -Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)

find_program(ALDIS_CCACHE ccache)
if(ALDIS_CCACHE)
  set(ALDIS_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ALDIS_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ALDIS_LAUNCHER})
  set(CMAKE_C_COMPILER_LAUNCHER ${ALDIS_LAUNCHER})
endif()

# Precompiled headers: the standard library for what is shipped; the same with GoogleTest for what tests it; and with the scene
# (tests/support/scene.h) for the test programs that are made of scenes. Test programs are compiled without optimisation. Both
# halve the time of `make test`; what they test is compiled as the build says. (ALDIS_CORE_TESTS: the release build leaves the
# unit tests of core and above to the sanitizers' build.)
set(ALDIS_STANDARD_HEADERS
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <coroutine> <cstdint> <cstring> <deque>
  <filesystem> <fstream> <functional> <limits> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string>
  <string_view> <thread> <tuple> <type_traits> <unordered_map> <unordered_set> <utility> <variant> <vector>)
add_library(aldis_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(aldis_pch PRIVATE ${ALDIS_STANDARD_HEADERS})
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(aldis_pch PUBLIC -Xclang -fno-pch-timestamp)
endif()
# For the folders that build on core also its own, which nearly every source there names.
add_library(aldis_core_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(aldis_core_pch PUBLIC aldis_pch)
target_precompile_headers(aldis_core_pch PRIVATE ${ALDIS_STANDARD_HEADERS}
  ${CMAKE_SOURCE_DIR}/src/core/account.h ${CMAKE_SOURCE_DIR}/src/core/extension.h ${CMAKE_SOURCE_DIR}/src/core/home.h
  ${CMAKE_SOURCE_DIR}/src/core/session.h ${CMAKE_SOURCE_DIR}/src/core/virtual_host.h)
target_include_directories(aldis_core_pch PRIVATE ${CMAKE_SOURCE_DIR}/src)

function(aldis_test_headers target)
  add_library(${target} STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_precompile_headers(${target} PRIVATE ${ALDIS_STANDARD_HEADERS} <gmock/gmock.h> <gtest/gtest.h> ${ARGN})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(${target} PUBLIC -O0 -U_FORTIFY_SOURCE)
  target_link_libraries(${target} PUBLIC aldis_pch GTest::gtest GTest::gmock)
endfunction()
if(ALDIS_TESTS)
  aldis_test_headers(aldis_test_pch)
  aldis_test_headers(aldis_scene_pch ${CMAKE_SOURCE_DIR}/tests/support/scene.h)
  if(NOT ALDIS_CORE_TESTS)
    set_target_properties(aldis_scene_pch PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endif()
