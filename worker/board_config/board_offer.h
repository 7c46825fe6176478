/* What a board tells the master about itself: told by its backend, passed on by the board's process and the daemon as plain data without pointers. */
#ifndef SONATA_BOARD_CONFIG_BOARD_OFFER_H
#define SONATA_BOARD_CONFIG_BOARD_OFFER_H

#include <stdint.h>

#include "board_config/board_config.h"
#include "domain/metric.h"

enum { OFFER_METRICS_MAX = 24, OFFER_DETAIL_MAX = 256 };

struct board_offer {
    uint32_t n_metrics;
    char metric[OFFER_METRICS_MAX][METRIC_NAME_MAX];
    uint32_t n_datasets;
    char dataset[BOARD_DATASETS_MAX][BOARD_DATASET_MAX];
    char detail[OFFER_DETAIL_MAX];
};

#endif
