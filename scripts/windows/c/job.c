/* job runs a command in a job object and waits for it, as terminals, sshd and build
   runners do on Windows. When job itself is ended the last handle of the job closes,
   and Windows ends every process that is in it.

       job may-leave|must-stay PROGRAM ARGUMENT...  */
#include <wchar.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
	STARTUPINFOW start = {.cb = sizeof start};
	PROCESS_INFORMATION child;
	DWORD status = 1;
	wchar_t line[4096] = L"";
	HANDLE job = CreateJobObjectW(NULL, NULL);

	if (argc < 3)
		return 2;
	limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	if (wcscmp(argv[1], L"may-leave") == 0)
		limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_BREAKAWAY_OK;
	for (int i = 2; i < argc; i++) { /* none of the test's words needs quotes */
		if (wcslen(line) + wcslen(argv[i]) + 2 > sizeof line / sizeof *line)
			return 2;
		wcscat(wcscat(line, argv[i]), L" ");
	}
	if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ||
	    !CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, &child) ||
	    !AssignProcessToJobObject(job, child.hProcess) || ResumeThread(child.hThread) == (DWORD)-1)
		return 125;
	WaitForSingleObject(child.hProcess, INFINITE);
	GetExitCodeProcess(child.hProcess, &status);
	return (int)status;
}
