// Package internal_test holds the rules about the shape of this repository that
// the compiler cannot check: who may import whom, where each third-party module
// lives, which modules may never come in, and how long a file or a function may
// get. A rule that is broken is a failing test, so `go test ./...` alone finds it.
package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
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
	if !ast.IsGenerated(file) {
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
		if !ok || s.isTest() { // a table of cases may be as long as it needs to be
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
