/* What a board has to give the firmware: six functions and three constants. A port is one file beside board_mps2.c, a linker script and an
 * entry in CMakeLists.txt.
 *
 * To replace for a real board:
 *   UART           board_send/board_receive: 8N1, 115200 Bd, no flow control. Polled is enough: the host never sends before m-ready, except the
 *                  bytes of one command or chunk in a row, so the loop must take a byte every 86 us (a FIFO or an interrupt ring where the
 *                  part is slower).
 *   timer          board_ticks: 32-bit up counter that runs always, 1 MHz or more, at a constant rate. Cortex-M3 and up: DWT CYCCNT
 *                  (0xE0001004, after DEMCR.TRCENA and DWT_CTRL.CYCCNTENA) counts core cycles and is the best choice where it counts: QEMU
 *                  has none (it reads 0). An inference has to be shorter than one wrap.
 *   idle           board_idle: empty is fine; a wait for the UART's interrupt saves power.
 *   clock          board_init: switch to the clock that is to be measured, fix it, flash wait states and caches on.
 *   linker script  memory regions; the symbols startup.c uses (see mps2.ld).
 *   sizes          BOARD_BLOB_MAX, BOARD_ARENA_MAX: what the part's RAM leaves. */
#ifndef SONATA_FIRMWARE_BOARD_H
#define SONATA_FIRMWARE_BOARD_H

#include <stdint.h>

/* Buffers in RAM for the network that comes over the line and for its activations. */
#ifndef BOARD_BLOB_MAX
#define BOARD_BLOB_MAX (1024u * 1024u)
#endif
#ifndef BOARD_ARENA_MAX
#define BOARD_ARENA_MAX (512u * 1024u)
#endif
/* Rate of board_ticks(). */
#ifndef BOARD_TICK_HZ
#define BOARD_TICK_HZ 25000000u
#endif

/* Clock, UART, timer. Called once, before anything else. */
void board_init(void);
/* Sends one byte; waits for room. */
void board_send(uint8_t byte);
/* The next byte, or -1 when none has come. Never waits. */
int board_receive(void);
/* The timer, which counts up and wraps; how long a tick is, the board's header says. */
uint32_t board_ticks(void);
/* Called when there is nothing to do: may sleep until a byte comes (ticks may stand still meanwhile), or just return. */
void board_idle(void);
/* After a fault: stop or reset. Does not return. */
void board_halt(void);

#endif
