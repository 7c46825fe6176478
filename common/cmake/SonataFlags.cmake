# Compile options of our own code. Generated code links none of this.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}") # asserts stay on in release
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

add_library(sonata_flags INTERFACE)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
target_compile_definitions(sonata_flags INTERFACE _POSIX_C_SOURCE=200809L SONATA_VERSION="${PROJECT_VERSION}")
if(CMAKE_SIZEOF_VOID_P EQUAL 4) # sizes of files and limits need 64 bits on 32-bit systems too
  target_compile_definitions(sonata_flags INTERFACE _FILE_OFFSET_BITS=64)
endif()
target_compile_options(sonata_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wwrite-strings -Wvla -fno-common)
if(SONATA_WERROR)
  target_compile_options(sonata_flags INTERFACE -Werror)
endif()
if(SONATA_SANITIZE)
  add_compile_options(-fsanitize=${SONATA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SONATA_SANITIZE})
  add_compile_definitions(SONATA_SANITIZED=1)
endif()
if(SONATA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
