/* sonata init: a commented example to start from. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/report.h"

struct settings {
    struct cli_common common;
    bool table, evaluator;
};

const struct option_def init_options[] = {
    {.name = "table",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, table),
     .help = "An example against a table of published measurements, not this machine."},
    {.name = "evaluator",
     .type = OPTION_FLAG,
     .offset = offsetof(struct settings, evaluator),
     .help = "An example that works with an evaluator of your own: search.yaml, space.yaml and evaluator.py, in the folder FILE (default: here)."},
    CLI_HELP_OPTION(struct settings),
    {0},
};

static const char on_host[] =
    "# A search file: what to look for, where to measure it, how long. See docs/SEARCH_FILE.md; `sonata check FILE` validates it.\n"
    "name: my-search               # letters, digits, '-', '_', '.'\n"
    "\n"
    "# A preset (fmnist-mbconv, nb201, ofa-mbv3, ...) or the path of a space file (docs/SPACES.md).\n"
    "space: fmnist-mbconv\n"
    "\n"
    "# 1 to 4 objectives. Units: accuracy %, latency ms, energy mJ, params and macs counts, flash and ram bytes.\n"
    "objectives:\n"
    "  - {metric: accuracy, goal: max}\n"
    "  - {metric: latency, board: host, goal: min}   # board: a board type; host is this machine\n"
    "\n"
    "# Optional limits. params, macs, flash and ram are computed before anything is measured.\n"
    "constraints:\n"
    "  - {metric: params, max: 200k}\n"
    "\n"
    "algorithm: {name: sonata+}    # sonata+ | sonata | nsga2 | random | aging | local | linas | nsganetv2 | optuna-nsga2 | ehvi | lamoo | parego\n"
    "\n"
    "budget:\n"
    "  evaluations: 150            # measured architectures, 20 to 100000\n"
    "  wall: 2h                    # optional: stop after this time\n"
    "\n"
    "evaluation:\n"
    "  tier: screen                # screen (a second each) | search (15 s and more) | report (minutes)\n"
    "  dataset: fashion-mnist\n"
    "  supernet: fmnist-mbconv-v1  # a name, or the path of a .safetensors file\n"
    "  # replicates: 3             # measure members of the front again until each rests on so many measurements\n"
    "\n"
    "seed: 1\n";

static const char on_table[] =
    "# A search against a table of published measurements: no board, no network is built. See docs/SEARCH_FILE.md.\n"
    "name: my-table-search\n"
    "space: nb201\n"
    "objectives:\n"
    "  - {metric: accuracy, goal: max}\n"
    "  - {metric: latency, board: raspi4, goal: min}\n"
    "algorithm: {name: sonata+}\n"
    "budget: {evaluations: 200}\n"
    "seed: 1\n"
    "\n"
    "# TYPE:table:FILE,metric=COLUMN,...   The file is relative to this one; its gene columns are named like the genes of the space.\n"
    "boards:\n"
    "  - \"raspi4:table:measurements.csv,accuracy=accuracy,latency=latency_ms\"\n";

struct example_file {
    char path[1024];
    struct asset content;
};

static int write_all(const struct command *self, const struct example_file *file, unsigned n)
{
    struct sonata_error err = {{0}};
    for (unsigned i = 0; i < n; i++) {
        if (file_exists(file[i].path))
            return command_fail(self, CLI_REFUSED, "%s is there already and is not overwritten; name another folder", file[i].path);
    }
    for (unsigned i = 0; i < n; i++) {
        int r = write_output(file[i].path, file[i].content.data, file[i].content.size, &err);
        if (r)
            return command_fail(self, exit_of(r), "%s", err.text);
    }
    return CLI_OK;
}

/* The three files of an evaluator; the folder is made when it is not there. */
static int init_evaluator(const struct command *self, const char *folder)
{
    struct example_file file[] = {{.content = asset_example_search()}, {.content = asset_example_space()}, {.content = asset_example_evaluator()}};
    static const char *const name[] = {"search.yaml", "space.yaml", "evaluator.py"};
    if (mkdir(folder, 0777) && errno != EEXIST)
        return command_fail(self, exit_of(-errno), "%s: %s", folder, strerror(errno));
    for (unsigned i = 0; i < 3; i++) {
        if ((size_t)snprintf(file[i].path, sizeof file[i].path, "%s/%s", folder, name[i]) >= sizeof file[i].path)
            return command_fail(self, CLI_USAGE, "%s: too long a path", folder);
    }
    int r = write_all(self, file, 3);
    if (r)
        return r;
    printf("search.yaml, space.yaml and evaluator.py written to %s. Next, there:\n"
           "  python3 -m sonata check evaluator.py --space space.yaml -n 3\n  sonata check search.yaml && sonata run search.yaml\n"
           "(python3 needs the package python3-sonata, or deploy/python on PYTHONPATH)\n",
           folder);
    return CLI_OK;
}

int cmd_init(const struct command *self, int argc, char **argv)
{
    struct settings s = {0};
    int rest, code;
    if (!command_begin(self, &s, argc, argv, &rest, &code))
        return code;
    if (s.evaluator && s.table)
        return command_fail(self, CLI_USAGE, "either --table or --evaluator");
    if (s.evaluator)
        return init_evaluator(self, rest < argc ? argv[rest] : ".");
    const char *path = rest < argc ? argv[rest] : "search.yaml";
    const char *text = s.table ? on_table : on_host;
    struct sonata_error err = {{0}};
    if (strcmp(path, "-") && file_exists(path))
        return command_fail(self, CLI_REFUSED, "%s is there already and is not overwritten; name another file", path);
    int r = write_output(path, text, strlen(text), &err);
    if (r)
        return command_fail(self, exit_of(r), "%s", err.text);
    if (strcmp(path, "-"))
        printf("%s written. Next: sonata check %s && sonata run %s\n", path, path, path);
    return CLI_OK;
}
