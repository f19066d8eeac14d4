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
  if(ALDIS_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
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
  set(ALDIS_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ALDIS_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ALDIS_LAUNCHER})
  set(CMAKE_C_COMPILER_LAUNCHER ${ALDIS_LAUNCHER})
endif()

# Two precompiled headers: the standard library for what is shipped, and the same with GoogleTest for what tests it. Test programs
# are compiled without optimisation, which halves the time of `make test`; what they test is compiled as the build says.
set(ALDIS_STANDARD_HEADERS
  <algorithm> <array> <atomic> <chrono> <coroutine> <cstdint> <cstring> <deque> <functional> <map> <memory> <mutex>
  <optional> <span> <string> <string_view> <thread> <tuple> <type_traits> <unordered_map> <utility> <variant> <vector>)
add_library(aldis_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(aldis_pch PRIVATE ${ALDIS_STANDARD_HEADERS})
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(aldis_pch PUBLIC -Xclang -fno-pch-timestamp)
endif()
if(ALDIS_TESTS)
  add_library(aldis_test_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_precompile_headers(aldis_test_pch PRIVATE ${ALDIS_STANDARD_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  target_compile_options(aldis_test_pch PUBLIC -O0 -U_FORTIFY_SOURCE)
  target_link_libraries(aldis_test_pch PUBLIC aldis_pch GTest::gtest GTest::gmock)
endif()
