/* Reference firmware: the device state machine on a board's UART and timer. */
#include <stddef.h>

#include "firmware/board.h"
#include "firmware/device.h"

/* From the linker script: the addresses are the sizes' borders. */
extern uint8_t firmware_code_begin, firmware_code_end, firmware_ram_begin, firmware_ram_end, firmware_stack_size;

int main(void);

static uint8_t blob[BOARD_BLOB_MAX] __attribute__((aligned(16)));
static int8_t arena[BOARD_ARENA_MAX] __attribute__((aligned(16)));
static struct device device;

#ifdef SONATA_BUILTIN_BLOB
__asm__(".section .rodata.builtin,\"a\"\n.balign 16\nfirmware_builtin:\n.incbin \"" SONATA_BUILTIN_BLOB "\"\nfirmware_builtin_end:\n.text\n");
extern const uint8_t firmware_builtin, firmware_builtin_end;
#define BUILTIN &firmware_builtin
#define BUILTIN_SIZE ((uint32_t)(&firmware_builtin_end - &firmware_builtin))
#else
#define BUILTIN NULL
#define BUILTIN_SIZE 0
#endif

static void write_line(void *context, const char *p, uint32_t n)
{
    (void)context;
    while (n--)
        board_send((uint8_t)*p++);
}

static uint32_t read_ticks(void *context)
{
    (void)context;
    return board_ticks();
}

int main(void)
{
    static struct device_port port = {
        .write = write_line, .ticks = read_ticks, .tick_hz = BOARD_TICK_HZ,
        .vendor = "SONATA reference " SONATA_BOARD_NAME, .model = "ic01",
        .blob = blob, .blob_max = sizeof blob, .arena = arena, .arena_max = sizeof arena,
    };

    port.builtin = BUILTIN;
    port.builtin_size = BUILTIN_SIZE;
    port.flash_code = (uint32_t)(&firmware_code_end - &firmware_code_begin) - BUILTIN_SIZE;
    port.ram_runtime = (uint32_t)(&firmware_ram_end - &firmware_ram_begin) - (uint32_t)sizeof blob - (uint32_t)sizeof arena +
                       (uint32_t)(uintptr_t)&firmware_stack_size;
    board_init();
    device_start(&device, &port);
    for (;;) {
        int byte = board_receive();

        if (byte >= 0)
            device_byte(&device, (uint8_t)byte);
        device_poll(&device);
        if (byte < 0 && !device.raw_left)
            board_idle();
    }
}
