# 32-bit ARMv7 with hardware floating point, as Debian's armhf.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(SONATA_ARCH armhf)
set(SONATA_TRIPLET arm-linux-gnueabihf)
set(SONATA_QEMU qemu-arm-static)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake")
