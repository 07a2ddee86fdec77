//go:build linux

package cli

import "testing"

func TestElevated(t *testing.T) {
	secure := [][2]uintptr{{6, 4096}, {23, 1}}
	for name, tc := range map[string]struct {
		uid, euid, gid, egid int
		auxv                 [][2]uintptr
		want                 string
	}{
		"plain":        {1000, 1000, 1000, 1000, [][2]uintptr{{23, 0}}, ""},
		"setuid":       {1000, 0, 1000, 1000, nil, "it is setuid (uid 1000, effective uid 0)"},
		"setgid":       {1000, 1000, 1000, 5, nil, "it is setgid (gid 1000, effective gid 5)"},
		"capabilities": {1000, 1000, 1000, 1000, secure, "it has file capabilities"},
	} {
		if got := elevated(tc.uid, tc.euid, tc.gid, tc.egid, tc.auxv); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
