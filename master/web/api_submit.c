/* New searches: a search file that comes as text, looked at and submitted; and forks. No file that a text names is opened: the space comes with it or
 * is one of those installed, and a supernet is one of those installed here that the master has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/fork_spec.h"
#include "cli/json.h"
#include "conf/search_file.h"
#include "web/api.h"

/* The search file of the body, with the space beside it. */
static int read_file(const struct call *c, struct search_file *f, struct sonata_error *err)
{
    const char *text = call_body_text(c, "file"), *space = call_body_text(c, "space");
    if (!text[0])
        return sonata_error_set(err, -EINVAL, "file: the text of a search file is expected");
    return search_file_load_closed(text, space[0] ? space : NULL, f, err);
}

void api_search_check(struct call *c)
{
    struct sonata_error err = {{0}};
    cleanup_free struct search_file *f = xcalloc(1, sizeof *f);
    int r = read_file(c, f, &err);
    out_open(&c->out, NULL, '{');
    out_bool(&c->out, "valid", !r);
    out_text(&c->out, "error", r ? err.text : NULL);
    if (!r) {
        write_cjson(&c->out, "spec", json_spec(&f->spec));
        out_number(&c->out, "architectures", space_size(&f->spec.space));
    }
    out_close(&c->out, '}');
    call_finish(c);
}

struct submission {
    struct call *call;
    struct search_spec spec;
    uint64_t fork_of;
};

static void write_submitted(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, NULL, '{');
    out_unsigned(&c->out, "search", reply->search);
    out_close(&c->out, '}');
}

static void send_submission(struct submission *s)
{
    Sonata__Submit submit = SONATA__SUBMIT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    submit.spec = spec_to_message(&s->spec);
    submit.fork_of = s->fork_of;
    request.verb_case = SONATA__REQUEST__VERB_SUBMIT;
    request.submit = &submit;
    call_ask(s->call, &request, write_submitted);
    sonata__search_spec__free_unpacked(submit.spec, NULL);
}

static void on_supernet(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct submission *s = user;
    if (code)
        call_fail(s->call, code, "%s", reason);
    else if (!reply->have_blob)
        call_fail(s->call, -ENOENT, "the master does not have the supernet '%s' yet: submit one search with it by `sonata submit`, which uploads it",
                  s->spec.supernet);
    else
        send_submission(s);
    free(s);
}

/* The supernet has to be there before the search. */
static void ask_supernet(struct submission *s)
{
    Sonata__PutBlob put = SONATA__PUT_BLOB__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    put.hash = (ProtobufCBinaryData){sizeof s->spec.supernet_hash, s->spec.supernet_hash};
    request.verb_case = SONATA__REQUEST__VERB_PUT_BLOB;
    request.put_blob = &put;
    upstream_ask(s->call->web->up, &request, s->call->token, on_supernet, s);
}

static void submit(struct call *c, const struct search_spec *spec, uint64_t fork_of)
{
    struct submission *s = xcalloc(1, sizeof *s);
    *s = (struct submission){.call = c, .spec = *spec, .fork_of = fork_of};
    if (spec->supernet[0]) {
        ask_supernet(s);
        return;
    }
    send_submission(s);
    free(s);
}

/* Objectives of the body, a list of texts such as accuracy:max. */
static int read_objectives(const struct call *c, struct fork_changes *x, struct sonata_error *err)
{
    const cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(c->body, "objectives");
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || x->n_objectives == OBJECTIVES_MAX)
            return sonata_error_set(err, -EINVAL, "objectives: at most %d texts such as accuracy:max or latency@rpi4:min are expected",
                                    OBJECTIVES_MAX);
        x->objective[x->n_objectives++] = item->valuestring;
    }
    return 0;
}

/* What the body gives as a number, or 0; -EINVAL: something else than one. */
static int read_number(const struct call *c, const char *name, double max, double *ret, struct sonata_error *err)
{
    *ret = 0;
    if (!cJSON_GetObjectItemCaseSensitive(c->body, name) || call_body_number(c, name, 1, max, ret))
        return 0;
    return sonata_error_set(err, -EINVAL, "%s: a whole number from 1 to %.0f is expected", name, max);
}

/* A fork of the search as it is, but for what the body says. */
static void fork_parent(struct call *c, const struct mirror *m)
{
    struct sonata_error err = {{0}};
    cleanup_free struct search_spec *spec = xmemdup(&m->spec, sizeof m->spec);
    struct fork_changes x = {.name = call_body_text(c, "name"), .algorithm = call_body_text(c, "algorithm")};
    double n;
    int r = read_objectives(c, &x, &err);
    if (!r)
        r = read_number(c, "evaluations", SPEC_EVALUATIONS_MAX, &n, &err);
    if (!r) {
        x.evaluations = (uint32_t)n;
        r = fork_spec_change(spec, &x, &err);
    }
    if (r)
        call_fail(c, r, "%s", err.text);
    else
        submit(c, spec, c->search);
}

void api_submit(struct call *c)
{
    struct sonata_error err = {{0}};
    cleanup_free struct search_file *f = xcalloc(1, sizeof *f);
    double fork_of;
    int r = read_number(c, "fork_of", 9e15, &fork_of, &err);
    if (!r && fork_of > 0 && !call_body_text(c, "file")[0]) {
        c->search = (uint64_t)fork_of;
        call_mirror(c, fork_parent);
        return;
    }
    if (!r)
        r = read_file(c, f, &err);
    if (r)
        call_fail(c, -EINVAL, "%s", err.text);
    else
        submit(c, &f->spec, (uint64_t)fork_of);
}
