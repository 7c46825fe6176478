/* report.html: one self-contained file about a search. */
#ifndef SONATA_CLI_REPORT_H
#define SONATA_CLI_REPORT_H

#include "base/bytes.h"
#include "cli/results.h"

/* Appends the whole page. Needs every individual; measurements of the front and insight are shown when they were fetched. `generated_wall_ns` is
 * printed as the page's date. */
void report_html(const struct results *r, const struct results_board *board, size_t n_boards, int64_t generated_wall_ns, struct bytes *out);
/* The pictures of the page for readers without JavaScript or ECharts: front (first two objectives) and hypervolume. */
void report_svg_front(const struct results *r, struct bytes *out);
void report_svg_hypervolume(const struct results *r, struct bytes *out);

/* Files built into the program (assets.c). */
struct asset {
    const char *data;
    size_t size;
};
struct asset asset_echarts(void); /* size 0: was not there when the program was built */
struct asset asset_report_js(void);
struct asset asset_report_css(void);
struct asset asset_example_search(void); /* of `sonata init --evaluator` */
struct asset asset_example_space(void);
struct asset asset_example_evaluator(void);

#endif
