/* Text for a line without a C library: numbers, hexadecimal, a bounded line buffer. Freestanding. */
#ifndef SONATA_FIRMWARE_TEXT_H
#define SONATA_FIRMWARE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* One line being built; what does not fit is dropped. Zero-initialise. */
struct text {
    char data[256];
    uint32_t n;
};

/* Appends s. */
void text_put(struct text *t, const char *s);
/* Appends a decimal number. */
void text_u64(struct text *t, uint64_t v);
/* Appends a decimal number with its sign. */
void text_i32(struct text *t, int32_t v);
/* Value in thousandths as %0.3f prints it. */
void text_milli(struct text *t, int32_t thousandths);
/* Two lower-case digits, and eight. */
void text_hex8(struct text *t, uint8_t v);
/* Eight lower-case hexadecimal digits. */
void text_hex32(struct text *t, uint32_t v);

/* Whether both are the same. */
bool text_equal(const char *a, const char *b);
/* Characters without the zero. */
uint32_t text_length(const char *s);
/* atoi() of the reference device: optional blanks and sign, digits, stops at anything else; saturates at int32. */
int32_t text_atoi(const char *s);
/* Whole string as an unsigned decimal number; false otherwise. */
bool text_parse_u32(const char *s, uint32_t *ret);
/* Exactly eight hexadecimal digits. */
bool text_parse_hex32(const char *s, uint32_t *ret);
/* Value of a hexadecimal digit, or -1. */
int text_hex_digit(char c);
/* Cuts the next word (separated by blanks) off *rest; NULL when there is none. As strtok(…, " "). */
char *text_word(char **rest);

/* 64-bit division without the compiler's run-time library; divisor > 0. */
uint64_t text_divide(uint64_t dividend, uint32_t divisor, uint32_t *ret_remainder);

#endif
