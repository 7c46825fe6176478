/* See attempt.h. The table below gives every key we know its line, its words and its unit; what a newer worker adds ends up in the last line. */
#include "cli/attempt.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/results.h"

enum { WIDTH = 116, INDENT = 15, VALUE_MAX = 256, WORD_MAX = 400 };

enum line { LINE_INSTRUMENT, LINE_WINDOWS, LINE_CONDITIONS, LINE_ENERGY, LINE_CANARY, LINE_DATA, LINE_TIME, LINE_HOST, LINE_COUNT };
static const char *const line_name[LINE_COUNT] = {"instrument", "windows", "conditions", "energy", "canary", "data", "time", "host"};

enum unit { AS_IS, MILLISECONDS, KILOHERTZ, SHARE, CELSIUS, VALUE_ONLY };

static const struct key {
    const char *key;
    enum line line;
    enum unit unit;
    const char *words;
} keys[] = {
    {"backend", LINE_INSTRUMENT, AS_IS, "backend"},
    {"tier", LINE_INSTRUMENT, AS_IS, "tier"},
    {"executor", LINE_INSTRUMENT, AS_IS, "executor"},
    {"executor_version", LINE_INSTRUMENT, AS_IS, "version"},
    {"threads", LINE_INSTRUMENT, AS_IS, "threads"},
    {"tool", LINE_INSTRUMENT, AS_IS, "tool"},
    {"tool_flags", LINE_INSTRUMENT, AS_IS, "tool says"},
    {"tool_argv", LINE_INSTRUMENT, AS_IS, "command"},
    {"mcu", LINE_INSTRUMENT, AS_IS, "board"},
    {"mcu_hz", LINE_INSTRUMENT, AS_IS, "ticks per second"},
    {"mcu_emulated", LINE_INSTRUMENT, AS_IS, "emulated"},
    {"mcu_firmware", LINE_INSTRUMENT, AS_IS, "firmware"},
    {"mcu_logits_compared", LINE_INSTRUMENT, AS_IS, "pictures with equal logits"},
    {"windows", LINE_WINDOWS, AS_IS, "number"},
    {"window_cv", LINE_WINDOWS, SHARE, "their spread (CV)"},
    {"interval_coverage", LINE_WINDOWS, SHARE, "interval covers"},
    {"batch", LINE_WINDOWS, AS_IS, "inferences per sample"},
    {"inferences", LINE_WINDOWS, AS_IS, "inferences"},
    {"mad_us", LINE_WINDOWS, AS_IS, "MAD in µs"},
    {"outlier_share", LINE_WINDOWS, SHARE, "outliers"},
    {"core", LINE_CONDITIONS, AS_IS, "core"},
    {"nice", LINE_CONDITIONS, AS_IS, "nice"},
    {"governor", LINE_CONDITIONS, AS_IS, "governor"},
    {"clock_fixed", LINE_CONDITIONS, AS_IS, "clock fixed"},
    {"clock_set_khz", LINE_CONDITIONS, KILOHERTZ, "clock set to"},
    {"clock_khz", LINE_CONDITIONS, KILOHERTZ, "clock before"},
    {"clock_after_khz", LINE_CONDITIONS, KILOHERTZ, "after"},
    {"power_mode", LINE_CONDITIONS, AS_IS, "power mode"},
    {"temperature_c", LINE_CONDITIONS, CELSIUS, "temperature before"},
    {"temperature_after_c", LINE_CONDITIONS, CELSIUS, "after"},
    {"throttle_events", LINE_CONDITIONS, AS_IS, "throttle events"},
    {"throttle_bits", LINE_CONDITIONS, AS_IS, "throttle bits before and after"},
    {"over_current_events", LINE_CONDITIONS, AS_IS, "over-current events"},
    {"load1", LINE_CONDITIONS, AS_IS, "load"},
    {"foreign_share", LINE_CONDITIONS, SHARE, "others had"},
    {"involuntary_switches", LINE_CONDITIONS, AS_IS, "involuntary switches"},
    {"energy_sensor", LINE_ENERGY, VALUE_ONLY, ""},
    {"energy_samples", LINE_ENERGY, AS_IS, "samples"},
    {"energy_hz", LINE_ENERGY, AS_IS, "per second"},
    {"energy_idle_drift", LINE_ENERGY, AS_IS, "idle drift"},
    {"energy_quantisation_pct", LINE_ENERGY, AS_IS, "step in %"},
    {"energy_poller_share", LINE_ENERGY, SHARE, "poller took"},
    {"dataset", LINE_DATA, AS_IS, "set"},
    {"dataset_hash", LINE_DATA, AS_IS, "hash"},
    {"recalibration_pictures", LINE_DATA, AS_IS, "recalibration pictures"},
    {"accuracy_ties", LINE_DATA, AS_IS, "ties"},
    {"queue_ms", LINE_TIME, MILLISECONDS, "queue"},
    {"build_ms", LINE_TIME, MILLISECONDS, "build"},
    {"warmup_ms", LINE_TIME, MILLISECONDS, "warm-up"},
    {"measure_ms", LINE_TIME, MILLISECONDS, "windows"},
    {"energy_ms", LINE_TIME, MILLISECONDS, "energy"},
    {"accuracy_ms", LINE_TIME, MILLISECONDS, "accuracy"},
    {"software", LINE_HOST, VALUE_ONLY, ""},
    {"cpu", LINE_HOST, VALUE_ONLY, ""},
    {"cores", LINE_HOST, AS_IS, "cores"},
    {"kernel", LINE_HOST, AS_IS, "kernel"},
};

static const struct {
    enum measurement_flag flag;
    const char *words;
} flags[] = {
    {FLAG_NOISY, "noisy: windows (or energy) spread more than the tier accepts, or it was never valid"},
    {FLAG_BIMODAL, "bimodal: two speeds, as when a clock or a core changes"},
    {FLAG_OUTLIERS, "outliers: more than 5 % of the samples lie far above the median"},
    {FLAG_WARMUP_NOT_STABLE, "warm-up not stable: it still changed at the end of the longest warm-up"},
    {FLAG_CONTENDED, "contended: others had more than 3 % of the core's time"},
    {FLAG_THROTTLED, "throttled: the kernel counted throttle events"},
    {FLAG_DIED, "died: it ended, or was ended at its limit, without an answer"},
};

const char *attempt_verdict(const struct measurement *m)
{
    if (m->outcome != OUTCOME_OK)
        return outcome_name(m->outcome);
    return m->flags & FLAG_NOISY ? "noisy" : "valid";
}

static const struct key *find_key(const char *key, size_t n)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i].key) == n && !memcmp(keys[i].key, key, n))
            return &keys[i];
    }
    return NULL;
}

static void format_word(const struct key *k, const char *value, char word[WORD_MAX])
{
    char text[24], *end;
    double v = strtod(value, &end);
    bool number = end != value && !*end && isfinite(v);
    if (k->unit == MILLISECONDS && number && v >= 0 && v < 1e12) {
        format_duration((int64_t)(v * 1e6), text);
        snprintf(word, WORD_MAX, "%s %s", k->words, text);
    } else if (k->unit == KILOHERTZ && number) {
        snprintf(word, WORD_MAX, "%s %.0f MHz", k->words, v / 1000);
    } else if (k->unit == SHARE && number) {
        snprintf(word, WORD_MAX, "%s %.2f %%", k->words, 100 * v);
    } else if (k->unit == CELSIUS && number) {
        snprintf(word, WORD_MAX, "%s %.1f °C", k->words, v);
    } else {
        snprintf(word, WORD_MAX, "%s%s%s", k->words, k->words[0] ? " " : "", value);
    }
}

/* One line of the listing, broken at WIDTH. */
struct wrapped {
    FILE *out;
    const char *name;
    size_t column; /* 0: nothing was written */
};

static void put_word(struct wrapped *w, const char *word)
{
    size_t n = strlen(word);
    if (!w->column) {
        fprintf(w->out, "  %-*s", INDENT - 2, w->name);
        w->column = INDENT;
    } else if (w->column + 2 + n > WIDTH) {
        fprintf(w->out, ",\n%*s", INDENT, "");
        w->column = INDENT;
    } else {
        fputs(", ", w->out);
        w->column += 2;
    }
    fputs(word, w->out);
    w->column += n;
}

static void end_line(struct wrapped *w)
{
    if (w->column)
        fputc('\n', w->out);
}

/* Calls f for each key=value line that has the form; the texts are the callee's to read. */
static void each_fact(const char *fingerprint, void (*f)(void *user, const char *key, size_t n_key, const char *value), void *user)
{
    char value[VALUE_MAX];
    for (const char *line = fingerprint; *line;) {
        size_t n = strcspn(line, "\n"), k = strcspn(line, "=\n");
        if (k < n) {
            snprintf(value, sizeof value, "%.*s", (int)(n - k - 1), line + k + 1);
            f(user, line, k, value);
        }
        line += n + (line[n] == '\n');
    }
}

struct listing {
    struct wrapped line;
    enum line which;
};

static void list_fact(void *user, const char *key, size_t n, const char *value)
{
    struct listing *l = user;
    const struct key *k = find_key(key, n);
    char word[WORD_MAX];
    bool canary = n >= 6 && !memcmp(key, "canary", 6);
    enum line unknown = canary ? LINE_CANARY : LINE_HOST;
    if ((k ? k->line : unknown) != l->which)
        return;
    if (k)
        format_word(k, value, word);
    else
        snprintf(word, sizeof word, "%.*s=%s", (int)(min_of(n, 80)), key, value);
    put_word(&l->line, word);
}

static void print_windows(const struct measurement *m, FILE *out)
{
    struct wrapped w = {.out = out, .name = "medians, ms"};
    char word[32];
    for (uint32_t i = 0; i < m->n_windows; i++) {
        snprintf(word, sizeof word, "%.4g", (double)m->window_median_us[i] / 1000);
        put_word(&w, word);
    }
    if (m->n_windows && m->n_samples) {
        snprintf(word, sizeof word, "of %u samples", m->n_samples);
        put_word(&w, word);
    }
    end_line(&w);
}

void attempt_print(const struct measurement *m, FILE *out)
{
    char when[24], took[16];
    clock_format_utc(m->started_wall_ns, when);
    format_duration(m->duration_ns, took);
    fprintf(out, "\nattempt %" PRIu64 " on %s (%s) at %s in %s: %s%s%s\n", m->attempt, m->board, m->board_type, when, took, attempt_verdict(m),
            m->reason[0] ? "; " : "", m->reason);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (m->flags & flags[i].flag)
            fprintf(out, "  %-*s%s\n", INDENT - 2, "flag", flags[i].words);
    }
    print_windows(m, out);
    for (enum line i = 0; i < LINE_COUNT; i++) {
        struct listing l = {.line = {.out = out, .name = line_name[i]}, .which = i};
        each_fact(m->fingerprint, list_fact, &l);
        end_line(&l.line);
    }
}

static void add_fact(void *user, const char *key, size_t n, const char *value)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)n, key);
    cJSON_AddStringToObject(user, name, value);
}

cJSON *attempt_json(const struct measurement *m)
{
    cJSON *o = cJSON_CreateObject();
    json_integer(o, "attempt", (int64_t)m->attempt);
    cJSON_AddStringToObject(o, "board", m->board);
    cJSON_AddStringToObject(o, "type", m->board_type);
    cJSON_AddStringToObject(o, "verdict", attempt_verdict(m));
    cJSON_AddStringToObject(o, "outcome", outcome_name(m->outcome));
    cJSON_AddStringToObject(o, "reason", m->reason);
    json_flags(o, m->flags);
    json_time(o, "started", m->started_wall_ns);
    json_number(o, "duration_s", (double)m->duration_ns / 1e9);
    json_integer(o, "samples", m->n_samples);
    cJSON *windows = cJSON_AddArrayToObject(o, "window_medians_ms");
    for (uint32_t i = 0; i < m->n_windows; i++)
        cJSON_AddItemToArray(windows, cJSON_CreateNumber((double)m->window_median_us[i] / 1000));
    each_fact(m->fingerprint, add_fact, cJSON_AddObjectToObject(o, "facts"));
    return o;
}
