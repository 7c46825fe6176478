/* What daemon and board process say to each other over one descriptor, as frames (frame.h) of plain data without pointers: the same executable is on
 * both sides. */
#ifndef SONATA_BOARD_LINK_H
#define SONATA_BOARD_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config/board_offer.h"
#include "domain/evaluation.h"
#include "health/health.h"

enum { BOARD_PROCESS_FD = 3, JOB_PATH_MAX = 1024 };
#define BOARD_PROCESS_FLAG "--board-process"

/* What FRAME_JOB carries: the assignment and where its blobs lie. */
struct job_frame {
    struct evaluation_job job;
    char space_path[JOB_PATH_MAX];
    char supernet_path[JOB_PATH_MAX]; /* "" none */
    char model_path[JOB_PATH_MAX];    /* "" none */
    char model_folder[JOB_PATH_MAX];  /* where a model that is built is put under its hash */
    int64_t queued_ns;                /* it waited that long for the board and its blobs */
    struct process_prior prior;       /* what the board learned of its processes at this tier */
};

/* What FRAME_ORDER carries: a canary, or a rung of recovery. */
enum health_order_kind { HEALTH_ORDER_NONE, HEALTH_ORDER_CHECK /* a functional canary */, HEALTH_ORDER_CANARY, HEALTH_ORDER_RUNG };
struct health_order {
    enum health_order_kind kind;
    bool timed;              /* HEALTH_ORDER_CANARY: its latency counts; else it is a functional one that stands in for it */
    enum recovery_rung rung; /* HEALTH_ORDER_RUNG */
};

/* What FRAME_ANSWER carries: how an order ended. */
struct board_answer {
    bool ok;
    double latency_us; /* of a canary that is ok: > 0, measured or else the time the check took */
    char text[200];    /* what was wrong */
};

#endif
