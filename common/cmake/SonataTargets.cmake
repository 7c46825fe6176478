# sonata_module(NAME SOURCES a.c b.c DEPS base dep::uv)  -> static library sonata_NAME, alias sonata::NAME
#   A DEPS entry without :: is one of our modules.
# sonata_program(NAME SOURCES main.c DEPS ...)           -> installed executable
# sonata_manual(NAME "what it does")                     -> its manual page, installed
#   PAGE FILE SECTION 5 FLAG --help-keys: a page of another name from what it says to another option
# sonata_test(NAME SOURCES test_x.c DEPS module LABEL unit TIMEOUT 20)
#   ON_DEMAND: it takes long, and runs only with ctest -C long
# sonata_test_limits(NAME LABEL integration TIMEOUT 300)  -> the same for a test made with add_test()
set(SONATA_INCLUDE_ROOTS "${CMAKE_SOURCE_DIR}/common" "${CMAKE_SOURCE_DIR}/master" "${CMAKE_SOURCE_DIR}/worker")

function(sonata_link target)
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "::" OR dep STREQUAL "m")
      target_link_libraries(${target} PUBLIC ${dep})
    else()
      target_link_libraries(${target} PUBLIC sonata::${dep})
    endif()
  endforeach()
endfunction()

function(sonata_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(sonata_${name} STATIC ${arg_SOURCES})
  add_library(sonata::${name} ALIAS sonata_${name})
  target_include_directories(sonata_${name} PUBLIC ${SONATA_INCLUDE_ROOTS})
  target_link_libraries(sonata_${name} PRIVATE sonata_flags)
  sonata_link(sonata_${name} ${arg_DEPS})
endfunction()

function(sonata_program name)
  cmake_parse_arguments(arg "NOINSTALL" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${SONATA_INCLUDE_ROOTS})
  target_link_libraries(${name} PRIVATE sonata_flags)
  sonata_link(${name} ${arg_DEPS})
  # An installed program takes libraries from beside it where a package brings them (deploy/package.sh), else the system's. The old kind of entry holds for
  # the libraries' own libraries too.
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin" INSTALL_RPATH "$ORIGIN/../lib/sonata")
  target_link_options(${name} PRIVATE LINKER:--disable-new-dtags)
  if(NOT arg_NOINSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# Manual page PROGRAM.1 from what the program's --help says; or PAGE.SECTION from what it says to another FLAG.
function(sonata_manual program summary)
  cmake_parse_arguments(arg "" "PAGE;SECTION;FLAG" "" ${ARGN})
  if(NOT arg_PAGE)
    set(arg_PAGE ${program})
    set(arg_SECTION 1)
    set(arg_FLAG --help)
  endif()
  set(page "${CMAKE_BINARY_DIR}/man/${arg_PAGE}.${arg_SECTION}")
  string(REPLACE ";" " " emulator "${CMAKE_CROSSCOMPILING_EMULATOR}")
  add_custom_command(OUTPUT "${page}" COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${program}> -DNAME=${arg_PAGE} -DSECTION=${arg_SECTION}
    -DFLAG=${arg_FLAG} -DSUMMARY=${summary} -DOUT=${page} "-DEMULATOR=${emulator}" -P ${CMAKE_SOURCE_DIR}/common/cmake/help_page.cmake
    DEPENDS ${program} VERBATIM)
  add_custom_target(${arg_PAGE}_manual ALL DEPENDS "${page}")
  if(NOT TARGET sonata_manuals)
    add_custom_target(sonata_manuals)
  endif()
  add_dependencies(sonata_manuals ${arg_PAGE}_manual)
  install(FILES "${page}" DESTINATION ${CMAKE_INSTALL_MANDIR}/man${arg_SECTION})
endfunction()

# Properties every test has. tsan cannot see the atomics inside libraries that are not built with it (libzmq's queues, above all), so what happens
# between two of their own accesses is not judged. TIMEOUT is in seconds of an ordinary build; sanitizers get SONATA_SLOWDOWN times as long.
if(SONATA_SANITIZE)
  set(SONATA_SLOWDOWN 4)
else()
  set(SONATA_SLOWDOWN 1)
endif()
function(sonata_test_limits name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "" ${ARGN})
  math(EXPR timeout "${arg_TIMEOUT} * ${SONATA_SLOWDOWN}")
  if(timeout LESS 120) # a hang is found as well, and a machine with a load of 20 is no reason to fail
    set(timeout 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${timeout} SKIP_RETURN_CODE 77)
  if(SONATA_SANITIZE)
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0;TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  endif()
endfunction()

function(sonata_test name)
  cmake_parse_arguments(arg "ON_DEMAND" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${SONATA_INCLUDE_ROOTS} "${CMAKE_SOURCE_DIR}/tests")
  target_compile_definitions(${name} PRIVATE SONATA_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SONATA_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE sonata_flags dep::cmocka)
  foreach(dep IN LISTS arg_DEPS)
    if(dep MATCHES "::" OR dep STREQUAL "m")
      target_link_libraries(${name} PRIVATE ${dep})
    else()
      target_link_libraries(${name} PRIVATE sonata::${dep})
    endif()
  endforeach()
  if(arg_ON_DEMAND)
    add_test(NAME ${name} COMMAND ${name} CONFIGURATIONS long)
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  sonata_test_limits(${name} LABEL ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()

# Adds every listed sub-folder.
function(sonata_subdirectories)
  foreach(dir IN LISTS ARGN)
    add_subdirectory(${dir}) # an error when it is not there
  endforeach()
endfunction()

# Every folder of a folder, in order of their names.
function(sonata_all_subdirectories parent)
  file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/${parent}/*")
  foreach(entry IN LISTS entries)
    if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${entry}")
      sonata_subdirectories(${entry})
    endif()
  endforeach()
endfunction()
