/* Help and manual pages of `sonata`, from the table of commands and their option tables. */
#ifndef SONATA_CLI_MANUAL_H
#define SONATA_CLI_MANUAL_H

#include <stdio.h>

#include "cli/commands.h"

/* What `sonata --help` prints. */
void manual_usage(FILE *out);
/* What `sonata COMMAND --help` prints. */
void manual_help(const struct command *c, FILE *out);
/* sonata(1), and sonata-COMMAND(1), as roff: written at build time by `sonata --man` and `sonata COMMAND --man`. */
void manual_page(FILE *out);
/* sonata-COMMAND(1), as manual_page(). */
void manual_command_page(const struct command *c, FILE *out);

#endif
