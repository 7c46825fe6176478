/* One table per program says what its options are; parsing, environment, --help and the configuration dump all come from it.
 *
 * Order of precedence: defaults < file < environment < flags. Use:
 *     static const struct option_def table[] = {
 *         {.name = "state", .letter = 's', .type = OPTION_TEXT, .offset = offsetof(struct settings, state), .argument = "DIR", .help = "where …"},
 *         {0}};
 *     options_defaults(table, &settings);  options_environment(…);  options_parse(…); */
#ifndef SONATA_CONF_OPTIONS_H
#define SONATA_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/option.h"

/* Writes every default. Aborts on a default that does not parse (a bug). */
void options_defaults(const struct option_def *table, void *settings);
/* PREFIX_NAME for every option ("SONATA_MASTER", "http-port" → SONATA_MASTER_HTTP_PORT). */
int options_environment(const struct option_def *table, const char *prefix, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;
/* getopt_long over argv[1..]. Names may be cut when unique. *ret_rest is the index of the first argument that is not an option (argv is reordered).
 * -EINVAL with a reason that names the option and what it expects. */
int options_parse(const struct option_def *table, int argc, char **argv, void *settings, int *ret_rest, struct sonata_error *err) SONATA_MUST_CHECK;
/* A file of `name: value` lines ('#' comments, lists as [a, b] are not needed: repeat the key). Unknown keys are errors with file:line. The text is
 * kept alive by *keep (bytes_fini it when the settings are no longer used). */
int options_file(const struct option_def *table, const char *path, void *settings, struct bytes *keep, struct sonata_error *err) SONATA_MUST_CHECK;
/* option_read() with the option as a command line writes it before an error: "--name: …". */
int option_set(const struct option_def *def, const char *text, void *settings, struct sonata_error *err) SONATA_MUST_CHECK;

/* Aligned help lines of all options. */
void options_help(const struct option_def *table, FILE *out);
/* `name: value` of every option: what options_file() reads. */
void options_dump(const struct option_def *table, const void *settings, FILE *out);

#endif
