/* See manual.h. */
#include "cli/manual.h"

#include <stdbool.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    enum cli_exit code;
    const char *meaning;
} exits[] = {
    {CLI_OK, "done"},
    {CLI_FAILURE, "failure"},
    {CLI_USAGE, "wrong usage or input file"},
    {CLI_NOT_FOUND, "not found"},
    {CLI_NO_SERVER, "no server"},
    {CLI_REFUSED, "refused"},
    {CLI_INTERRUPTED, "interrupted"},
};

static void print_exits(FILE *out)
{
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        fprintf(out, "%s%d %s", i ? ", " : "", exits[i].code, exits[i].meaning);
}

void manual_usage(FILE *out)
{
    fputs("usage: sonata COMMAND [OPTIONS] [ARGUMENTS]\n\nMulti-objective architecture search measured on real boards.\n\ncommands:\n", out);
    for (const struct command *c = command_table; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fputs("\n`sonata COMMAND --help` explains a command. Start with: sonata init && sonata run search.yaml\nexit codes: ", out);
    print_exits(out);
    fputc('\n', out);
}

void manual_help(const struct command *c, FILE *out)
{
    fprintf(out, "usage: sonata %s%s%s\n\n%s\n\noptions:\n", c->name, c->arguments[0] ? " " : "", c->arguments, c->text);
    options_help(c->options, out);
    fputs("\nexit codes: ", out);
    print_exits(out);
    fputc('\n', out);
}

/* Text with roff's special first characters and hyphens made safe. */
static void print_roff(const char *text, FILE *out)
{
    for (const char *p = text; *p; p++) {
        bool line_start = p == text || p[-1] == '\n';
        if (line_start && (*p == '.' || *p == '\''))
            fputs("\\&", out);
        if (*p == '-')
            fputs("\\-", out);
        else if (*p == '\\')
            fputs("\\e", out);
        else
            fputc(*p, out);
    }
}

static void print_head(const char *name, const char *summary, FILE *out)
{
    char upper[64];
    size_t n = 0;
    for (const char *p = name; *p && n + 1 < sizeof upper; p++)
        upper[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    upper[n] = '\0';
    fprintf(out, ".TH %s 1 \"\" \"sonata %s\" \"SONATA\"\n.SH NAME\n%s \\- ", upper, SONATA_VERSION, name);
    print_roff(summary, out);
    fputc('\n', out);
}

static void print_option(const struct option_def *d, FILE *out)
{
    fputs(".TP\n", out);
    if (d->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", d->letter);
    fputs("\\fB\\-\\-", out);
    print_roff(d->name, out);
    fputs("\\fR", out);
    if (d->type != OPTION_FLAG)
        fprintf(out, " \\fI%s\\fR", option_argument(d));
    fputc('\n', out);
    print_roff(d->help, out);
    if (d->standard && d->standard[0] && d->type != OPTION_FLAG)
        fprintf(out, " Default: %s.", d->standard);
    fputc('\n', out);
}

static void print_exit_section(FILE *out)
{
    fputs(".SH EXIT STATUS\n", out);
    print_exits(out);
    fputs(".\n", out);
}

void manual_command_page(const struct command *c, FILE *out)
{
    char name[64];
    snprintf(name, sizeof name, "sonata-%s", c->name);
    print_head(name, c->summary, out);
    fprintf(out, ".SH SYNOPSIS\n.B sonata %s\n[OPTIONS] %s\n.SH DESCRIPTION\n", c->name, c->arguments);
    print_roff(c->text, out);
    fputs("\n.SH OPTIONS\n", out);
    for (const struct option_def *d = c->options; d->name; d++)
        print_option(d, out);
    print_exit_section(out);
    fputs(".SH SEE ALSO\n.BR sonata (1)\n", out);
}

void manual_page(FILE *out)
{
    print_head("sonata", "multi-objective architecture search measured on real boards", out);
    fputs(".SH SYNOPSIS\n.B sonata\n.I COMMAND\n[OPTIONS] [ARGUMENTS]\n.SH DESCRIPTION\nThe client of SONATA.\n.B sonata run\n"
          "needs no server: it starts a private master and worker for one search file.\nThe other commands talk to a\n.BR sonata\\-master (1),\n"
          "or with\n.B \\-\\-state\nto the state folder of a run.\nEach command has a page of its own,\n.BR sonata\\-\\fICOMMAND\\fP (1).\n.SH "
          "COMMANDS\n",
          out);
    for (const struct command *c = command_table; c->name; c++) {
        fprintf(out, ".TP\n\\fB%s\\fR \\fI", c->name);
        print_roff(c->arguments, out);
        fputs("\\fR\n", out);
        print_roff(c->summary, out);
        fputs(".\n", out);
    }
    print_exit_section(out);
    fputs(".SH ENVIRONMENT\n.TP\n.B SONATA_SERVER\nEndpoint of the master's client port. Any option can be given as SONATA_OPTION.\n"
          ".TP\n.B SONATA_SPACES\\fR, \\fBSONATA_SHARE\\fR, \\fBSONATA_DATASETS\nFolders of space presets, installed data, and data sets.\n"
          ".SH EXAMPLES\n.nf\nsonata init && sonata run search.yaml\nsonata front \\-\\-state my-search.sonata\n"
          "sonata submit search.yaml \\-\\-server tcp://lab:7102\n.fi\n.SH SEE ALSO\n",
          out);
    for (const struct command *c = command_table; c->name; c++)
        fprintf(out, ".BR sonata\\-%s (1),\n", c->name);
    fputs(".BR sonata\\-master (1),\n.BR sonata\\-worker (1)\n", out);
}
