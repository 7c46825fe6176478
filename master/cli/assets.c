/* Files that travel inside the program, put in by the assembler. Paths come from CMakeLists.txt. */
#include "cli/report.h"

#define ASSET(name, path) \
    __asm__(".section .rodata\n.balign 16\nsonata_asset_" #name ":\n.incbin \"" path "\"\nsonata_asset_" #name "_end:\n.byte 0\n.previous\n" \
            ".globl sonata_asset_" #name "\n.globl sonata_asset_" #name "_end\n"); \
    extern const char sonata_asset_##name[], sonata_asset_##name##_end[]

ASSET(echarts, SONATA_ASSET_ECHARTS);
ASSET(report_js, SONATA_ASSET_REPORT_JS);
ASSET(report_css, SONATA_ASSET_REPORT_CSS);
ASSET(example_search, SONATA_ASSET_EXAMPLE "/search.yaml");
ASSET(example_space, SONATA_ASSET_EXAMPLE "/space.yaml");
ASSET(example_evaluator, SONATA_ASSET_EXAMPLE "/evaluator.py");

struct asset asset_echarts(void)
{
    return (struct asset){sonata_asset_echarts, (size_t)(sonata_asset_echarts_end - sonata_asset_echarts)};
}

struct asset asset_report_js(void)
{
    return (struct asset){sonata_asset_report_js, (size_t)(sonata_asset_report_js_end - sonata_asset_report_js)};
}

struct asset asset_report_css(void)
{
    return (struct asset){sonata_asset_report_css, (size_t)(sonata_asset_report_css_end - sonata_asset_report_css)};
}

struct asset asset_example_search(void)
{
    return (struct asset){sonata_asset_example_search, (size_t)(sonata_asset_example_search_end - sonata_asset_example_search)};
}

struct asset asset_example_space(void)
{
    return (struct asset){sonata_asset_example_space, (size_t)(sonata_asset_example_space_end - sonata_asset_example_space)};
}

struct asset asset_example_evaluator(void)
{
    return (struct asset){sonata_asset_example_evaluator, (size_t)(sonata_asset_example_evaluator_end - sonata_asset_example_evaluator)};
}
