package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestArchitecture reads every Go file of the module, for every platform at
// once (build constraints are not applied).
func TestArchitecture(t *testing.T) {
	t.Parallel()
	root := os.DirFS("..")
	files := 0
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(root, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files++
		for _, breach := range checkSource(source{Path: name, Text: text}) {
			t.Error(breach)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 2 {
		t.Fatalf("read %d Go files: the walk does not see the module", files)
	}
}

// skipFolder leaves out what is not this module: hidden folders, testdata, and
// folders with a go.mod of their own.
func skipFolder(root fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// TestDependencies asks the go command what is really linked, on each platform
// that is released.
func TestDependencies(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			out := goList(t, goos, "-deps", "-test", "-json=ImportPath,Standard,Module", "./...")
			breaches, count := checkDependencies(t, out)
			for _, breach := range breaches {
				t.Error(breach)
			}
			if count < 10 {
				t.Fatalf("go list named %d packages: it does not see the module", count)
			}
		})
	}
}

func goList(t *testing.T, goos string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	return out
}

// TestProgramHasNoTemplates: html/template does not come in through a module
// either. (text/template does, with cobra, which names it in functions that the
// linker drops as long as nothing here calls them: SetHelpTemplate and its like.)
func TestProgramHasNoTemplates(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			linked := strings.Fields(string(goList(t, goos, "-deps", "./cmd/socialauth")))
			if !slices.Contains(linked, modulePath+"/internal/emulator") {
				t.Fatalf("go list named %d packages and not the emulator: it does not see the program", len(linked))
			}
			if slices.Contains(linked, htmlTemplate) {
				t.Errorf("%s is linked: %s", htmlTemplate, whyNoTemplates)
			}
		})
	}
}

func checkDependencies(t *testing.T, listing []byte) (breaches []string, count int) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(listing))
	for {
		var d dependency
		if err := decoder.Decode(&d); errors.Is(err, io.EOF) {
			return breaches, count
		} else if err != nil {
			t.Fatal(err)
		}
		count++
		if breach := checkDependency(d); breach != "" {
			breaches = append(breaches, breach)
		}
	}
}

// TestCheckerCanFail gives the checker files that break one rule each.
func TestCheckerCanFail(t *testing.T) {
	t.Parallel()
	long := func(lines int) string { return strings.Repeat("\t_ = 0\n", lines) }
	own := func(pkg string) string { return "package x\nimport _ \"" + modulePath + "/" + pkg + "\"\n" }
	third := func(pkg string) string { return "package x\nimport _ \"" + pkg + "\"\n" }
	tests := []struct {
		name, path, text, want string
	}{
		{"cli uses account", "internal/cli/a.go", own("internal/account"), ""},
		{"account uses vault", "internal/account/a.go", own("internal/vault"), ""},
		{"everybody uses secret", "internal/vault/a.go", own("internal/secret"), ""},
		{"vault uses provider", "internal/vault/a.go", own("internal/provider"), "must not import internal/provider"},
		{"jose uses oauth", "internal/jose/a.go", own("internal/oauth"), "must not import internal/oauth"},
		{"oauth uses vault", "internal/oauth/a.go", own("internal/vault"), "must not import internal/vault"},
		{"emulator uses account", "internal/emulator/a.go", own("internal/account"), "must not import internal/account"},
		{"account uses cli", "internal/account/a.go", own("internal/cli"), "must not import internal/cli"},
		{"main uses secret", "cmd/socialauth/main.go", own("internal/secret"), "must not import internal/secret"},
		{"secret uses jose", "internal/secret/a.go", own("internal/jose"), "must not import internal/jose"},
		{"a test looks up", "internal/oauth/a_test.go", own("internal/emulator"), ""},
		{"vaulttest in a test", "internal/account/a_test.go", own("internal/vault/vaulttest"), ""},
		{"vaulttest in the program", "internal/cli/a.go", own("internal/vault/vaulttest"), "is for tests only"},
		{"vaulttest uses vault", "internal/vault/vaulttest/a.go", own("internal/vault"), ""},
		{"vaulttest uses account", "internal/vault/vaulttest/a.go", own("internal/account"), "must not import internal/account"},
		{"vaulttest uses go-cmp", "internal/vault/vaulttest/a.go", third("github.com/google/go-cmp/cmp"), ""},
		{"vaulttest uses flock", "internal/vault/vaulttest/a.go", third("github.com/gofrs/flock"), ""},
		{"a package nobody listed", "internal/util/a.go", own("internal/jose"), "not in the import table"},

		{"cobra at home", "internal/cli/a.go", third("github.com/spf13/cobra"), ""},
		{"cobra abroad", "internal/account/a.go", third("github.com/spf13/cobra"), "is used in internal/cli only"},
		{"jwt at home", "internal/jose/a.go", third("github.com/golang-jwt/jwt/v5"), ""},
		{"jwt in a test abroad", "internal/oauth/a_test.go", third("github.com/golang-jwt/jwt/v5"), "is used in internal/jose only"},
		{"argon2 at home", "internal/vault/a.go", third("golang.org/x/crypto/argon2"), ""},
		{"go-cmp in a test", "internal/vault/a_test.go", third("github.com/google/go-cmp/cmp"), ""},
		{"go-cmp in the program", "internal/vault/a.go", third("github.com/google/go-cmp/cmp"), "is for tests only"},
		{"a module without a home", "internal/vault/a.go", third("example.com/new/thing"), "has no home"},
		{"jwt-go", "internal/jose/a.go", third("github.com/dgrijalva/jwt-go"), "is forbidden"},
		{"jwt v4", "internal/jose/a.go", third("github.com/golang-jwt/jwt/v4/request"), "is forbidden"},
		{"testify", "internal/jose/a_test.go", third("github.com/stretchr/testify/assert"), "is forbidden"},
		{"testing in the program", "internal/jose/a.go", third("testing"), "is for tests only"},
		{"log in the program", "internal/jose/a.go", third("log"), "writes to the process's stderr"},
		{"guessable numbers", "internal/oauth/a.go", third("math/rand/v2"), "is guessable"},
		{"jitter", "internal/account/a.go", third("math/rand/v2"), ""},
		{"pages from templates", "internal/emulator/a.go", third("html/template"), "html/template is forbidden: it looks methods up by name"},
		{"text from templates", "internal/cli/a.go", third("text/template"), "text/template is forbidden: it looks methods up by name"},
		{"templates in a test", "internal/cli/a_test.go", third("text/template"), ""},
		{"cgo", "internal/jose/a.go", third("C"), "cgo"},

		{"init", "internal/jose/a.go", "package x\nfunc init() {}\n", "init function"},
		{"a method called init", "internal/jose/a.go", "package x\ntype t int\nfunc (t) init() {}\n", ""},
		{"a function of 60 lines", "internal/jose/a.go", "package x\nfunc f() {\n" + long(58) + "}\n", ""},
		{"a function of 61 lines", "internal/jose/a.go", "package x\nfunc f() {\n" + long(59) + "}\n", "func f has 61 lines"},
		{"a long function with a reason", "internal/jose/a.go", "package x\n\n// f does.\n//\n// long: one row for each rule\nfunc f() {\n" + long(59) + "}\n", ""},
		{"a long function without a reason", "internal/jose/a.go", "package x\n\n// long: yes\nfunc f() {\n" + long(59) + "}\n", "func f has 61 lines"},
		{"an idle excuse", "internal/jose/a.go", "package x\n\n// long: one row for each rule\nfunc f() {}\n", "which is not long"},
		{"a long function in a test", "internal/jose/a_test.go", "package x\nfunc f() {\n" + long(59) + "}\n", ""},
		{"a file of 401 lines", "internal/jose/a.go", "package x\n" + strings.Repeat("\n", 400), "file has 401 lines"},
		{"a long file with a reason", "internal/jose/a.go", "// long: one row for each rule\n\npackage x\n" + strings.Repeat("\n", 400), ""},
		{"a generated long file", "internal/jose/a.go", "// Code generated by hand. DO NOT EDIT.\n\npackage x\n" + strings.Repeat("\n", 400), ""},
		{"a main of 41 lines", mainFile, "package main\n" + strings.Repeat("\n", 40), "file has 41 lines, limit 40"},
		{"not Go at all", "internal/jose/a.go", "hello\n", "expected 'package'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := checkSource(source{Path: test.path, Text: []byte(test.text)})
			if test.want == "" {
				if diff := cmp.Diff([]string(nil), got); diff != "" {
					t.Fatal(diff)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0], test.want) {
				t.Fatalf("got %q, want one breach with %q", got, test.want)
			}
		})
	}
}

// TestDependencyCheckerCanFail does the same for what is linked indirectly.
func TestDependencyCheckerCanFail(t *testing.T) {
	t.Parallel()
	listing := `{"ImportPath":"fmt","Standard":true}
{"ImportPath":"` + modulePath + `/internal/jose","Module":{"Path":"` + modulePath + `","Main":true}}
{"ImportPath":"github.com/golang-jwt/jwt/v5","Module":{"Path":"github.com/golang-jwt/jwt/v5"}}
{"ImportPath":"github.com/golang-jwt/jwt/request","Module":{"Path":"github.com/golang-jwt/jwt"}}
{"ImportPath":"github.com/99designs/keyring","Module":{"Path":"github.com/99designs/keyring"}}
{"ImportPath":"example.com/a","Module":{"Path":"example.com/a","Replace":{"Path":"../a"}}}
`
	got, count := checkDependencies(t, []byte(listing))
	want := []string{
		"package github.com/golang-jwt/jwt/request is linked: " + forbidden()["github.com/golang-jwt/jwt"],
		"package github.com/99designs/keyring is linked: " + forbidden()["github.com/99designs/keyring"],
		"module example.com/a is replaced by ../a: the build must be what go.mod and go.sum say",
	}
	if diff := cmp.Diff(want, got); diff != "" || count != 6 {
		t.Fatalf("%d packages, (-want +got):\n%s", count, diff)
	}
}

// TestInteropIsItsOwnModule: the interop tests are a module of their own, so that
// what they need stays out of the program's go.mod.
func TestInteropIsItsOwnModule(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("interop", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(text, []byte("module "+modulePath+"/internal/interop\n")) {
		t.Fatalf("interop/go.mod starts with %.80q", text)
	}
}
