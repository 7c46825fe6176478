/* One individual in full: its values, what its models foretold, its layers, and the record of every attempt on a board. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/json.h"
#include "domain/mbconv.h"
#include "web/api.h"

enum { SAMPLES_SHOWN = 2000 };

static const char *const type_name[] = {"conv", "pointwise", "depthwise", "mean", "linear"};
static const char *const role_name[] = {"stem", "expand", "depthwise", "project", "head", "mean", "classifier"};

static double macs_of(const struct network_layer *l)
{
    double places = (double)l->out_size * l->out_size, window = (double)l->kernel * l->kernel;
    switch (l->type) {
    case NETWORK_CONV:
        return places * window * l->in_channels * l->out_channels;
    case NETWORK_POINTWISE:
        return places * l->in_channels * l->out_channels;
    case NETWORK_DEPTHWISE:
        return places * window * l->out_channels;
    case NETWORK_LINEAR:
        return (double)l->in_channels * l->out_channels;
    default:
        return 0;
    }
}

static void write_layer(struct bytes *b, const struct network_layer *l, const struct mbconv_place *p)
{
    bool inside = p->role >= MBCONV_EXPAND && p->role <= MBCONV_PROJECT;
    out_open(b, NULL, '{');
    out_text(b, "type", type_name[l->type]);
    out_text(b, "role", role_name[p->role]);
    if (inside) {
        out_unsigned(b, "stage", p->stage + 1u);
        out_unsigned(b, "block", p->block + 1u);
    }
    out_unsigned(b, "in", l->in_channels);
    out_unsigned(b, "out", l->out_channels);
    out_unsigned(b, "kernel", l->kernel);
    out_unsigned(b, "stride", l->stride);
    out_unsigned(b, "in_size", l->in_size);
    out_unsigned(b, "out_size", l->out_size);
    out_bool(b, "add", l->add >= 0);
    out_number(b, "macs", macs_of(l));
    out_close(b, '}');
}

/* null when the space's networks cannot be built here: a table says what they measure. */
static void write_layers(struct bytes *b, const struct space *s, const struct genotype *g)
{
    struct mbconv_place place[NETWORK_LAYERS_MAX] = {{0}};
    cleanup_free struct network *n = xcalloc(1, sizeof *n);
    if (!s->network.family[0] || mbconv_shape(s, g, n, place, NULL)) {
        out_null(b, "layers");
        return;
    }
    out_open(b, "layers", '[');
    for (unsigned i = 0; i < n->n_layers; i++)
        write_layer(b, &n->layer[i], &place[i]);
    out_close(b, ']');
}

/* At most SAMPLES_SHOWN of them, evenly taken. */
static void write_samples(struct bytes *b, const struct measurement *m)
{
    uint32_t step = m->n_samples / SAMPLES_SHOWN + 1;
    out_unsigned(b, "n_samples", m->n_samples);
    out_open(b, "samples_us", '[');
    for (uint32_t i = 0; i < m->n_samples; i += step)
        out_float(b, NULL, m->samples_us[i]);
    out_close(b, ']');
    out_open(b, "window_median_us", '[');
    for (uint32_t i = 0; i < m->n_windows; i++)
        out_float(b, NULL, m->window_median_us[i]);
    out_close(b, ']');
}

/* "key=value" lines as an object. */
static void write_conditions(struct bytes *b, const char *fingerprint)
{
    char line[FINGERPRINT_MAX];
    out_open(b, "conditions", '{');
    for (const char *p = fingerprint; *p;) {
        size_t n = strcspn(p, "\n");
        memcpy(line, p, n);
        line[n] = 0;
        char *equals = strchr(line, '=');
        if (equals) {
            *equals = 0;
            out_text(b, line, equals + 1);
        }
        p += n + (p[n] == '\n');
    }
    out_close(b, '}');
}

static void write_metric(struct bytes *b, const struct metric_value *v)
{
    out_open(b, v->name, '{');
    out_number(b, "value", v->value);
    out_number(b, "low", v->low);
    out_number(b, "high", v->high);
    out_unsigned(b, "n", v->n);
    out_close(b, '}');
}

static void write_measurement(struct bytes *b, const struct measurement *m)
{
    char flags[96];
    format_flags(m->flags, flags);
    out_open(b, NULL, '{');
    out_unsigned(b, "attempt", m->attempt);
    out_text(b, "board", m->board);
    out_text(b, "board_type", m->board_type);
    out_text(b, "outcome", outcome_name(m->outcome));
    out_text(b, "reason", m->reason);
    out_text(b, "flags", flags);
    out_time(b, "started", m->started_wall_ns);
    out_number(b, "duration_s", (double)m->duration_ns * 1e-9);
    out_open(b, "metrics", '{');
    for (uint32_t i = 0; i < m->n_metrics; i++)
        write_metric(b, &m->metric[i]);
    out_close(b, '}');
    write_conditions(b, m->fingerprint);
    write_samples(b, m);
    out_close(b, '}');
}

static void write_measurements(struct call *c, const Sonata__Reply *reply)
{
    out_open(&c->out, "attempts", '[');
    for (size_t i = 0; i < reply->n_measurements; i++) {
        struct measurement m;
        if (measurement_from_message(reply->measurements[i], &m, NULL))
            continue;
        write_measurement(&c->out, &m);
        measurement_fini(&m);
    }
    out_close(&c->out, ']');
    out_close(&c->out, '}');
}

static void ask_measurements(struct call *c)
{
    Sonata__GetMeasurement get = SONATA__GET_MEASUREMENT__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    get.search = c->search;
    get.individual = c->individual;
    request.verb_case = SONATA__REQUEST__VERB_MEASUREMENT;
    request.measurement = &get;
    call_ask(c, &request, write_measurements);
}

static void write_silent(struct bytes *b, const struct space *s, const struct genotype *g)
{
    bool active[SPACE_GENES_MAX];
    space_active(s, g, active);
    out_open(b, "inactive", '[');
    for (unsigned j = 0; j < s->n_genes; j++) {
        if (!active[j])
            out_text(b, NULL, s->gene[j].name);
    }
    out_close(b, ']');
}

static int write_individual(struct call *c, const struct mirror *m, const Sonata__Reply *reply, struct sonata_error *err)
{
    cleanup_results struct results *r = xcalloc(1, sizeof *r);
    struct results_individual x;
    if (reply->n_individuals != 1 || reply->individuals[0]->id != c->individual)
        return sonata_error_set(err, -ENOENT, "search %s has no individual %s", c->argument[0], c->argument[1]);
    r->spec = m->spec;
    int code = results_individual_from_message(&r->spec, reply->individuals[0], &x, err);
    if (code)
        return code;
    cJSON *value = json_individual(r, &x);
    char *text = cJSON_PrintUnformatted(value);
    out_open(&c->out, NULL, '{');
    out_raw(&c->out, "individual", text ? text : "null");
    free(text);
    cJSON_Delete(value);
    write_silent(&c->out, &m->spec.space, &x.genotype);
    write_layers(&c->out, &m->spec.space, &x.genotype);
    return 0;
}

static void on_individual(void *user, const Sonata__Reply *reply, int code, const char *reason)
{
    struct call *c = user;
    struct sonata_error err = {{0}};
    const struct mirror *m = mirror_peek(c->audience->mirrors, c->search);
    if (!code && !m)
        code = sonata_error_set(&err, -ENOBUFS, "too many searches are looked at: ask again");
    else if (!code)
        code = write_individual(c, m, reply, &err);
    if (code)
        call_fail(c, code, "%s", err.text[0] ? err.text : reason);
    else
        ask_measurements(c);
}

static void use_individual(struct call *c, const struct mirror *m)
{
    Sonata__GetIndividuals get = SONATA__GET_INDIVIDUALS__INIT;
    Sonata__Request request = SONATA__REQUEST__INIT;
    (void)m;
    get.search = c->search;
    get.from = c->individual;
    get.max = 1;
    request.verb_case = SONATA__REQUEST__VERB_INDIVIDUALS;
    request.individuals = &get;
    upstream_ask(c->web->up, &request, c->token, on_individual, c);
}

void api_individual(struct call *c) { call_mirror(c, use_individual); }
