/* Arm MPS2 (QEMU mps2-an386, mps2-an500): CMSDK APB UART0 and timer 0, both on the 25 MHz peripheral clock.
 * Registers: Arm Cortex-M System Design Kit Technical Reference Manual (DDI 0479), sections 4.3 APB UART and 4.1 APB timer. */
#include "firmware/board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

enum {
    UART = 0x40004000,
    UART_DATA = UART,
    UART_STATE = UART + 4, /* bit 0: transmit buffer full, bit 1: receive buffer full */
    UART_CONTROL = UART + 8,
    UART_INTERRUPT = UART + 12, /* write 1 to clear */
    UART_DIVIDER = UART + 16,
    TIMER = 0x40000000,
    TIMER_CONTROL = TIMER,
    TIMER_VALUE = TIMER + 4, /* counts down from the reload value */
    TIMER_RELOAD = TIMER + 8,
    RECEIVE = 2, /* bit of state and interrupt */
};

/* Armv7-M interrupt controller; UART0 receive is interrupt 0. */
static volatile uint32_t *const nvic_enable = (volatile uint32_t *)(uintptr_t)0xE000E100u;
static volatile uint32_t *const nvic_unpend = (volatile uint32_t *)(uintptr_t)0xE000E280u;

void board_init(void)
{
    REGISTER(UART_DIVIDER) = 25000000 / 115200;
    REGISTER(UART_CONTROL) = 1 | 2 | 8; /* transmit, receive, receive interrupt */
    (void)REGISTER(UART_DATA); // QEMU looks for input again only after a read: a host that connected before this line would wait for ever
    __asm__ volatile("cpsid i"); // interrupts only end the sleep in board_idle()
    *nvic_enable = 1;
    REGISTER(TIMER_RELOAD) = UINT32_MAX;
    REGISTER(TIMER_VALUE) = UINT32_MAX;
    REGISTER(TIMER_CONTROL) = 1;
}

void board_send(uint8_t byte)
{
    while (REGISTER(UART_STATE) & 1)
        ;
    REGISTER(UART_DATA) = byte;
}

int board_receive(void) { return REGISTER(UART_STATE) & RECEIVE ? (int)(REGISTER(UART_DATA) & 0xff) : -1; }

uint32_t board_ticks(void)
{
    return UINT32_MAX - REGISTER(TIMER_VALUE);
}

/* The timer stands still during the sleep: with a timer running, QEMU's instruction-counted clock would leap to its next event instead of
 * sleeping, over and over. So an idle emulated board takes no host time, and time is made of executed instructions only. It goes on from the
 * next multiple of eight, which keeps the relation between ticks and instructions that device_infer.c starts measurements at. */
void board_idle(void)
{
    REGISTER(UART_INTERRUPT) = RECEIVE;
    *nvic_unpend = 1;
    if (REGISTER(UART_STATE) & RECEIVE)
        return;
    REGISTER(TIMER_CONTROL) = 0;
    __asm__ volatile("wfi");
    REGISTER(TIMER_VALUE) = (REGISTER(TIMER_VALUE) - 8) | 7;
    REGISTER(TIMER_CONTROL) = 1;
}

void board_halt(void)
{
    for (;;)
        __asm__ volatile("wfi");
}
