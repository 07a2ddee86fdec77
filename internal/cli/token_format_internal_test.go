package cli

import "testing"

func TestShellOfExport(t *testing.T) {
	for _, tc := range []struct{ flag, login, goos, want string }{
		{"", "/bin/bash", "linux", "sh"},
		{"", "/usr/bin/fish", "linux", "fish"},
		{"", "", "linux", "sh"},
		{"", "", "windows", "powershell"},
		{"", "/usr/bin/bash", "windows", "sh"}, // Git Bash
		{"cmd", "", "windows", "cmd"},
		{"powershell", "/bin/bash", "linux", "powershell"},
	} {
		f, err := newTokenFormat("export", tc.flag, tc.login, tc.goos)
		if err != nil || f.shell != tc.want {
			t.Errorf("%+v: %q, %v", tc, f.shell, err)
		}
	}
}
