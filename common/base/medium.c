/* See medium.h. */
#include "base/medium.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool name_is_valid(const char *text, size_t size)
{
    size_t n = strnlen(text, size);
    if (!n || n == size || !is_name_character(text[0]))
        return false;
    for (size_t i = 1; i < n; i++) {
        if (!is_name_character(text[i]) && !strchr(".+-", text[i]))
            return false;
    }
    return true;
}

/* Length of the UTF-8 character at p and its number; 0: there is none (RFC 3629: no surrogates, nothing longer than it must be). */
static size_t character_at(const unsigned char *p, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = 0; /* bytes of the character, by the leading ones of the first */
    if (p[0] < 0x80)
        n = 1;
    else if (p[0] >> 5 == 6)
        n = 2;
    else if (p[0] >> 4 == 14)
        n = 3;
    else if (p[0] >> 3 == 30)
        n = 4;
    if (!n)
        return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) /* the end of the text too */
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    *ret = c;
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

/* Turns the writing round, hides, or breaks the line. */
static bool is_deceptive(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x61c || c == 0xad ||
           (c >= 0xfff0 && c <= 0xfffb) || c >= 0xe0000;
}

void text_plain(char *text, bool lines)
{
    const unsigned char *from = (const unsigned char *)text;
    char *to = text;
    while (*from) {
        uint32_t c = 0;
        size_t n = character_at(from, &c);
        if (!n) {
            *to++ = '?';
            from++;
            continue;
        }
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        if (is_deceptive(c) || (control && !(lines && c == '\n'))) {
            *to++ = ' ';
        } else {
            memmove(to, from, n);
            to += n;
        }
        from += n;
    }
    *to = '\0';
}

static void put_all(struct bytes *out, const char *text) { bytes_append(out, text, strlen(text)); }

void html_text(struct bytes *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            entity = entities[i].c == *text ? entities[i].entity : entity;
        if (entity)
            put_all(out, entity);
        else
            bytes_put_u8(out, (uint8_t)*text);
    }
}

/* A number may begin with a sign. */
static bool is_formula(const char *text)
{
    char *end;
    if (!*text || !strchr("=+-@\t\r", *text))
        return false;
    (void)strtod(text, &end);
    return *end || end == text;
}

void csv_text_cell(struct bytes *out, const char *text)
{
    if (is_formula(text))
        bytes_put_u8(out, '\'');
    for (; *text; text++)
        bytes_put_u8(out, strchr(",;\"\r\n\t", *text) ? ' ' : (uint8_t)*text);
}

void yaml_scalar(struct bytes *out, const char *text)
{
    bytes_put_u8(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            bytes_put_u8(out, '\\');
        bytes_put_u8(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : (uint8_t)*text);
    }
    bytes_put_u8(out, '"');
}

static char log_character(char c, bool quoted)
{
    if (c == '"')
        return '\'';
    if (c == '\\')
        return '/';
    if ((unsigned char)c < 0x20 || c == 0x7f)
        c = ' ';
    return !quoted && c == ' ' ? '_' : c;
}

size_t log_value(char *out, size_t size, const char *text, size_t n, bool quoted)
{
    size_t used = 0;
    for (; used + 1 < size && used < n && text[used]; used++)
        out[used] = log_character(text[used], quoted);
    if (size)
        out[used] = '\0';
    return used;
}

void argument_text(char *text)
{
    if (*text == '-')
        *text = '_';
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}
