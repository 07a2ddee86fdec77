/* Go programs ask bcryptprimitives.dll for ProcessPrng before anything else, and
   Wine 8 has no such DLL. This one passes the question on to RtlGenRandom, which
   advapi32.dll exports as SystemFunction036. It serves tests under Wine alone and
   is in no release. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size) {
	while (size > 0) {
		ULONG part = size < 0x10000 ? (ULONG)size : 0x10000;
		if (!SystemFunction036(data, part))
			return FALSE;
		data += part;
		size -= part;
	}
	return TRUE;
}
