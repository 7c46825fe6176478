/* For libraries that come before libc by LD_PRELOAD. */
#ifndef SONATA_TESTS_SUPPORT_PRELOAD_H
#define SONATA_TESTS_SUPPORT_PRELOAD_H

#include <dlfcn.h>
#include <stdint.h>

/* Declares `real`, the next definition of the function in hand, whose parameters are given in parentheses. Needs _GNU_SOURCE. */
#define PRELOAD_REAL(type, name, parameters) type(*real) parameters = (type(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name)

#endif
