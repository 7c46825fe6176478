/* One board as configured. Plain data without pointers: it is handed to the board's process as bytes (same executable on both sides). */
#ifndef SONATA_BOARD_CONFIG_BOARD_CONFIG_H
#define SONATA_BOARD_CONFIG_BOARD_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "adapter/adapter.h"
#include "base/cpu.h"
#include "board_config/backend_kind.h"
#include "board_config/evaluator_options.h"
#include "board_config/health_options.h"
#include "domain/metric.h"
#include "domain/tier.h"
#include "mcu/session.h"
#include "measure/protocol.h"
#include "power/power.h"
#include "runtime/table.h"

enum { BOARD_DATASETS_MAX = 8, BOARD_DATASET_MAX = 64, BOARD_LIBRARY_MAX = 256, BOARD_THREADS_MAX = 64 };
enum { BOARD_CORE_CHOSEN = -1, BOARD_CORE_ANY = -2 }; /* in place of a core: to be chosen, or none when none is free; not bound to one */
enum { BOARD_NICE_UNSET = 127 };
#define BOARD_MEMORY_NONE UINT64_MAX

struct board_config {
    char id[BOARD_NAME_MAX];   /* unique in the farm */
    char type[BOARD_NAME_MAX]; /* objectives name this */
    enum backend_kind backend;
    int core;              /* measuring core, or one of BOARD_CORE_… */
    uint64_t memory_max;   /* bytes a candidate may take beyond what is loaded; 0: unset; see board_config_memory() */
    int64_t time_limit_ns; /* of one attempt; 0: unset; see board_config_limit_ns() */
    int64_t nice;          /* of candidates; BOARD_NICE_UNSET: see board_config_nice() */
    char space[64];        /* preset or file the table is checked against at start-up; "" none */
    double max_celsius;    /* hottest a measurement may start at; 0: 60 on boards with a device tree, else 85 */
    char sysfs[128];       /* root in place of "/" for /sys and /proc of the fingerprint; "" is "/" */
    struct latency_protocol protocol[TIER_COUNT];
    struct table_options table;
    uint32_t n_datasets;
    char dataset[BOARD_DATASETS_MAX][BOARD_DATASET_MAX];
    char executor[16];                             /* engine: "" best; model: "" engine */
    char library[BOARD_LIBRARY_MAX], provider[32]; /* model: of ONNX Runtime; "" as it is found, and the processor */
    uint32_t threads;                              /* model: most that a model may use; 0: 1 */
    struct power_config power;     /* engine: driver "" = no sensor, no energy */
    struct adapter_config adapter; /* command, evaluator */
    struct evaluator_options evaluator;
    struct mcu_options mcu;        /* mcu: zero fields mean the default */
    struct health_options health;  /* complete after health_options_complete() */
};

#define BOARD_MEMORY (UINT64_C(1) << 30)
#define BOARD_TIME_LIMIT_NS INT64_C(600000000000)
#define BOARD_TRAINING_LIMIT_NS INT64_C(86400000000000)

/* A board that says nothing: no id yet, the built-in protocols. */
struct board_config board_config_default(void);
/* Gives it id, type (the same for now) and backend by name. -EINVAL with the reason. */
int board_config_begin(struct board_config *c, const char *id, const char *backend, struct sonata_error *err) SONATA_MUST_CHECK;
/* Whether it runs programs of the user's that are not timed: an evaluator, or a command that offers neither latency nor energy. They are taken for
 * training programs, whose bounds are none of a measurement's. */
bool board_config_trains(const struct board_config *c);
/* Whether timing counts on it: its candidates get a core and are watched for contention. */
bool board_config_measures(const struct board_config *c);
/* Bytes a candidate may take beyond what is loaded; 0: no bound. */
uint64_t board_config_memory(const struct board_config *c);
/* How long one attempt may take, of a job that says job_limit_ns (0: nothing). */
int64_t board_config_limit_ns(const struct board_config *c, int64_t job_limit_ns);
/* Priority of its candidates, -20 to 19. */
int board_config_nice(const struct board_config *c);
/* Adds the CPUs its candidates run on: the measuring core, and those below it for more threads of a command board. None when it has no core. */
void board_config_cores(const struct board_config *c, struct core_set *cores);
/* How many that are, or would be once it has a core. */
int board_config_core_count(const struct board_config *c);
/* Everything but uniqueness of ids. */
int board_config_check(const struct board_config *c, struct sonata_error *err) SONATA_MUST_CHECK;
/* ID:BACKEND[:FILE][,key=value…]; the keys are those of board_config_help(). A comma in quotes or after a backslash is part of its value:
 *     host:engine,core=1,dataset=fashion-mnist,power=hwmon,power.scope=module_input
 *     pi:model,executor=onnxruntime,library=/opt/ort/libonnxruntime.so.1,threads=4
 *     lab:command,command=PROGRAM {genotype},offers=accuracy,params,memory=none,limit=6h
 *     pi:table:FILE.csv,accuracy=COLUMN,latency=COLUMN,noise.latency=0.05,delay=20ms,type=rpi4 */
int board_config_parse(const char *text, struct board_config *ret_config, struct sonata_error *err) SONATA_MUST_CHECK;
/* Sets one key; one that is unknown is a metric and its column, on a table. The reason of an error begins with the key. */
int board_config_set(struct board_config *c, const char *key, const char *value, struct sonata_error *err) SONATA_MUST_CHECK;
/* The row of a key that boards of this backend have ("canary.interval" is "canary_interval" too), and what it sets; NULL: there is none. */
const struct option_def *board_config_key(struct board_config *c, const char *key, void **ret_settings);
/* Why it has no such key. Returns -EINVAL. */
int board_config_unknown(const struct board_config *c, const char *key, struct sonata_error *err);
/* Every key of boards with its help, as `--help-keys` prints them. */
void board_config_help(FILE *out);

#endif
