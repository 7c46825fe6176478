/* `sonata`: the client. One table of commands, one file per command (cmd_*.c). */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "conf/yaml_doc.h"

const struct command command_table[] = {
    {"run", "FILE", "run a search on this machine, start to end, without any server",
     "Runs the search of FILE with a private master and worker, shows progress, and ends with a table of the Pareto front and files in the\n"
     "state folder: front.csv, front.json, report.html, networks/*.onnx. Interrupted in any way, the same command goes on where it was.",
     cmd_run},
    {"init", "[FILE]", "write a commented example search file",
     "Writes an example search file (search.yaml unless FILE is given; - is standard output) to start from. Never overwrites a file.", cmd_init},
    {"check", "FILE...", "validate search files and say what they would do",
     "Reads search files as the other commands do and reports the first mistake of each with file, line and key; else counts the space and\n"
     "says what would be computed on the master and what would be measured where. Space files (with a `genes:` list) are checked too.",
     cmd_check},
    {"submit", "FILE", "send a search to a master", "Checks FILE, uploads its supernet when the master lacks it, submits the search and prints its number.", cmd_submit},
    {"list", "", "list searches", "Lists the searches of the master with state and progress.", cmd_list},
    {"show", "[SEARCH]", "show one search or one individual",
     "Shows state, counters and settings of a search (number or name; default: the newest). --individual shows one architecture with its origin,\n"
     "prediction and measurements; --importance what the surrogate models learned about the genes.",
     cmd_show},
    {"watch", "[SEARCH]", "follow a search live", "Follows a search until it ends (or --once). Ctrl-C stops watching, not the search.", cmd_watch},
    {"front", "[SEARCH]", "print the Pareto front", "Prints the current Pareto front as a table, or as JSON with --json.", cmd_front},
    {"export", "[SEARCH]", "export as json, csv, onnx or yaml",
     "Exports the front (or everything with --all): json and csv with all values; yaml with the genes by name; onnx as one network file per point,\n"
     "built from the supernet.",
     cmd_export},
    {"report", "[SEARCH]", "write a self-contained HTML report",
     "Writes one HTML file with the front, hypervolume over evaluations, every front point's architecture, spread and provenance.", cmd_report},
    {"pause", "SEARCH", "pause a search", "Stops asking for new architectures; what is being measured is finished.", cmd_pause},
    {"resume", "SEARCH", "resume a paused search", "Continues a paused search.", cmd_resume},
    {"cancel", "SEARCH", "end a search", "Ends a search for good; its results stay.", cmd_cancel},
    {"fork", "SEARCH [FILE]", "start a search with what another measured",
     "A new search over the same space that begins with every result of SEARCH whose values for the new objectives the store has: no measurement is repeated and\n"
     "nothing of it is charged. Its specification is SEARCH's with the options below, or that of FILE.", cmd_fork},
    {"priority", "SEARCH N", "let a search go before or after the team's others",
     "Within its team a search of higher priority (-100 to 100, 0 is ordinary) gets boards strictly first; between teams it changes\n"
     "nothing. Before a negative N write `--`.", cmd_priority},
    {"extend", "SEARCH EVALUATIONS", "add evaluations to a budget", "Adds EVALUATIONS to the budget of a search; a finished one goes on.", cmd_extend},
    {"retry", "SEARCH", "measure again what failed",
     "Individuals of a search that failed are measured again with fresh tries; a search that is done goes on until they are told. The budget is not\n"
     "charged again. --cause picks an error class; `infeasible` and `noisy` measure results again that stand until there is another.",
     cmd_retry},
    {"boards", "", "list boards", "Lists the boards that workers offer, with state, counters and last canary (how far off its reference, how long ago).", cmd_boards},
    {"board", "ID ACTION", "drain, release, recalibrate … one board; its history",
     "ACTION is drain (no new jobs; its job ends, then maintenance), quarantine (a pause, then it proves itself), recalibrate (a new canary\n"
     "reference), power-cycle, release (ends drain and quarantine) or retire (for good), kept until the board shows it, also over restarts.\n"
     "history lists what happened to the board, oldest first. All for admins only.",
     cmd_board},
    {"keys", "list | new LABEL | revoke LABEL | release WORKER", "make, list and revoke keys",
     "Keys decide who may connect to a master and as what (admins only). `new` makes a key pair here, writes it to a file that only you can read\n"
     "(--out, default LABEL.key) and puts its public half on the master's list; give the file to whoever shall have it, over a safe channel.\n"
     "`revoke` takes effect at once, on open connections too. A worker's name belongs to the key it first came with; `release` lets another key take\n"
     "it (its worker must be offline), and so does revoking the key.",
     cmd_keys},
    {"teams", "[list | set NAME]", "make, change and list teams, their quotas and what they use",
     "A team sees its own searches only, and here its own line; the rest is for admins. With --share its measurements are shared with the other teams that share: an\n"
     "architecture measured for one of them is not measured again for another.",
     cmd_teams},
    {"uploads", "[list | remove UPLOAD | prune]", "show and remove what was uploaded to the master",
     "Uploads (supernets) count for the quota of the team that made them (`sonata teams`). `remove` takes one away, named by 8 or more characters of its hash;\n"
     "`prune` all that no unfinished search uses. A finished search whose supernet is gone can be read, but goes on only when it was uploaded again. A team\n"
     "sees and removes its own, an admin all.",
     cmd_uploads},
    {"audit", "", "show who changed what", "Shows the newest changes of teams and keys, oldest first (admins only).", cmd_audit},
    {"replay", "[SEARCH]", "prove that a search can be resumed",
     "Runs the event log of a search again from its start, in a process beside the master, and compares every proposal with the recorded one.", cmd_replay},
    {"backup", "[NAME]", "copy the master's store",
     "Writes a consistent, compacted copy of the live store to the folder NAME (default: the time) in the master's --backup-dir (admins only). A master can be\n"
     "started on the copy.", cmd_backup},
    {"bench", "[ARGUMENTS]", "compare search algorithms on published tables", "See `sonata bench --help`.", cmd_bench},
    {"supernet", "[ARGUMENTS]", "train and inspect supernets", "Runs sonata-supernet; see `sonata supernet --help`.", cmd_supernet},
    {0},
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = command_table; c->name; c++) {
        if (!strcmp(c->name, name))
            return c;
    }
    return NULL;
}

static void print_usage(FILE *out)
{
    fputs("usage: sonata COMMAND [OPTIONS] [ARGUMENTS]\n\nMulti-objective architecture search measured on real boards.\n\ncommands:\n", out);
    for (const struct command *c = command_table; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fputs("\n`sonata COMMAND --help` explains a command. Start with: sonata init && sonata run search.yaml\n"
          "exit codes: 0 done, 1 failure, 2 wrong usage or input file, 3 not found, 4 no server, 5 refused, 130 interrupted\n",
          out);
}

static int unknown_command(const char *name)
{
    const char *candidate[64];
    size_t n = 0;
    for (const struct command *c = command_table; c->name && n < 64; c++)
        candidate[n++] = c->name;
    const char *near = nearest_word(name, candidate, n);
    if (near)
        fprintf(stderr, "sonata: no command '%s': did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "sonata: no command '%s'; `sonata --help` lists them\n", name);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (!strcmp(argv[1], "help") && argc == 2)) {
        print_usage(stdout);
        return CLI_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("sonata " SONATA_VERSION);
        return CLI_OK;
    }
    static char help[] = "--help";
    if (!strcmp(argv[1], "help")) { /* sonata help run = sonata run --help */
        argv[1] = argv[2];
        argv[2] = help;
    }
    const struct command *c = command_find(argv[1]);
    return c ? c->run(c, argc - 1, argv + 1) : unknown_command(argv[1]);
}
