/* See html_page.h. */
#include "cli/html_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/medium.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2733;--soft:#4e5c6a;--line:#d5dce3;--paper:#fff;--back:#f4f6f8;--warn:#9c2b00;"
    "--s0:#0b6bcb;--s1:#c2410c;--s2:#15803d;--s3:#7e22ce;--s4:#a16207;--s5:#be185d}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#a9b4c0;--line:#3a4652;--paper:#1b232b;--back:#12181e;--warn:#ffb08a;"
    "--s0:#6cb2ff;--s1:#ff9a5c;--s2:#6fd08c;--s3:#c79bff;--s4:#e5c158;--s5:#ff8fc0}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,\"Segoe UI\",Roboto,\"DejaVu "
    "Sans\",sans-serif}\n"
    "main{max-width:1100px;margin:0 auto;padding:20px 16px 48px}h1{font-size:24px;margin:0}h2{font-size:18px;margin:0 0 6px}\n"
    "p.lead,p.note{color:var(--soft);margin:2px 0 14px}section{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "padding:14px 16px;margin:0 0 16px}.scroll{overflow-x:auto}.warn{color:var(--warn)}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:4px 10px;"
    "border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--soft)}.num{text-align:right}svg{width:100%;height:auto;display:block}\n";

void html_page_begin(struct bytes *out, const char *title, const char *lead)
{
    bytes_printf(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>");
    html_text(out, title);
    bytes_printf(out, "</title><style>%s</style></head><body><main><h1>", style);
    html_text(out, title);
    bytes_printf(out, "</h1><p class=\"lead\">");
    html_text(out, lead);
    bytes_printf(out, "</p>\n");
}

void html_page_end(struct bytes *out) { bytes_printf(out, "</main></body></html>\n"); }

void html_table_begin(struct bytes *out, const char *columns)
{
    bytes_printf(out, "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
    for (const char *p = columns; *p;) {
        size_t n = strcspn(p, "|");
        bool number = *p == '>';
        bytes_printf(out, "<th scope=\"col\"%s>%.*s</th>", number ? " class=\"num\"" : "", (int)n - number, p + number);
        p += n + (p[n] == '|');
    }
    bytes_printf(out, "</tr></thead><tbody>\n");
}

void html_table_end(struct bytes *out) { bytes_printf(out, "</tbody></table></div>\n"); }

void html_row_begin(struct bytes *out) { bytes_printf(out, "<tr>"); }

void html_row_end(struct bytes *out) { bytes_printf(out, "</tr>\n"); }

void html_cell(struct bytes *out, bool number, const char *format, ...)
{
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bytes_printf(out, number ? "<td class=\"num\">" : "<td>");
    html_text(out, text);
    bytes_printf(out, "</td>");
}
