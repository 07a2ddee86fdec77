//go:build unix

package cli_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a second user, by whom the real program is run where the test is root:
// root may do everything, so that refusals of the system prove nothing.
const nobody = 65534

// unsafeHome is a home with one account, of the user that will run the program.
func unsafeHome(t *testing.T, program string, uid int) *lab {
	t.Helper()
	base, err := os.MkdirTemp("", "unsafe") //nolint:usetesting // the second user has to get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	l := newLab(t, labOptions{program: program, dir: filepath.Join(base, "home")})
	l.setenv("BROWSER_LOG", filepath.Join(base, "browser.log"))
	l.signIn("google").want(t, 0)
	l.sawBrowser()
	if uid == os.Geteuid() {
		return l
	}
	if err := os.Chmod(base, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	err = filepath.WalkDir(l.dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, uid, uid))
	})
	if err != nil {
		t.Fatal(err)
	}
	l.uid = uid
	return l
}

// S07: what others can read or could have put there is refused, with the path
// and the command that mends it; nothing is changed, read or written through it.
func TestUnsafeFiles(t *testing.T) {
	shared, err := os.MkdirTemp("", "program") //nolint:usetesting // the second user has to get in
	if err == nil {
		err = os.Chmod(shared, 0o755) //nolint:gosec // a program
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(shared) })
	program := filepath.Join(shared, "socialauth")
	if err := os.Rename(realProgram(t), program); err != nil {
		t.Fatal(err)
	}
	users := map[string]int{"the owner": os.Geteuid()}
	if os.Geteuid() == 0 {
		users = map[string]int{"root": 0, "an ordinary user": nobody}
	}
	for user, uid := range users {
		t.Run(user, func(t *testing.T) {
			l := unsafeHome(t, program, uid)
			for name, tr := range traps(uid) {
				for _, pattern := range []string{"data/account/*.rec", "data/vault.json", "data/vault-*.key"} {
					t.Run(name+" "+filepath.Ext(pattern), func(t *testing.T) { l.trap(t, filepath.Join(l.dir, pattern), tr) })
				}
			}
			t.Run("a directory that others write to", func(t *testing.T) {
				for _, dir := range []string{"data/account", "data"} {
					path := filepath.Join(l.dir, dir)
					if err := os.Chmod(path, 0o777); err != nil { //nolint:gosec // on purpose
						t.Fatal(err)
					}
					l.run("token", "print", "google").want(t, 4, path, "hint: chmod 700 '"+path+"'")
					if err := os.Chmod(path, 0o700); err != nil { //nolint:gosec // as it was
						t.Fatal(err)
					}
				}
				l.run("token", "print", "google").want(t, 0)
			})
		})
	}
}

// trap is what stands in the place of a file, and what the program says to it.
type trap struct {
	set  func(path, aside string) error // aside is the file, moved away
	says string
	fix  string
}

func traps(uid int) map[string]trap {
	all := map[string]trap{
		"0644": {func(path, aside string) error {
			return errors.Join(os.Rename(aside, path), os.Chmod(path, 0o644)) //nolint:gosec // on purpose
		}, "is open to other users (mode 0644)", "hint: chmod 600 "},
		"0660": {func(path, aside string) error {
			return errors.Join(os.Rename(aside, path), os.Chmod(path, 0o660)) //nolint:gosec // on purpose
		}, "is open to other users (mode 0660)", "hint: chmod 600 "},
		"symlink":   {func(path, aside string) error { return os.Symlink(aside, path) }, "is a symbolic link", "hint: mv "},
		"hard link": {func(path, aside string) error { return os.Link(aside, path) }, "has a second name (a hard link)", "hint: cp -p "},
		"FIFO":      {func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, "is a named pipe", "hint: mv "},
		"directory": {func(path, _ string) error { return os.Mkdir(path, 0o700) }, "is a directory", "hint: mv "},
	}
	if os.Geteuid() == 0 {
		other := nobody - uid // the one of the two that the user is not
		all["foreign owner"] = trap{func(path, aside string) error {
			return errors.Join(os.Rename(aside, path), os.Chown(path, other, other))
		}, "belongs to user ", "hint: sudo chown "}
	}
	return all
}

func (l *lab) trap(t *testing.T, pattern string, tr trap) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	path, aside := found[0], filepath.Join(l.dir, "aside")
	original, err := os.ReadFile(path)
	if err == nil {
		err = errors.Join(os.Rename(path, aside), tr.set(path, aside))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { // as it was, for the next trap
		err := errors.Join(os.RemoveAll(path), os.RemoveAll(aside), os.WriteFile(path, original, 0o600), os.Chown(path, owner(l.uid), -1))
		if err != nil {
			t.Fatal(err)
		}
		l.run("token", "print", "google").want(t, 0)
	}()
	before := scenery(t, l.dir)
	said := path + ": it " + tr.says
	commands := [][]string{{"token", "print", "google"}, {"token", "refresh", "google"}}
	if l.uid == 0 {
		commands = append(commands, []string{"login", "google"})
	}
	for _, args := range commands {
		l.run(args...).want(t, 4, said, tr.fix)
	}
	l.noBrowser()
	if n := l.refreshes(); n != 0 {
		t.Errorf("%d refreshes", n)
	}
	if after := scenery(t, l.dir); after != before {
		t.Errorf("something has changed:\n%s\nwas:\n%s", after, before)
	}
	for _, name := range []string{aside, path} {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if data, err := os.ReadFile(name); err != nil || string(data) != string(original) {
			t.Errorf("%s is not what it was (%v)", name, err)
		}
	}
}

// owner is the id of the user who runs the program.
func owner(uid int) int {
	if uid != 0 {
		return uid
	}
	return os.Geteuid()
}

// scenery is every name below dir with its type, mode and size, but for the locks.
func scenery(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".lock") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size := info.Size()
		if d.IsDir() {
			size = 0
		}
		b.WriteString(info.Mode().String() + " " + path + " " + strings.Repeat("+", int(size%97)) + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// S07: whatever the umask is, what is made is for its owner alone.
func TestUmask(t *testing.T) {
	program := realProgram(t)
	for _, umask := range []string{"000", "022", "077", "0177"} {
		t.Run(umask, func(t *testing.T) {
			l := newLab(t, labOptions{program: program, dir: filepath.Join(t.TempDir(), "a", "b", "home")})
			l.program = "sh"
			sh := func(args ...string) outcome {
				return l.run(append([]string{"-c", "umask " + umask + `; exec "$0" "$@"`, program}, args...)...)
			}
			sh("login", "google").want(t, 0)
			sh("token", "mint", "google").want(t, 0)
			sh("token", "refresh", "google").want(t, 0)
			sh("switch", "google").want(t, 0)
			n := 0
			err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				n++
				if perm := info.Mode().Perm(); perm&0o077 != 0 {
					t.Errorf("%s has mode %04o", path, perm)
				}
				return nil
			})
			if err != nil || n < 8 {
				t.Errorf("%d files, %v", n, err)
			}
		})
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Error(err)
	}
}
