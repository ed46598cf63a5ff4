// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of the guest whose boot is measured. Prints the time-stamp counter to
 * the serial port, so that nobody's driver is in the way, and with "print" among its
 * arguments the kernel's log; then ends the machine by the port that is there for it.
 *
 * Without a C library, which would do things of its own before this.
 */
#define SYS_open		2
#define SYS_pread64		17
#define SYS_pwrite64		18
#define SYS_mkdir		83
#define SYS_syslog		103
#define SYS_mount		165
#define O_RDWR			2
#define SYSLOG_READ_ALL		3

#define PORT_EXIT		0xf4
#define PORT_SERIAL		0x3f8
#define PORT_SERIAL_STATUS	0x3fd
#define SERIAL_CAN_SEND		0x20

static char text[1 << 18];
static int ports;		/* /dev/port */

static long system_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	long ret;

	asm volatile("syscall" : "=a"(ret)
		     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		     : "rcx", "r11", "memory");
	return ret;
}

static void open_ports(void)
{
	system_call(SYS_mkdir, (long)"/dev", 0755, 0, 0, 0);
	system_call(SYS_mount, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0);
	ports = system_call(SYS_open, (long)"/dev/port", O_RDWR, 0, 0, 0);
}

static void outb(unsigned short port, unsigned char value)
{
	system_call(SYS_pwrite64, ports, (long)&value, 1, port, 0);
}

static unsigned char inb(unsigned short port)
{
	unsigned char value;

	system_call(SYS_pread64, ports, (long)&value, 1, port, 0);
	return value;
}

static void print(const char *from, long length)
{
	for (; length > 0 && *from; length--) {
		while (!(inb(PORT_SERIAL_STATUS) & SERIAL_CAN_SEND))
			;
		outb(PORT_SERIAL, *from++);
	}
}

static void print_number(unsigned long number)
{
	char digits[24];
	int i = sizeof(digits);

	do {
		digits[--i] = '0' + number % 10;
		number /= 10;
	} while (number);
	print(digits + i, sizeof(digits) - i);
}

static int is_print(const char *word)
{
	static const char wanted[] = "print";
	unsigned int i;

	for (i = 0; i < sizeof(wanted); i++)
		if (word[i] != wanted[i])
			return 0;
	return 1;
}

__attribute__((used)) static void run(unsigned long *stack)
{
	unsigned int low, high;
	unsigned long i;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	open_ports();
	for (i = 1; i <= stack[0]; i++) {
		if (i == stack[0] || !is_print((const char *)stack[1 + i]))
			continue;
		print("init ", 5);
		print_number((unsigned long)high << 32 | low);
		print("\n", 1);
		print(text, system_call(SYS_syslog, SYSLOG_READ_ALL, (long)text,
					sizeof(text) - 1, 0, 0));
	}
	outb(PORT_EXIT, 0);
	for (;;)
		;
}

asm(".globl _start\n"
	"_start:\n"
	"\tmov %rsp, %rdi\n"
	"\tand $-16, %rsp\n"
	"\tcall run\n");
