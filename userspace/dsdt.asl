/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest's ACPI interpreter is told about the machine: the serial port, and
 * the PCI host bridge with its buses, windows and interrupt lines.
 *
 * The windows are known only when the guest starts. The launcher writes them to a
 * page of reserved memory (struct acpi_info in acpi.c), whence _CRS copies them into
 * its resources; so this table is the same for every guest.
 */
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
			 * 19 of the I/O APIC, and four interrupts of the PICs (gsi.c).
			 */
			Name (LINE, Package () { 5, 10, 11, 12 })
			Method (_PRT, 0, Serialized)
			{
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128)
				{
					Local2 = (Local1 >> 2) + (Local1 & 3)
					Local2 &= 3
					If (PICM)
					{
						Local3 = 16 + Local2
					}
					Else
					{
						Local3 = DerefOf (LINE [Local2])
					}
					Local4 = Package (4) { 0, 0, 0, 0 }
					Local4 [0] = ((Local1 >> 2) << 16) | 0xFFFF
					Local4 [1] = Local1 & 3
					Local4 [3] = Local3
					Local0 [Local1] = Local4
					Local1++
				}
				Return (Local0)
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
