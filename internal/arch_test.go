// Package internal_test holds the rules about the shape of this repository that
// the compiler cannot check: who may import whom, where each third-party module
// lives, which modules may never come in, and how long a file or a function may
// get. A rule that is broken is a failing test, so `go test ./...` alone finds it.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	modulePath   = "github.com/socialauth/socialauth"
	maxFileLines = 400
	maxFuncLines = 60
	maxMainLines = 40
	mainFile     = "cmd/socialauth/main.go"
)

// mayImport is the direction of imports: from each package of this module to
// the packages below it that its code (not its tests) may use. Package secret
// may be used by all and is not repeated. A package that is not listed here is
// a breach: a new one is an edit of this table, and so a decision.
func mayImport() map[string][]string {
	return map[string][]string{
		"cmd/socialauth": {"internal/cli"},
		"internal/cli": {
			"internal/account", "internal/gateway", "internal/emulator", "internal/credhelper",
			"internal/oauth", "internal/vault", "internal/jose", "internal/provider",
			"internal/config", "internal/httpx", "internal/term", "internal/browser", "internal/tomlfile",
		},
		"internal/account":         {"internal/oauth", "internal/vault", "internal/jose", "internal/provider", "internal/httpx"},
		"internal/gateway":         {"internal/oauth", "internal/vault", "internal/jose", "internal/provider", "internal/httpx"},
		"internal/credhelper":      {"internal/oauth", "internal/vault", "internal/jose", "internal/provider"},
		"internal/emulator":        {"internal/jose", "internal/provider"},
		"internal/oauth":           {"internal/jose", "internal/provider", "internal/httpx"},
		"internal/vault/vaulttest": {"internal/vault"},
		"internal/vault":           nil,
		"internal/jose":            nil,
		"internal/provider":        {"internal/tomlfile"},
		"internal/config":          {"internal/tomlfile"},
		"internal/tomlfile":        nil,
		"internal/httpx":           nil,
		"internal/term":            nil,
		"internal/browser":         nil,
		"internal/secret":          nil,
		"internal/plain":           nil,
		"internal":                 nil,
		"scripts/sbom":             nil,
	}
}

// homes says in which packages a third-party module may be imported, by import
// path prefix. Everything else about that module reaches the rest of the
// program through the home's own types.
func homes() map[string][]string {
	return map[string][]string{
		"github.com/spf13/cobra":               {"internal/cli"},
		"github.com/spf13/pflag":               {"internal/cli"},
		"golang.org/x/oauth2":                  {"internal/oauth"},
		"github.com/golang-jwt/jwt/v5":         {"internal/jose"},
		"github.com/go-jose/go-jose/v4":        {"internal/jose"},
		"github.com/zalando/go-keyring":        {"internal/vault"},
		"github.com/gofrs/flock":               {"internal/vault"},
		"github.com/godbus/dbus/v5":            {"internal/vault"},
		"golang.org/x/crypto":                  {"internal/vault"},
		"github.com/pkg/browser":               {"internal/browser"},
		"github.com/clipperhouse/displaywidth": {"internal/term"},
		"charm.land/huh/v2":                    {"internal/term"},
		"github.com/charmbracelet":             {"internal/term"},
		"golang.org/x/term":                    {"internal/term"},
		"github.com/BurntSushi/toml":           {"internal/tomlfile"},
		"github.com/adrg/xdg":                  {"internal/config"},
		"golang.org/x/sys":                     {"internal/cli", "internal/term", "internal/vault"},
		"github.com/rogpeppe/go-internal":      {testsOnly},
		"github.com/google/go-cmp":             {testsOnly},
		"github.com/chromedp/chromedp":         {testsOnly},
		"github.com/chromedp/cdproto":          {testsOnly},
	}
}

// testsOnly as a home means: any _test.go file, and nothing that is built into
// the program.
const testsOnly = "tests only"

// forbidden modules may not even be linked through another module. The value
// says why, and what to use.
func forbidden() map[string]string {
	return map[string]string{
		"github.com/99designs/keyring":          "no release since 2022; use zalando/go-keyring in internal/vault",
		"github.com/dgrijalva/jwt-go":           "abandoned, with known holes; use golang-jwt/jwt/v5 in internal/jose",
		"github.com/golang-jwt/jwt":             "old major version; use golang-jwt/jwt/v5 in internal/jose",
		"github.com/golang-jwt/jwt/v4":          "old major version; use golang-jwt/jwt/v5 in internal/jose",
		"github.com/square/go-jose":             "moved; use go-jose/go-jose/v4 in internal/jose",
		"gopkg.in/square/go-jose.v2":            "moved; use go-jose/go-jose/v4 in internal/jose",
		"github.com/go-jose/go-jose/v3":         "old major version; use go-jose/go-jose/v4 in internal/jose",
		"github.com/spf13/viper":                "global state and 13 modules; settings are one strictly decoded struct in internal/config",
		"github.com/stretchr/testify":           "tests use the testing package and go-cmp",
		"github.com/google/wire":                "dependencies are fields of one struct",
		"go.uber.org/fx":                        "dependencies are fields of one struct",
		"github.com/MicahParks/keyfunc":         "the key set is our own, in internal/jose",
		"github.com/MicahParks/keyfunc/v3":      "the key set is our own, in internal/jose",
		"github.com/mitchellh/go-homedir":       "use internal/config",
		"github.com/pkg/errors":                 "use errors and fmt.Errorf",
		"github.com/hashicorp/go-retryablehttp": "a token request is never repeated blindly",
	}
}

// The template packages are the standard library's, and still not for the program.
const (
	htmlTemplate   = "html/template"
	whyNoTemplates = "it looks methods up by name, so the linker must keep every exported method of the whole program (2 MB and more); " +
		"pages are written with internal/emulator/html.go, other text with fmt"
)

// source is one Go file: where it is (slash-separated, from the module root)
// and what it says.
type source struct {
	Path string
	Text []byte
}

func (s source) pkg() string { return path.Dir(s.Path) }

// isTest: it is compiled into tests only. A package whose name ends in "test"
// is test code that several packages' tests use; nothing else may import it.
func (s source) isTest() bool { return s.isTestFile() || strings.HasSuffix(s.pkg(), "test") }

func (s source) isTestFile() bool { return strings.HasSuffix(s.Path, "_test.go") }

// livesIn: the package, or a package inside it.
func (s source) livesIn(home string) bool {
	return s.pkg() == home || strings.HasPrefix(s.pkg(), home+"/")
}

// checkSource returns one line for each rule that one file breaks.
func checkSource(s source) []string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, s.Path, s.Text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var breaches []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{err.Error()}
		}
		if why := checkImport(s, imported); why != "" {
			breaches = append(breaches, fmt.Sprintf("%s: %s", fset.Position(spec.Pos()), why))
		}
	}
	if !s.isTest() && !ast.IsGenerated(file) {
		breaches = append(breaches, checkLengths(fset, file, s)...)
	}
	return breaches
}

// checkImport says what is wrong with one import, or nothing.
func checkImport(s source, imported string) string {
	if imported == "C" {
		return "cgo: the program is built with CGO_ENABLED=0"
	}
	if below, ok := strings.CutPrefix(imported, modulePath+"/"); ok {
		return checkOwnImport(s, below)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return checkStandardImport(s, imported)
	}
	if why, bad := matchModule(forbidden(), imported); bad {
		return imported + " is forbidden: " + why
	}
	at, known := matchModule(homes(), imported)
	switch {
	case !known:
		return imported + " has no home: a third-party module is used in one package, named in arch_test.go"
	case slices.Contains(at, testsOnly):
		if !s.isTest() {
			return imported + " is for tests only"
		}
	case !slices.ContainsFunc(at, s.livesIn):
		return fmt.Sprintf("%s is used in %s only, not in %s", imported, strings.Join(at, " and "), s.pkg())
	}
	return ""
}

// checkOwnImport holds the direction table against an import of this module.
// Tests may look sideways and up (the compiler forbids cycles); the program may not.
func checkOwnImport(s source, below string) string {
	if s.isTestFile() {
		return ""
	}
	allowed, known := mayImport()[s.pkg()]
	switch {
	case !known:
		return s.pkg() + " is not in the import table of arch_test.go"
	case strings.HasSuffix(below, "test") && path.Base(below) != "test":
		return below + " is for tests only"
	case (below == "internal/secret" || below == "internal/plain") && s.pkg() != "internal" && s.pkg() != "cmd/socialauth":
		return ""
	case !slices.Contains(allowed, below):
		return fmt.Sprintf("%s must not import %s (imports point down: see the table in arch_test.go)", s.pkg(), below)
	}
	return ""
}

// checkStandardImport keeps test machinery, and what reads the world behind the
// program's back, out of the program.
func checkStandardImport(s source, imported string) string {
	if s.isTest() {
		return ""
	}
	switch {
	case imported == "testing" || strings.HasPrefix(imported, "testing/") || imported == "net/http/httptest":
		return imported + " is for tests only"
	case imported == "log":
		return "log writes to the process's stderr; say it with an error or the App's streams"
	case imported == "math/rand" || imported == "math/rand/v2" && s.pkg() != "internal/account": // whose renewals have jitter (R18)
		return imported + " is guessable; use crypto/rand"
	case imported == "net/http/pprof" || imported == "expvar":
		return imported + " publishes process state on the default mux"
	case imported == htmlTemplate || imported == "text/template":
		return imported + " is forbidden: " + whyNoTemplates
	}
	return ""
}

// matchModule finds the entry whose key is imported or a parent of it.
func matchModule[V any](table map[string]V, imported string) (V, bool) {
	for prefix := imported; prefix != "."; prefix = path.Dir(prefix) {
		if v, ok := table[prefix]; ok && !isOtherMajor(imported, prefix) {
			return v, true
		}
	}
	var none V
	return none, false
}

// isOtherMajor: module/v5 is not a package of module, but another module.
func isOtherMajor(imported, prefix string) bool {
	rest, _ := strings.CutPrefix(imported, prefix+"/")
	first, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(strings.TrimPrefix(first, "v"))
	return err == nil && n > 1 && strings.HasPrefix(first, "v")
}

// checkLengths holds the size limits. A comment line "// long: REASON" above a
// function (in its doc comment) or above the package clause is an exception
// for that function or file; one that nothing needs any more is a breach.
func checkLengths(fset *token.FileSet, file *ast.File, s source) []string {
	var breaches []string
	report := func(at token.Pos, format string, args ...any) {
		breaches = append(breaches, fmt.Sprintf("%s: %s", fset.Position(at), fmt.Sprintf(format, args...)))
	}
	limit := maxFileLines
	if s.Path == mainFile {
		limit = maxMainLines
	}
	lines := bytes.Count(s.Text, []byte("\n"))
	switch excuse := fileExcuse(file); {
	case lines > limit && !excuse:
		report(file.Package, "file has %d lines, limit %d (split it, or say why with // long: REASON above the package clause)", lines, limit)
	case lines <= limit && excuse:
		report(file.Package, "a // long: comment on a file that is not long")
	}
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if fn.Name.Name == "init" && fn.Recv == nil {
			report(fn.Pos(), "init function: nothing runs before main")
		}
		lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
		switch excuse := hasExcuse(fn.Doc); {
		case lines > maxFuncLines && !excuse:
			report(fn.Pos(), "func %s has %d lines, limit %d (split it, or say why with // long: REASON above it)", fn.Name.Name, lines, maxFuncLines)
		case lines <= maxFuncLines && excuse:
			report(fn.Pos(), "a // long: comment on func %s, which is not long", fn.Name.Name)
		}
	}
	return breaches
}

func fileExcuse(file *ast.File) bool {
	for _, group := range file.Comments {
		if group.Pos() < file.Package && hasExcuse(group) {
			return true
		}
	}
	return false
}

func hasExcuse(group *ast.CommentGroup) bool {
	if group == nil {
		return false
	}
	for _, comment := range group.List {
		reason, ok := strings.CutPrefix(comment.Text, "// long:")
		if ok && len(strings.Fields(reason)) >= 3 {
			return true
		}
	}
	return false
}

// dependency is what `go list -deps -json` says of one linked package.
type dependency struct {
	ImportPath string
	Standard   bool
	Module     *struct {
		Path    string
		Main    bool
		Replace *struct{ Path string }
	}
}

// checkDependency looks at what is linked, however indirectly.
func checkDependency(d dependency) string {
	if d.Standard || d.Module == nil || d.Module.Main {
		return ""
	}
	if d.Module.Replace != nil {
		return fmt.Sprintf("module %s is replaced by %s: the build must be what go.mod and go.sum say", d.Module.Path, d.Module.Replace.Path)
	}
	if why, bad := matchModule(forbidden(), d.ImportPath); bad {
		return fmt.Sprintf("package %s is linked: %s", d.ImportPath, why)
	}
	return ""
}

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
