/* What a process and all below it take, from /proc: a walk over the children of every thread. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "process/process.h"

enum { TREE_MAX = 4096 };

struct walk {
    pid_t pid[TREE_MAX];
    unsigned n;
};

static void add_children_of(struct walk *w, pid_t pid, const char *thread)
{
    char path[320];
    long child;
    snprintf(path, sizeof path, "/proc/%ld/task/%s/children", (long)pid, thread);
    FILE *f = fopen(path, "re");
    while (f && w->n < TREE_MAX && fscanf(f, "%ld", &child) == 1)
        w->pid[w->n++] = (pid_t)child;
    if (f)
        fclose(f);
}

static void add_children(struct walk *w, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *threads = opendir(path);
    for (struct dirent *d = threads ? readdir(threads) : NULL; d; d = readdir(threads)) {
        if (d->d_name[0] != '.')
            add_children_of(w, pid, d->d_name);
    }
    if (threads)
        closedir(threads);
}

static uint64_t resident(pid_t pid)
{
    char path[64];
    unsigned long long pages = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%*s %llu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct process_usage process_tree_usage(pid_t pid)
{
    static struct walk w; /* 16 KiB; one walk at a time */
    struct process_usage usage = {0};
    w.pid[0] = pid;
    w.n = 1;
    for (unsigned i = 0; i < w.n; i++) {
        usage.resident += resident(w.pid[i]);
        add_children(&w, w.pid[i]);
    }
    usage.below = w.n - 1;
    return usage;
}
