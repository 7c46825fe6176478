/* Evaluation of one network on one board; see session.h for the order. */
#include "mcu/session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "mcu/int8_net.h"

static struct tiny_options line_options(const struct mcu_options *o)
{
    struct tiny_options t = tiny_defaults();

    t.path = o->port;
    t.name = o->name[0] ? o->name : NULL;
    t.baud = o->baud;
    t.db_max = o->db_max;
    if (o->emulated) { // its host may be busy with other things
        t.command_ns = 30 * SONATA_SECOND;
        t.first_infer_ns = 300 * SONATA_SECOND;
    }
    if (o->answer_ns)
        t.command_ns = o->answer_ns;
    t.boot_ns = 300 * SONATA_MS; // boot text that comes later is met by name% and its retries
    return t;
}

static void tell(const struct mcu_request *r, const char *phase)
{
    if (r->phase)
        r->phase(r->phase_user, phase);
}

static struct mcu_profile profile_of(const struct mcu_options *o, const struct link_info *info)
{
    struct mcu_profile p = {.flash_bytes = o->flash, .ram_bytes = o->ram, .flash_code = o->flash_code, .ram_runtime = o->ram_runtime};

    if (!p.flash_code && info)
        p.flash_code = info->flash_code;
    if (!p.ram_runtime && info)
        p.ram_runtime = info->ram_runtime;
    copy_string(p.name, sizeof p.name, o->name[0] ? o->name : o->port);
    return p;
}

static int check_memory(const struct mcu_request *r, const struct link_info *info, struct mcu_result *out, struct sonata_error *err)
{
    struct mcu_profile p = profile_of(r->options, info);
    struct q8_header h;

    memcpy(&h, r->blob, sizeof h);
    out->memory = mcu_memory_of(&p, &h);
    out->macs = h.macs;
    return mcu_memory_check(&p, &out->memory, err);
}

/* Loads picture i, runs it once and compares the logits with the host's. */
static int compare_picture(struct tiny *t, const struct mcu_request *r, struct int8_net *net, unsigned i, struct link_result *ret,
                           struct sonata_error *err)
{
    const struct q8_header *h = int8_net_header(net);
    const int8_t *input = r->input + (size_t)i * h->input_count;
    struct tiny_inference f;
    int8_t logits[Q8_OUTPUT_MAX];
    int rc = tiny_load(t, input, h->input_count, err);

    if (rc == 0)
        rc = tiny_infer(t, (struct tiny_work){1, 0, 0, h->output_count}, &f, err);
    if (rc == 0)
        rc = link_result_get(t, ret, err);
    if (rc < 0)
        return rc;
    int8_net_run(net, input, logits);
    if (ret->n_logits != h->output_count || memcmp(ret->logit, logits, h->output_count) != 0)
        return sonata_error_set(err, -EILSEQ, "picture %u: the board's logits differ from the host's", i);
    return 0;
}

static int compare_all(struct tiny *t, const struct mcu_request *r, struct mcu_result *out, double *ret_us, struct sonata_error *err)
{
    struct int8_net net;
    struct link_result result = {0};
    int rc = int8_net_init(&net, r->blob, r->size, err);

    if (rc < 0)
        return rc;
    /* backwards, so that the first picture stays loaded for the measurement */
    for (unsigned i = r->n_inputs; i-- > 0 && rc == 0;) {
        rc = compare_picture(t, r, &net, i, &result, err);
        out->compared += rc == 0;
    }
    int8_net_fini(&net);
    out->ticks = result.total;
    *ret_us = result.tick_hz ? (double)result.total * 1e6 / result.tick_hz : 0;
    return rc;
}

static int one_window(struct tiny *t, uint32_t n, uint32_t warmups, double estimate_us, double *ret_us, struct sonata_error *err)
{
    struct tiny_inference f;
    struct link_result result;
    int rc = tiny_infer(t, (struct tiny_work){n, warmups, estimate_us, 0}, &f, err);

    if (rc == 0)
        rc = link_result_get(t, &result, err);
    if (rc == 0 && result.n != n)
        rc = sonata_error_set(err, -EPROTO, "the board timed %u inferences instead of %u", result.n, n);
    if (rc < 0)
        return rc;
    *ret_us = (double)result.total * 1e6 / result.tick_hz / n;
    /* the grammar's own figure has a resolution of 1 us and may contain some printing */
    if (fabs(*ret_us - f.us) * n > 2 + 0.02 * *ret_us * n)
        return sonata_error_set(err, -EPROTO, "ticks say %.1f us, lap times say %.1f us", *ret_us, f.us);
    return 0;
}

/* On an emulator every inference of a picture takes the same ticks: the first one is the measurement. */
static void take_first(double us, struct mcu_result *out)
{
    out->n_windows = 1;
    out->inferences = 1;
    out->window_us[0] = us;
    out->measured_us = us;
}

static uint32_t at_least(double n, uint32_t minimum)
{
    n = ceil(n);
    if (n > 1e6)
        return 1000000;
    return n > minimum ? (uint32_t)n : minimum;
}

/* A duration of the protocol for inferences of this length. */
static double scaled(const struct mcu_request *r, double duration_us, double estimate_us)
{
    double cut = r->scale * estimate_us > r->scale_floor_us ? r->scale * estimate_us : r->scale_floor_us;

    return r->scale > 0 && cut < duration_us ? cut : duration_us;
}

static bool another(const struct mcu_request *r, const struct mcu_result *so_far)
{
    if (so_far->n_windows < r->windows)
        return true;
    return so_far->n_windows < MCU_WINDOWS_MAX && r->want_more && r->want_more(r->want_more_user, so_far);
}

static int measure(struct tiny *t, const struct mcu_request *r, double estimate_us, struct mcu_result *out, struct sonata_error *err)
{
    uint32_t each = (r->min_inferences + r->windows - 1) / r->windows, n;
    uint32_t warmups = at_least(scaled(r, r->warmup_us, estimate_us) / estimate_us, r->warmup_inferences);
    int rc = tiny_choose_n(estimate_us, scaled(r, r->window_us, estimate_us), each ? each : 1, &n);

    if (rc < 0)
        return sonata_error_set(err, rc, "infeasible:time: one inference takes %.0f s", estimate_us / 1e6);
    tell(r, "measure");
    while (rc == 0 && another(r, out)) {
        double *us = &out->window_us[out->n_windows];

        rc = one_window(t, n, out->n_windows ? 0 : warmups, estimate_us, us, err);
        if (rc == 0) {
            out->n_windows++;
            out->inferences += n;
            out->measured_us += *us * n;
        }
    }
    return rc;
}

static int check_request(const struct mcu_request *r, struct sonata_error *err)
{
    if (!r->windows || r->windows > MCU_WINDOWS_MAX || !r->n_inputs || r->size < sizeof(struct q8_header) ||
        q8_check(r->blob, (uint32_t)r->size, Q8_ARENA_MAX, NULL) != Q8_OK)
        return sonata_error_set(err, -EINVAL, "mcu run: a sound blob, 1 to %d windows and a picture are needed", MCU_WINDOWS_MAX);
    return mcu_options_check(r->options, err);
}

static int run_on(struct tiny *t, const struct mcu_request *r, struct mcu_result *out, struct sonata_error *err)
{
    double estimate_us = 0;
    int rc;

    copy_string(out->board, sizeof out->board, tiny_name(t));
    rc = link_info_get(t, &out->info, err);
    if (rc == 0)
        rc = check_memory(r, &out->info, out, err);
    if (rc < 0)
        return rc;
    tell(r, "upload");
    rc = link_upload(t, &out->info, r->blob, r->size, r->options->hex ? LINK_HEX : LINK_BINARY, err);
    if (rc < 0)
        return rc;
    tell(r, "check");
    rc = compare_all(t, r, out, &estimate_us, err);
    if (rc == 0 && !(estimate_us > 0))
        rc = sonata_error_set(err, -EPROTO, "the board's timer stands still");
    if (rc < 0 || !r->options->emulated)
        return rc < 0 ? rc : measure(t, r, estimate_us, out, err);
    take_first(estimate_us, out);
    return 0;
}

int mcu_run(const struct mcu_request *r, struct mcu_result *ret_result, struct sonata_error *err)
{
    struct tiny_options line;
    struct tiny *t;
    int rc = check_request(r, err);

    memset(ret_result, 0, sizeof *ret_result);
    if (rc == 0)
        rc = check_memory(r, NULL, ret_result, err);
    if (rc < 0)
        return rc;
    line = line_options(r->options);
    rc = tiny_open(&line, &t, err);
    if (rc < 0)
        return rc;
    rc = run_on(t, r, ret_result, err);
    tiny_close(t);
    return rc;
}

int mcu_ping(const struct mcu_options *o, struct link_info *ret_info, char ret_name[TINY_TEXT_MAX], struct sonata_error *err)
{
    struct tiny_options line = line_options(o);
    struct tiny *t;
    int rc = mcu_options_check(o, err);

    if (rc == 0)
        rc = tiny_open(&line, &t, err);
    if (rc < 0)
        return rc;
    copy_string(ret_name, TINY_TEXT_MAX, tiny_name(t));
    rc = link_info_get(t, ret_info, err);
    tiny_close(t);
    return rc;
}
