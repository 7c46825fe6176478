/* See client.h. */
#include "support/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/net.h"
#include "support/process.h"

enum { ID_SIZE = 16, ASK_AGAIN_MS = 1000, PAGE = 250, PAGE_TIMEOUT_MS = 20000 };

static const struct net_security *client_keys;

void client_use_keys(const struct net_security *keys)
{
    client_keys = keys;
}

/* One connection, one question; NULL after timeout_ms. */
static Sonata__Reply *ask_once(const char *endpoint, const struct bytes *question, const uint8_t id[ID_SIZE], int timeout_ms)
{
    struct net_client *c;
    Sonata__Reply *reply = NULL;
    if (net_client_new(endpoint, client_keys, &c, NULL))
        return NULL;
    if (!net_client_send(c, question->data, question->size)) {
        uint8_t *data;
        size_t n;
        while (!reply && !net_client_receive(c, timeout_ms, &data, &n)) {
            bool other;
            Sonata__Envelope *e = envelope_unpack(data, n, &other, NULL);
            free(data);
            if (e && e->body_case == SONATA__ENVELOPE__BODY_REPLY && e->reply->id.len == ID_SIZE && !memcmp(e->reply->id.data, id, ID_SIZE)) {
                reply = e->reply;
                e->reply = NULL;
                e->body_case = SONATA__ENVELOPE__BODY__NOT_SET;
            }
            envelope_free(e);
        }
    }
    net_client_free(c);
    return reply;
}

Sonata__Reply *client_ask(const char *endpoint, Sonata__Request *q, int timeout_ms)
{
    uint8_t id[ID_SIZE];
    if (!q->id.len) {
        if (getrandom(id, sizeof id, 0) != sizeof id)
            return NULL;
        q->id.data = id;
        q->id.len = sizeof id;
    }
    Sonata__Envelope e = SONATA__ENVELOPE__INIT;
    e.body_case = SONATA__ENVELOPE__BODY_REQUEST;
    e.request = q;
    cleanup_bytes struct bytes question = {0};
    envelope_pack(&e, &question);
    Sonata__Reply *reply = NULL;
    for (int64_t end = clock_monotonic_ns() + timeout_ms * TEST_PATIENCE * SONATA_MS; !reply && clock_monotonic_ns() < end;)
        reply = ask_once(endpoint, &question, q->id.data, timeout_ms < ASK_AGAIN_MS ? timeout_ms : ASK_AGAIN_MS);
    if (q->id.data == id) {
        q->id.data = NULL;
        q->id.len = 0;
    }
    return reply;
}

int client_submit_spec(const char *endpoint, const struct search_spec *spec, const uint8_t *id, uint64_t *ret_search, int timeout_ms)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__Submit submit = SONATA__SUBMIT__INIT;
    submit.spec = spec_to_message(spec);
    q.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    q.submit = &submit;
    if (id) {
        q.id.data = (uint8_t *)id;
        q.id.len = ID_SIZE;
    }
    Sonata__Reply *reply = client_ask(endpoint, &q, timeout_ms);
    sonata__search_spec__free_unpacked(submit.spec, NULL);
    if (!reply)
        return -ETIMEDOUT;
    int code = reply->code;
    if (code)
        fprintf(stderr, "submission refused: %s\n", reply->text);
    *ret_search = reply->search;
    sonata__reply__free_unpacked(reply, NULL);
    return code;
}

Sonata__Reply *client_show_search(const char *endpoint, uint64_t search, int timeout_ms)
{
    Sonata__Request q = SONATA__REQUEST__INIT;
    Sonata__ShowSearch show = SONATA__SHOW_SEARCH__INIT;
    show.search = search;
    q.verb_case = SONATA__REQUEST__VERB_SHOW;
    q.show = &show;
    Sonata__Reply *reply = client_ask(endpoint, &q, timeout_ms);
    if (reply && (reply->code || reply->n_searches != 1)) {
        fprintf(stderr, "search %llu: %s\n", (unsigned long long)search, reply->text);
        sonata__reply__free_unpacked(reply, NULL);
        return NULL;
    }
    return reply;
}

bool client_wait_told(const char *endpoint, uint64_t search, uint32_t n, int timeout_s)
{
    int64_t end = clock_monotonic_ns() + timeout_s * TEST_PATIENCE * SONATA_SECOND;
    for (bool enough = false; !enough; clock_sleep_ns(10 * SONATA_MS)) {
        Sonata__Reply *reply = client_show_search(endpoint, search, PAGE_TIMEOUT_MS);
        enough = reply && reply->searches[0]->told >= n;
        if (reply)
            sonata__reply__free_unpacked(reply, NULL);
        if (!enough && clock_monotonic_ns() > end)
            return false;
    }
    return true;
}

Sonata__Individual **client_all_individuals(const char *endpoint, uint64_t search, bool front_only, size_t *ret_n)
{
    Sonata__Individual **all = NULL;
    size_t n = 0, capacity = 0;
    uint64_t from = 0;
    for (bool more = true; more;) {
        Sonata__Request q = SONATA__REQUEST__INIT;
        Sonata__GetIndividuals get = SONATA__GET_INDIVIDUALS__INIT;
        get.search = search;
        get.from = from;
        get.max = PAGE;
        get.front_only = front_only;
        q.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
        q.individuals = &get;
        Sonata__Reply *reply = client_ask(endpoint, &q, PAGE_TIMEOUT_MS);
        if (!reply || reply->code) {
            fprintf(stderr, "individuals of search %llu: %s\n", (unsigned long long)search, reply ? reply->text : "no answer");
            abort();
        }
        for (size_t i = 0; i < reply->n_individuals; i++) {
            all = xgrow(all, &capacity, n + 1, sizeof *all);
            all[n++] = reply->individuals[i];
            from = reply->individuals[i]->id + 1;
        }
        more = reply->more && reply->n_individuals;
        reply->n_individuals = 0;
        free(reply->individuals);
        reply->individuals = NULL;
        sonata__reply__free_unpacked(reply, NULL);
    }
    *ret_n = n;
    return all;
}
