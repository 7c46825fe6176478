# Common part of the toolchain files: SONATA_ARCH (Debian's name) and SONATA_TRIPLET are set, deploy/cross/sysroot.sh has made the sysroot.
# Programs can be run here as $CMAKE_CROSSCOMPILING_EMULATOR PROGRAM: only to see that they work, never to time them.
execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/sysroot.sh" --path ${SONATA_ARCH} OUTPUT_VARIABLE sysroot OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
if(NOT EXISTS "${sysroot}/usr/include")
  message(FATAL_ERROR "${sysroot} is not there: run deploy/cross/sysroot.sh ${SONATA_ARCH}, or use deploy/cross/build.sh ${SONATA_ARCH}")
endif()

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSROOT "${sysroot}")
set(CMAKE_LIBRARY_ARCHITECTURE ${SONATA_TRIPLET})
set(CMAKE_C_COMPILER ${SONATA_TRIPLET}-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR ${SONATA_QEMU} -L "${sysroot}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${sysroot}")
set(ENV{PKG_CONFIG_LIBDIR} "${sysroot}/usr/lib/${SONATA_TRIPLET}/pkgconfig:${sysroot}/usr/share/pkgconfig")
