/* Whether a program of the user's is still the one it was: its own file and every file that its command line names. */
#ifndef SONATA_BACKEND_STAMP_H
#define SONATA_BACKEND_STAMP_H

#include <stdint.h>

/* A number that differs when one of those files was written, replaced or removed; 0 when the command line cannot be read. Modules that the program
 * loads by itself are not seen. */
uint64_t command_stamp(const char *command_line);

#endif
