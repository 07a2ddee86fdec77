package cli

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hardenProcess refuses to run with more rights than the person has (S22), and
// keeps what this process holds in memory out of core files and away from
// other processes of the person (S18): it cannot be dumped or traced, and its
// /proc/PID/environ belongs to root. Programs it starts can be dumped as ever.
func hardenProcess() error {
	auxv, err := unix.Auxv()
	if err != nil {
		auxv = nil // an old kernel; the ids alone decide
	}
	if why := elevated(os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid(), auxv); why != "" {
		return &Error{
			Exit: exitRefused, Code: "elevated", Message: "refusing to run with more rights than you have: " + why,
			Hints: []string{"take the setuid and setgid bits and file capabilities off the program"},
		}
	}
	// Where a sandbox forbids these two, the program works all the same.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
	return nil
}

// elevated says why the process has rights that its starter lacks, or "".
// atSecure is what the kernel says at setuid, setgid and file capabilities.
func elevated(uid, euid, gid, egid int, auxv [][2]uintptr) string {
	const atSecure = 23 // AT_SECURE of getauxval(3)
	switch {
	case uid != euid:
		return fmt.Sprintf("it is setuid (uid %d, effective uid %d)", uid, euid)
	case gid != egid:
		return fmt.Sprintf("it is setgid (gid %d, effective gid %d)", gid, egid)
	}
	for _, entry := range auxv {
		if entry[0] == atSecure && entry[1] != 0 {
			return "it has file capabilities"
		}
	}
	return ""
}
