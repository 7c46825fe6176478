# 64-bit ARM: Raspberry Pi 3 and later with a 64-bit system, Jetson. ARMv8.0 with NEON, as Debian's arm64.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(SONATA_ARCH arm64)
set(SONATA_TRIPLET aarch64-linux-gnu)
set(SONATA_QEMU qemu-aarch64-static)
include("${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake")
