/* A program does not run for a while: SIGSTOP, as a paused virtual machine or a laptop that sleeps. The others go on, give up, come back. Afterwards
 * the master answers, the search goes on, and no program has ended. Usage: attack_pause [BIN] [REPEATS] [SECONDS] [ipc|tcp] [master|worker|client]
 * [DESCRIPTORS of master and worker]; every further pause is as long as the first. tests/integration/attack/pauses.sh runs many beside each other. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/net.h"
#include "support/client.h"
#include "support/table_farm.h"

enum { ANSWER_MS = 60000, CLIENTS = 8, BUDGET = 4000, MORE = 5, PROGRESS_S = 90, DELAY_MS = 1000, ASK_EVERY_MS = 500 };

enum victim { VICTIM_MASTER, VICTIM_WORKER, VICTIM_CLIENT, VICTIM_COUNT };
static const char *const victim_name[VICTIM_COUNT] = {"master", "worker", "client"};

static uint32_t told(const struct table_farm *f, uint64_t search)
{
    Sonata__Reply *reply = client_show_search(f->client, search, ANSWER_MS);
    uint32_t n = reply ? reply->searches[0]->told : 0;
    sonata__reply__free_unpacked(reply, NULL);
    return n;
}

/* Clients that ask and do not read. */
static void ask(struct net_client **client, unsigned n, uint64_t search)
{
    for (unsigned i = 0; i < 40 * n; i++) {
        static uint8_t id[16];
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
        Sonata__Envelope e = SONATA__ENVELOPE__INIT;
        cleanup_bytes struct bytes out = {0};
        id[0] = (uint8_t)i;
        show.search = search;
        q.verb_case = SONATA__REQUEST__VERB_SHOW;
        q.show = &show;
        q.id = (ProtobufCBinaryData){.data = id, .len = sizeof id};
        e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
        e.request = &q;
        envelope_pack(&e, &out);
        (void)net_client_send(client[i % n], out.data, out.size);
    }
}

static void open_clients(const struct table_farm *f, struct net_client *client[CLIENTS])
{
    struct sonata_error err = {{0}};
    for (int i = 0; i < CLIENTS; i++) {
        if (net_client_new(f->client, NULL, &client[i], &err)) {
            fprintf(stderr, "%s\n", err.text);
            abort();
        }
    }
}

/* A client in a process of its own, which asks until it is killed. */
static pid_t start_asking(const struct table_farm *f, uint64_t search)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        (void)told(f, search);
        clock_sleep_ns(ASK_EVERY_MS * SONATA_MS);
    }
}

static bool lives(const char *name, pid_t pid)
{
    int status = process_wait(pid, 0);
    if (status != -1)
        fprintf(stderr, "the %s ended with %d\n", name, status);
    return status == -1;
}

static pid_t pid_of(const struct table_farm *f, enum victim who, pid_t asking)
{
    if (who == VICTIM_CLIENT)
        return asking;
    return who == VICTIM_WORKER ? f->worker_pid[0] : f->master_pid;
}

/* One pause; some clients leave in it. */
static bool pause_once(struct table_farm *f, uint64_t search, enum victim who, int seconds)
{
    struct net_client *client[CLIENTS];
    uint32_t before = told(f, search);
    pid_t asking = start_asking(f, search), victim = pid_of(f, who, asking);
    open_clients(f, client);
    ask(client, CLIENTS, search);
    kill(victim, SIGSTOP);
    ask(client, CLIENTS, search);
    clock_sleep_ns(seconds * SONATA_SECOND);
    for (int i = 0; i < CLIENTS / 2; i++)
        net_client_free(client[i]);
    kill(victim, SIGCONT);
    bool good = client_wait_told(f->client, search, before + MORE, PROGRESS_S);
    for (int i = CLIENTS / 2; i < CLIENTS; i++)
        net_client_free(client[i]);
    bool all = lives("master", f->master_pid);
    if (!all)
        f->master_pid = 0;
    all = lives("worker", f->worker_pid[0]) && lives("client", asking) && all;
    process_kill(asking);
    if (!good || !all)
        fprintf(stderr, "after a pause of the %s of %d s: %s\n", victim_name[who], seconds, good ? "goes on" : "no progress");
    return good && all;
}

static enum victim victim_named(const char *name)
{
    for (int i = 0; i < VICTIM_COUNT; i++) {
        if (!strcmp(name, victim_name[i]))
            return (enum victim)i;
    }
    fprintf(stderr, "'%s': master, worker or client is expected\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    struct table_farm f;
    int repeats = argc > 2 ? atoi(argv[2]) : 1, seconds = argc > 3 ? atoi(argv[3]) : 25, good = 0;
    uint64_t search;
    table_farm_open(&f, argc > 1 ? argv[1] : SONATA_BINARY_DIR "/bin", 1, DELAY_MS);
    enum victim who = victim_named(argc > 5 ? argv[5] : "master");
    if (argc > 4 && !strcmp(argv[4], "tcp")) {
        snprintf(f.client, sizeof f.client, "tcp://127.0.0.1:%d", 22000 + (int)(getpid() % 9000));
        snprintf(f.worker, sizeof f.worker, "tcp://127.0.0.1:%d", 32000 + (int)(getpid() % 9000));
        f.security = "none";
    }
    process_descriptors = argc > 6 ? (unsigned)atoi(argv[6]) : 0;
    table_farm_start_master(&f);
    table_farm_start_worker(&f, 0);
    struct search_spec *spec = table_farm_spec("pauses", "random", BUDGET, 1);
    if (client_submit_spec(f.client, spec, NULL, &search, ANSWER_MS))
        return 1;
    free(spec);
    for (int i = 0; i < repeats && f.master_pid; i++)
        good += pause_once(&f, search, who, seconds);
    printf("%d of %d pauses of the %s of %d s without harm\n", good, repeats, victim_name[who], seconds);
    bool sound = f.master_pid && f.worker_pid[0] && process_wait(f.worker_pid[0], 0) == -1 && table_farm_stop(&f) && !table_farm_check(&f);
    if (good != repeats || !sound)
        table_farm_print_log(&f, "master.log");
    table_farm_close(&f, good != repeats || !sound);
    return good != repeats || !sound;
}
