/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest's ACPI interpreter is told about the machine: the serial port, and
 * the PCI host bridge with its buses, windows and interrupt lines.
 *
 * The windows are known only when the guest starts. The launcher writes them to a
 * page of reserved memory (struct acpi_info in acpi.c), whence _CRS copies them into
 * its resources; so this table is the same for every guest.
 *
 * The C preprocessor expands what follows, since iasl has no macros. A device's four pins lead
 * to lines a to d, the next one's to b to a.
 */
#define PIN(device, pin, line) \
	Package () { device << 16 | 0xFFFF, pin, 0, line }
#define PCI_DEVICE(device, a, b, c, d) \
	PIN(device, 0, a), PIN(device, 1, b), PIN(device, 2, c), PIN(device, 3, d)
#define FOUR_DEVICES(device, a, b, c, d) \
	PCI_DEVICE(device, a, b, c, d), PCI_DEVICE(device + 1, b, c, d, a), \
	PCI_DEVICE(device + 2, c, d, a, b), PCI_DEVICE(device + 3, d, a, b, c)
#define DEVICES(a, b, c, d) \
	FOUR_DEVICES(0, a, b, c, d), FOUR_DEVICES(4, a, b, c, d), \
	FOUR_DEVICES(8, a, b, c, d), FOUR_DEVICES(12, a, b, c, d), \
	FOUR_DEVICES(16, a, b, c, d), FOUR_DEVICES(20, a, b, c, d), \
	FOUR_DEVICES(24, a, b, c, d), FOUR_DEVICES(28, a, b, c, d)

DefinitionBlock ("", "DSDT", 2, "KVPCI", "KVPCIRUN", 1)
{
	OperationRegion (INFO, SystemMemory, 0x000FF000, 64)
	Field (INFO, DWordAcc, NoLock, Preserve)
	{
		ECMB, 32,	/* ECAM: base, last byte, length */
		ECME, 32,
		ECML, 32,
		BUSE, 32,	/* last bus number */
		IOPB, 32,	/* ports: first, last, how many */
		IOPE, 32,
		IOPL, 32,
		M32B, 32,	/* 32-bit BARs: base, last byte, length */
		M32E, 32,
		M32L, 32,
		M64B, 64,	/* 64-bit BARs: the same */
		M64E, 64,
		M64L, 64
	}

	/* Which interrupt controllers the guest uses: 0 the PICs, 1 the I/O APIC. */
	Name (PICM, 0)
	Method (_PIC, 1)
	{
		PICM = Arg0
	}

	/* Soft off; the value is written to the PM1a control register. */
	Name (\_S5, Package () { 5, 0, 0, 0 })

	Scope (\_SB)
	{
		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 0)
			Name (_STA, 0x0F)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		/* Linux uses ECAM only if it finds it reserved. */
		Device (ECAM)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 0)
			Name (BUFF, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, 0, 0, MEMR)
			})
			Method (_CRS, 0, Serialized)
			{
				CreateDWordField (BUFF, ^MEMR._BAS, BASE)
				CreateDWordField (BUFF, ^MEMR._LEN, LENG)
				BASE = ECMB
				LENG = ECML
				Return (BUFF)
			}
		}

		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)
			/* Every device here is coherent. */
			Name (_CCA, 1)

			Name (BUFF, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed,
					PosDecode, 0, 0, 0, 0, 1,,, BUSR)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				DWordIO (ResourceProducer, MinFixed, MaxFixed,
					PosDecode, EntireRange,
					0, 0, 0, 0, 1,,, IOPR)
				DWordMemory (ResourceProducer, PosDecode, MinFixed,
					MaxFixed, NonCacheable, ReadWrite,
					0, 0, 0, 0, 1,,, M32R)
				QWordMemory (ResourceProducer, PosDecode, MinFixed,
					MaxFixed, NonCacheable, ReadWrite,
					0, 0, 0, 0, 1,,, M64R)
			})
			Method (_CRS, 0, Serialized)
			{
				CreateWordField (BUFF, ^BUSR._MAX, BMAX)
				CreateWordField (BUFF, ^BUSR._LEN, BLEN)
				BMAX = BUSE
				BLEN = BUSE + 1
				CreateDWordField (BUFF, ^IOPR._MIN, PMIN)
				CreateDWordField (BUFF, ^IOPR._MAX, PMAX)
				CreateDWordField (BUFF, ^IOPR._LEN, PLEN)
				PMIN = IOPB
				PMAX = IOPE
				PLEN = IOPL
				CreateDWordField (BUFF, ^M32R._MIN, LMIN)
				CreateDWordField (BUFF, ^M32R._MAX, LMAX)
				CreateDWordField (BUFF, ^M32R._LEN, LLEN)
				LMIN = M32B
				LMAX = M32E
				LLEN = M32L
				CreateQWordField (BUFF, ^M64R._MIN, HMIN)
				CreateQWordField (BUFF, ^M64R._MAX, HMAX)
				CreateQWordField (BUFF, ^M64R._LEN, HLEN)
				HMIN = M64B
				HMAX = M64E
				HLEN = M64L
				Return (BUFF)
			}

			/*
			 * INTx pins: pin P (0 to 3) of device D leads to line (D + P) % 4,
			 * level-triggered, for all functions alike. The lines are inputs 16 to
			 * 19 of the I/O APIC, and four interrupts of the PICs (gsi.c). Linux asks
			 * whenever a driver comes or goes, so that this is not computed.
			 */
			Name (APIC, Package () { DEVICES (16, 17, 18, 19) })
			Name (PICS, Package () { DEVICES (5, 10, 11, 12) })
			Method (_PRT)
			{
				If (PICM)
				{
					Return (APIC)
				}
				Return (PICS)
			}

			/*
			 * The firmware keeps none of PCI Express's features for itself, so
			 * the guest gets control of whatever it asks for.
			 */
			Method (_OSC, 4, Serialized)
			{
				CreateDWordField (Arg3, 0, STAT)
				If (Arg0 != ToUUID ("33db4d5b-1ff7-401c-9657-7441c03dd766"))
				{
					STAT |= 0x04		/* unknown UUID */
				}
				ElseIf (Arg1 != 1)
				{
					STAT |= 0x08		/* unknown revision */
				}
				Return (Arg3)
			}
		}
	}
}
