package main

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDescribe: every linked module is listed, a replaced one as what is really
// linked, and the checksum is the one of go.sum.
func TestDescribe(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		GoVersion: "go1.26.6",
		Main:      debug.Module{Path: "example.test/program", Version: "v1.2.3"},
		Deps: []*debug.Module{
			{Path: "example.test/plain", Version: "v0.1.0", Sum: "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
			{Path: "example.test/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.test/new", Version: "v2.0.0"}},
		},
	}
	got := describe(info, sha256.Sum256([]byte("binary")))
	sum := hash{"SHA-256", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
	want := []component{
		{Type: "library", Ref: "std", Name: "std", Version: "1.26.6", PURL: "pkg:golang/std@1.26.6"},
		{
			Type: "library", Ref: "pkg:golang/example.test/plain@v0.1.0", Name: "example.test/plain", Version: "v0.1.0",
			PURL: "pkg:golang/example.test/plain@v0.1.0", Hashes: []hash{sum},
		},
		{
			Type: "library", Ref: "pkg:golang/example.test/new@v2.0.0", Name: "example.test/new", Version: "v2.0.0",
			PURL: "pkg:golang/example.test/new@v2.0.0",
		},
	}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Error(diff)
	}
	refs := []string{"std", "pkg:golang/example.test/plain@v0.1.0", "pkg:golang/example.test/new@v2.0.0"}
	if diff := cmp.Diff([]dependency{{"pkg:golang/example.test/program@v1.2.3", refs}}, got.Dependencies); diff != "" {
		t.Error(diff)
	}
	if hashes := got.Metadata.Component.Hashes; len(hashes) != 1 || len(hashes[0].Content) != 64 {
		t.Errorf("the program's own hash is %v", hashes)
	}
}

// TestRun reads a real binary: this one.
func TestRun(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sbom.json")
	if err := run([]string{self, file, "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got document
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "CycloneDX" || len(got.Components) == 0 || got.Components[0].Name != "std" || got.Metadata.Component.Version != "v1.2.3" {
		t.Errorf("got %+v", got)
	}
}

func TestRefusesWhatIsNotABinary(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"main.go"}, {"main.go", filepath.Join(t.TempDir(), "x"), "v1"}, {"nowhere", "x", "v1"}} {
		if err := run(args); err == nil {
			t.Errorf("run(%q) did not fail", args)
		}
	}
}
