/* One board as configured. Plain data without pointers: it is handed to the board's process as bytes (same executable on both sides). */
#ifndef SONATA_BOARD_CONFIG_BOARD_CONFIG_H
#define SONATA_BOARD_CONFIG_BOARD_CONFIG_H

#include <stdint.h>

#include "adapter/adapter.h"
#include "base/cpu.h"
#include "board_config/backend_kind.h"
#include "board_config/evaluator_options.h"
#include "board_config/health_options.h"
#include "domain/metric.h"
#include "mcu/session.h"
#include "measure/protocol.h"
#include "power/power.h"
#include "runtime/table.h"

enum { BOARD_DATASETS_MAX = 8, BOARD_DATASET_MAX = 64, BOARD_TIERS = 3 };

struct board_config {
    char id[BOARD_NAME_MAX];   /* unique in the farm */
    char type[BOARD_NAME_MAX]; /* objectives name this */
    enum backend_kind backend;
    int core;              /* measuring core; -1: chosen */
    uint64_t memory_max;   /* bytes a candidate may take beyond what is loaded; 0: BOARD_MEMORY */
    int64_t time_limit_ns; /* of one attempt; 0: what the job says, else BOARD_TIME_LIMIT_NS */
    char space[64];        /* preset or file the table is checked against at start-up; "" none */
    double max_celsius;    /* hottest a measurement may start at; 0: 60 on boards with a device tree, else 85 */
    char sysfs[128];       /* root in place of "/" for /sys and /proc of the fingerprint; "" is "/" */
    struct tier_override {
        char name[16];
        struct latency_protocol protocol;
    } tier[BOARD_TIERS]; /* name "" ends */
    struct table_options table;
    uint32_t n_datasets;
    char dataset[BOARD_DATASETS_MAX][BOARD_DATASET_MAX];
    char executor[16];             /* engine: "" best */
    struct power_config power;     /* engine: driver "" = no sensor, no energy */
    struct adapter_config adapter; /* command, evaluator */
    struct evaluator_options evaluator;
    struct mcu_options mcu;        /* mcu: zero fields mean the default */
    struct health_options health;  /* complete after health_options_complete() */
};

#define BOARD_MEMORY (UINT64_C(1) << 30)
#define BOARD_TIME_LIMIT_NS INT64_C(600000000000)

/* Adds the CPUs its candidates run on: the measuring core, and those below it for more threads of a command board. None when it has no core. */
void board_config_cores(const struct board_config *c, struct core_set *cores);
/* How many that are, or would be once it has a core. */
int board_config_core_count(const struct board_config *c);
/* Everything but uniqueness of ids. */
int board_config_check(const struct board_config *c, struct sonata_error *err) SONATA_MUST_CHECK;
/* ID:BACKEND[:FILE][,key=value…]:
 *     host:engine[,core=N][,dataset=NAME][,executor=NAME][,memory=1Gi][,limit=5m][,type=TYPE]
 *     … engine: [,power=DRIVER][,power.scope=SCOPE][,power.device=…][,power.max_hz=N] (docs/SENSORS.md)
 *     gpu:command,tool=trtexec[,precision=fp16][,threads=N] | lab:command,command=PROGRAM {genotype}…,offers=accuracy (docs/ADAPTERS.md)
 *     gpu:evaluator,command=PROGRAM[,slots=N][,ready=5m][,quiet=TIME][,growth=SIZE][,requests=N][,tasks=N][,file_max=4Gi] (docs/ADAPTERS.md)
 *     m4:mcu,port=PATH[,name=TEXT][,flash=512Ki][,ram=128Ki][,dataset=NAME][,framing=hex][,emulated=yes][,baud=N][,samples=N][,calibration=N]
 *     … mcu: [,limit=5m][,type=TYPE]
 *     … any board: [,canary=off|functional|TIME][,canary.interval=TIME][,cool_down=TIME][,backoff=TIME][,recover.RUNG=COMMAND] (docs/WORKER.md)
 *     pi:table:FILE.csv,accuracy=COLUMN,latency=COLUMN[,noise.latency=0.05][,delay=20ms][,delay.noise=0.3][,fail=P][,crash=P][,hang=P][,type=…] */
int board_config_parse(const char *text, struct board_config *ret_config, struct sonata_error *err) SONATA_MUST_CHECK;
/* Sets one key as above; `key` unknown: for a table it is a metric and its column. */
int board_config_set(struct board_config *c, const char *key, const char *value, struct sonata_error *err) SONATA_MUST_CHECK;
/* The protocol of a tier on this board: its override, else the built-in one. */
int board_config_protocol(const struct board_config *c, const char *tier, struct latency_protocol *ret_protocol,
                          struct sonata_error *err) SONATA_MUST_CHECK;

#endif
