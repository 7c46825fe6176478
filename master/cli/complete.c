/* See complete.h. */
#include "cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/session.h"

enum { WORDS_MAX = 128 };

/* "a|b" a line each. */
static void print_words(const char *words)
{
    for (const char *p = words; p && *p;) {
        size_t n = strcspn(p, "|");
        printf("%.*s\n", (int)n, p);
        p += n + (p[n] == '|');
    }
}

static void print_options(const struct option_def *table)
{
    for (const struct option_def *d = table; d->name; d++)
        printf("--%s\n", d->name);
}

/* The option that a word is, "-s" or "--state"; NULL: none. */
static const struct option_def *option_of(const struct option_def *table, const char *word)
{
    for (const struct option_def *d = table; d->name; d++) {
        bool is_long = !strncmp(word, "--", 2) && !strcmp(word + 2, d->name);
        if (is_long || (word[0] == '-' && d->letter && word[1] == d->letter && !word[2]))
            return d;
    }
    return NULL;
}

static void print_option_values(const struct option_def *d)
{
    const char *argument = option_argument(d);
    if (d->type == OPTION_CHOICE)
        print_words(d->choices);
    else if (!strcmp(argument, "DIR") || !strcmp(argument, "FOLDER"))
        puts(":folder");
    else if (!strcmp(argument, "FILE"))
        puts(":file");
}

/* How to reach the master: what the words, the environment and the configuration say. A mistake in them is not said here. */
static void common_of(const struct command *c, int n, char **word, struct cli_common *ret_common)
{
    struct sonata_error err = {{0}};
    options_defaults(plain_options, ret_common);
    int r = cli_config_read(ret_common, &err);
    if (!r)
        r = options_environment(plain_options, "SONATA", ret_common, &err);
    for (int i = 1; !r && i + 2 < n; i++) {
        const struct option_def *d = option_of(c->options, word[i]), *shared = option_of(plain_options, word[i]);
        if (!d || d->type == OPTION_FLAG)
            continue;
        i++;
        if (shared)
            r = option_set(shared, word[i], ret_common, &err);
    }
}

/* The master that the words name; a line about what is wrong would only be in the way. */
static int ask(const struct command *c, int n, char **word, Sonata__Request *request, Sonata__Envelope **ret_reply)
{
    struct cli_common common = {0};
    struct sonata_error err = {{0}};
    cleanup_session struct session *session = NULL;
    common_of(c, n, word, &common);
    int r = session_open_common(&common, &session, &err);
    if (!r)
        session_set_patience(session, SONATA_SECOND);
    return r ? r : session_call(session, request, ret_reply, &err);
}

static void print_searches(const struct command *c, int n, char **word)
{
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__ListSearches list = SONATA__LIST_SEARCHES__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_LIST;
    request.list = &list;
    if (ask(c, n, word, &request, &reply))
        return;
    for (size_t i = 0; i < reply->reply->n_searches; i++)
        printf("%s\n%llu\n", reply->reply->searches[i]->name, (unsigned long long)reply->reply->searches[i]->id);
}

static void print_boards(const struct command *c, int n, char **word)
{
    cleanup_envelope Sonata__Envelope *reply = NULL;
    Sonata__ListBoards list = SONATA__LIST_BOARDS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    request.verb_case = SONATA__REQUEST__VERB_BOARDS;
    request.boards = &list;
    if (ask(c, n, word, &request, &reply))
        return;
    for (size_t i = 0; i < reply->reply->n_boards; i++) {
        if (reply->reply->boards[i]->info)
            puts(reply->reply->boards[i]->info->id);
    }
}

/* How many arguments of the command stand before the last word: what is no option and no option's value. */
static int arguments_before(const struct option_def *table, int n, char **word)
{
    int arguments = 0;
    for (int i = 1; i + 1 < n; i++) {
        const struct option_def *d = option_of(table, word[i]);
        if (d && d->type != OPTION_FLAG)
            i++;
        else if (word[i][0] != '-')
            arguments++;
    }
    return arguments;
}

static void print_argument(const struct command *c, int place, int n, char **word)
{
    int actions_at = c->takes == TAKES_BOARD;
    if (c->words && place == actions_at)
        print_words(c->words);
    else if (c->takes == TAKES_SEARCH && place == 0)
        print_searches(c, n, word);
    else if (c->takes == TAKES_BOARD && place == 0)
        print_boards(c, n, word);
    else if (place < c->most && !c->words)
        puts(":file");
}

int complete(int n, char **word)
{
    if (n <= 1) {
        for (const struct command *c = command_table; c->name; c++)
            puts(c->name);
        puts("--help\n--version");
        return CLI_OK;
    }
    const struct command *c = command_of(word[0]);
    if (!c || n > WORDS_MAX)
        return CLI_OK;
    const struct option_def *before = option_of(c->options, word[n - 2]);
    if (!c->options->name)
        puts(":file");
    else if (n > 2 && before && before->type != OPTION_FLAG)
        print_option_values(before);
    else if (word[n - 1][0] == '-')
        print_options(c->options);
    else
        print_argument(c, arguments_before(c->options, n, word), n, word);
    return CLI_OK;
}
