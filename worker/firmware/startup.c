/* Cortex-M start: vector table, copy of .data, zeroed .bss, then main. Plus the memory functions a compiler may call.
 * A fault prints one line and halts: the host sees a line without m-ready and treats the board as gone. */
#include <stddef.h>
#include <stdint.h>

#include "firmware/board.h"

extern uint32_t firmware_data_load, firmware_data_begin, firmware_data_end, firmware_bss_begin, firmware_bss_end, firmware_stack_top;

int main(void);
void reset_handler(void);
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
void *memmove(void *to, const void *from, size_t n);

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    while (n--)
        *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (d <= s)
        return memcpy(to, from, n);
    while (n--)
        d[n] = s[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *d = to;

    while (n--)
        *d++ = (uint8_t)value;
    return to;
}

/* The names the Arm run-time ABI (IHI 0043, 4.3.4) gives them; a compiler emits these instead. */
void __aeabi_memcpy(void *to, const void *from, size_t n);
void __aeabi_memcpy4(void *to, const void *from, size_t n);
void __aeabi_memclr(void *to, size_t n);
void __aeabi_memclr4(void *to, size_t n);
void __aeabi_memclr8(void *to, size_t n);

void __aeabi_memcpy(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

void __aeabi_memcpy4(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

void __aeabi_memclr(void *to, size_t n)
{
    memset(to, 0, n);
}

void __aeabi_memclr4(void *to, size_t n)
{
    memset(to, 0, n);
}

void __aeabi_memclr8(void *to, size_t n)
{
    memset(to, 0, n);
}

static void fault_handler(void)
{
    for (const char *s = "m-sonata-fault-[processor exception]\r\n"; *s; s++)
        board_send((uint8_t)*s);
    board_halt();
}

void reset_handler(void)
{
    uint32_t *from = &firmware_data_load;

    for (uint32_t *to = &firmware_data_begin; to < &firmware_data_end;)
        *to++ = *from++;
    for (uint32_t *to = &firmware_bss_begin; to < &firmware_bss_end;)
        *to++ = 0;
    main();
    board_halt();
}

typedef void (*vector)(void);

/* Stack pointer, reset, NMI, hard fault, memory, bus, usage, 4 reserved, SVC, debug, reserved, PendSV, SysTick. */
__attribute__((section(".vectors"), used)) static const union {
    uint32_t *stack;
    vector handler;
} vectors[16] = {
    {.stack = &firmware_stack_top}, {.handler = reset_handler}, {.handler = fault_handler}, {.handler = fault_handler},
    {.handler = fault_handler},     {.handler = fault_handler}, {.handler = fault_handler}, {.handler = NULL},
    {.handler = NULL},              {.handler = NULL},          {.handler = NULL},          {.handler = fault_handler},
    {.handler = fault_handler},     {.handler = NULL},          {.handler = fault_handler}, {.handler = fault_handler},
};
