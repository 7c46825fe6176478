/* sonata export: results as json, csv, yaml or ONNX networks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/networks.h"
#include "cli/outputs.h"
#include "cli/session.h"

struct settings {
    struct cli_common common;
    const char *format, *output, *supernet;
    bool all;
};

const struct option_def export_options[] = {
    {.name = "format",
     .letter = 'f',
     .type = OPTION_CHOICE,
     .offset = offsetof(struct settings, format),
     .choices = "json|csv|yaml|onnx",
     .help = "What to write.",
     .standard = "json"},
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "PATH",
     .help = "File to write (default: standard output); for onnx a folder (default: networks)."},
    {.name = "all", .letter = 'a', .type = OPTION_FLAG, .offset = offsetof(struct settings, all), .help = "Every individual, not only the front."},
    {.name = "supernet",
     .type = OPTION_TEXT,
     .offset = offsetof(struct settings, supernet),
     .argument = "FILE",
     .help = "For onnx: the supernet file, when it is not found by name."},
    CLI_SERVER_OPTIONS(struct settings),
    CLI_HELP_OPTION(struct settings),
    {0},
};

static int export_networks(struct session *session, const struct results *r, const struct settings *s, struct sonata_error *err)
{
    unsigned n = 0;
    const char *folder = s->output ? s->output : "networks";
    int code = r->spec.model_board[0] || r->spec.n_models ? networks_fetch(session, r, s->all, folder, &n, err)
                                                          : networks_write(r, s->all, s->supernet, folder, &n, err);
    if (!code)
        printf("%u networks written to %s\n", n, folder);
    return code;
}

static int export_text(const struct results *r, const struct settings *s, struct sonata_error *err)
{
    cleanup_bytes struct bytes out = {0};
    if (!strcmp(s->format, "csv")) {
        csv_text(r, s->all, &out);
    } else if (!strcmp(s->format, "yaml")) {
        yaml_text(r, s->all, &out);
    } else {
        char *text = json_text(json_results(r, s->all), false);
        bytes_append(&out, text, strlen(text));
        free(text);
    }
    return write_output(s->output, out.data, out.size, err);
}

int cmd_export(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    cleanup_results struct results *results = NULL;
    int r = results_open(&s.common, rest < argc ? argv[rest] : NULL, &session, &results, &err);
    if (!r)
        r = results_fetch_individuals(session, results, !s.all, &err);
    if (!r)
        r = strcmp(s.format, "onnx") ? export_text(results, &s, &err) : export_networks(session, results, &s, &err);
    return r ? command_fail(self, exit_of(r), "%s", err.text) : CLI_OK;
}
